"""Folders with compose files, made at random over the keys that Compose knows: good ones, and ones it refuses."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import strategies as st

Files = dict[str, str]

# Values as a file writes them, flow style; the last ones of some keys are wrong on purpose.
VALUES: Mapping[str, tuple[str, ...]] = {
    "blkio_config": ("{weight: 300}", "{weight_device: [{path: /dev/sda, weight: 400}]}"),
    "cap_add": ("[ALL]", "[A, B]", "A"),
    "command": ("a b 'c d'", "[a, $$b]", "~", "[]", "run ${TAG} ${NONE:-x}", "echo 'open", "{a: b}"),
    "cpus": ("0.5", "'1.5'", "x"),
    "cpu_shares": ("73", "'73'", "x"),
    "depends_on": (
        "[c]",
        "{c: {condition: service_healthy, restart: true}}",
        "{p: {condition: service_started, required: false}}",
        "[p]",
        "[zz]",
        "[c, c]",
    ),
    "deploy": (
        "{replicas: 2, labels: [a=b]}",
        "{resources: {limits: {cpus: '0.5', memory: 50M}}}",
        "~",
        "{resources: {limits: {memory: 1}}}",
    ),
    "devices": ("['/dev/a:/dev/b']", "['/dev/a:/dev/b:rwm', /dev/c]", "x"),
    "dns": ("8.8.8.8", "[8.8.8.8, 9.9.9.9]", "~"),
    "entrypoint": ("sh -c", "[a]", '"a \'b"'),
    "env_file": ("a.env", "[a.env, b.env]", "[{path: b.env, required: true}]", "[]", "''"),
    "environment": (
        "{A: 1, B: 1.10, C: '${TAG}'}",
        "[A=2, D=x=y, 'E=']",
        "{T: 2020-01-01T00:00:00Z, U: 0644, V: 1e3, W: yes}",
        "{'a.b': c}",
        "{A: .inf}",
    ),
    "expose": ("['3000', 8000]", "[1.5]"),
    "extra_hosts": ("['a:1.2.3.4']", "{b: 1.2.3.4}", "[a]"),
    "healthcheck": (
        "{test: [CMD, a], interval: 1m30s, retries: 3}",
        "{test: a b, timeout: 10s}",
        "{disable: true}",
        "{interval: 1d}",
        "{foo: 1}",
    ),
    "labels": ("{a: b, c.d: 1, e: true}", "[a=x, f]"),
    "links": ("[c]", "['c:x']", "[zz]"),
    "logging": ("{driver: syslog, options: {a: b, c: 1}}", "{driver: json-file}", "{options: {z: y}}", "~", "{foo: 1}"),
    "mem_limit": ("50M", "'1.5g'", "-1", "x"),
    "memswap_limit": ("-1", "1g"),
    "network_mode": ("host", "'service:c'", "'service:zz'"),
    "networks": ("[n]", "{n: {aliases: [x], priority: 5}, default: }", "[default]", "[n, n]", "[zz]"),
    "oom_score_adj": ("100", "1001"),
    "ports": (
        "['80']",
        "['80:80', '1.1.1.1:53:53/udp']",
        "[{target: 80, published: '8080'}]",
        "['${TAG:+9090}:90']",
        "['1-3:1-3']",
        "['1-3:1-4']",
        "['80:80/foo']",
        "[{published: 80}]",
    ),
    "profiles": ("[p]", "[]", "p"),
    "pull_policy": ("always", "foo"),
    "restart": ("always", "'no'", "on-failure:3"),
    "security_opt": ("['a:b']", "[x, x]"),
    "stop_grace_period": ("1m30s", "10"),
    "tmpfs": ("/run", "[/run, '/tmp:size=1']"),
    "ulimits": ("{nofile: {soft: 1, hard: 2}, nproc: 5}", "{nofile: {soft: 1}}"),
    "user": ("root", "'1000:1000'", "1000"),
    "volumes": (
        "['vol:/a']",
        "['./b:/b:ro', /anonymous]",
        "[{type: volume, source: vol, target: /a, read_only: true}]",
        "[{type: tmpfs, target: /t, tmpfs: {size: 10m, mode: 493}}]",
        "['zz:/a']",
        "[':/a']",
        "[{type: bind, target: /a}]",
    ),
    "working_dir": ("/a", "1"),
    "x-own": ("{a: $x}",),
    "mem_limt": ("1",),
}
TOPS = (
    "volumes: {vol: }\nnetworks: {n: }\n",
    "volumes: {vol: {external: {name: other}}}\nnetworks: {n: {ipam: {config: [{subnet: 172.1.0.0/16}]}}}\n",
    "version: '3.7'\nvolumes: {vol: {external: true, name: other}}\nnetworks: {n: {external: true}}\n",
    "volumes: {vol: {external: true, driver: local}}\nnetworks: {n: }\n",
)
OTHER = """services:
  o: {image: 'org/o:${TAG}', environment: {A: o, O: '1'}, volumes: ['./ov:/ov'], env_file: o.env, labels: [a=o]}
"""
STARTS = (
    "", "    extends: c\n", "    extends: {file: sub/other.yml, service: o}\n", "    <<: *base\n",
    "    extends: {service: zz}\n",
)  # fmt: skip
_GOOD = 3
"""How many of a key's first values are taken as a rule: were one wrong in every folder, nothing would be compared."""


@st.composite
def services(draw: st.DrawFn, *, most: int) -> str:
    """Draw the keys of a service."""
    rarely = st.sampled_from([True, False, False, False, False, False])
    known = sorted(VALUES.keys() - {"mem_limt"})
    keys = sorted(VALUES) if draw(rarely) else known
    chosen = draw(st.lists(st.sampled_from(keys), max_size=most, unique=True))
    good = None if draw(rarely) else _GOOD
    return "".join(f"    {key}: {draw(st.sampled_from(VALUES[key][:good]))}\n" for key in chosen)


@st.composite
def folders(draw: st.DrawFn) -> Files:
    """Draw a folder."""
    top = draw(st.sampled_from(TOPS if draw(st.integers(0, 5)) == 0 else TOPS[:3]))
    start = draw(st.sampled_from(STARTS if draw(st.integers(0, 5)) == 0 else STARTS[:4]))
    base = "x-base: &base {environment: {A: base, Z: '${NONE-}'}, restart: always}\n"
    file = (
        f"{base}{top}services:\n  a:\n    image: org/a:${{TAG}}\n{start}{draw(services(most=4))}"
        f"  b:\n    image: org/b\n{draw(services(most=3))}  c: {{image: 'org/c:1', labels: {{a: c}}, dns: 1.1.1.1}}\n"
        "  p: {image: 'org/p:1', profiles: [p]}\n"
    )
    files = {
        ".env": f"TAG=1.2\n{'COMPOSE_PROFILES=p' if draw(st.booleans()) else ''}\n",
        "docker-compose.yml": file if draw(st.booleans()) else file.replace("\n", "\r\n"),
        "sub/other.yml": OTHER, "sub/o.env": "O=o\n", "a.env": "FA=1\nFB='x y'\n", "b.env": "FB=2\n",
    }  # fmt: skip
    if draw(st.booleans()):
        over = f"services:\n  a:\n    x-over: x\n{draw(services(most=4))}"
        files["docker-compose.override.yml"] = over
    return files
