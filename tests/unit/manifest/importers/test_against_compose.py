"""What the reader makes of a compose file is what `docker compose config` makes of it, service by service."""

from __future__ import annotations

from pathlib import Path

import pytest

from olmis_release.manifest.importers.distribution import read_distribution
from olmis_release.manifest.importers.importing import Request, import_extension
from tests.fakes.compose_config import compose_config, differences, needs_compose, rewritten

CASES: dict[str, dict[str, str]] = {
    "scalars": {
        "docker-compose.yml": """services:
  a:
    image: org/a:1
    environment: {A: 0644, B: 1.10, C: 1e3, D: True, E: yes, F: 0x1F, G: 1_000, H: 0.00001, I: .5, J: "0644", K: 1e6}
    cpus: 2
    mem_limit: 1.5G
    labels: {x.y: 1, z: true}
""",
    },
    "anchors and merge keys": {
        "docker-compose.yml": """x-log: &log
  driver: json-file
  options: {max-size: 50m}
x-env: &env {A: "1", B: "2"}
x-more: &more {B: "3", C: "4"}
services:
  a: &a
    image: org/a:1
    logging: *log
    environment:
      <<: [*more, *env]
      D: "5"
  b:
    <<: *a
    image: org/b:1
""",
    },
    "interpolation": {
        ".env": "TAG=1.2\nEMPTY=\nQUOTED=\"a b\" # said\nSINGLE='$TAG'\nNESTED=x${TAG}y\nexport EXP=e\n"
        '# nothing\nSPACED = s  # c\nHASH=a#b\nDOLLAR=a$$b\nBACK="a\\tb"\nCOLON: c\n',
        "docker-compose.yml": """services:
  a:
    image: org/a:${TAG}
    environment:
      A: ${TAG}-$TAG
      B: ${NONE:-x${TAG}}
      C: ${EMPTY:-d}|${EMPTY-d}
      D: ${TAG:+set}|${NONE:+set}|${EMPTY:+set}|${EMPTY+set}
      E: $$HOME $${TAG}
      F: ${QUOTED}|${SINGLE}|${NESTED}|${EXP}|${SPACED}|${HASH}|${DOLLAR}|${BACK}|${COLON}
      G: ${TAG:?needed}
      H: "${NONE:-${ALSO:-deep}}"
      I: ${NONE-}
      K: cost $5, a $ b, $- and x$
      L: ${NONE:-x}y}|${NONE-{x}}|${NONE:-a:-b}|${NONE:-a$$b}
    ports: ["${PORT:-8080}:80"]
""",
    },
    "lists and mappings": {
        "docker-compose.yml": """version: "2"
services:
  a:
    image: org/a:1
    environment: ["A=1", "B=x=y", "C="]
    labels: ["l=1", "m"]
    depends_on: {b: {condition: service_started}, c: {condition: service_healthy}}
    command: run --now
    entrypoint: ["/bin/sh", "-c"]
    dns: 8.8.8.8
    tmpfs: /run
    env_file: [a.env]
    expose: ["1", 2]
    extra_hosts: ["h:1.2.3.4"]
    ulimits: {nofile: {soft: 1, hard: 2}, nproc: 5}
  b:
    image: org/b
    networks: [default]
    volumes: ["data:/data:ro", "/tmp:/tmp", "./here:/here", {type: volume, source: data, target: /t, read_only: true}]
  c:
    image: org/c@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    healthcheck: {test: ["CMD", "true"], interval: 30s, retries: 3, disable: false}
    ports: ["80", "1000-1001:1000-1001", "127.0.0.1:53:53/udp", {target: 9, published: 10, protocol: tcp}]
    networks: {default: {aliases: [x, y]}, other: }
    deploy: {resources: {limits: {cpus: "0.5", memory: 50M}}}
volumes: {data: {external: false}}
networks: {other: {driver: bridge}}
""",
        "a.env": "FROM_FILE=1\n",
    },
    "extends": {
        "docker-compose.yml": """services:
  base: {image: "org/a:1", environment: {A: "1", B: "2"}, command: one, volumes: ["d:/d"], ports: ["1:1"]}
  a:
    extends: base
    environment: {B: "3"}
    command: two
    ports: ["2:2"]
  b:
    extends: {file: common/base.yml, service: there}
    image: org/b:2
    labels: {x: y}
volumes: {d: }
""",
        "common/base.yml": """services:
  there: {extends: {service: deeper}, environment: ["A=1"], labels: ["x=z", "k=v"]}
  deeper: {image: "org/deep:1", restart: always, logging: {driver: syslog, options: {a: b}}}
""",
    },
    "overriding files": {
        "docker-compose.yml": """services:
  a:
    image: org/a:1
    environment: [A=1, B=2]
    ports: ["80:80", "81:81"]
    volumes: ["one:/data", "two:/two"]
    command: [a, b]
    depends_on: [b]
    logging: {driver: syslog, options: {x: "1"}}
    dns: 1.1.1.1
    healthcheck: {test: [CMD, a], interval: 1s}
    cap_add: [A]
    extra_hosts: {h: 1.1.1.1}
  d: {image: "org/d:1", command: [a, b], entrypoint: c}
  b: {image: "org/b:1", logging: {driver: json-file, options: {x: "1"}}}
volumes: {one: , two: , three: }
""",
        "docker-compose.override.yml": """services:
  a:
    image: org/a:2
    environment: {B: "3", C: "4"}
    ports: ["80:80", "82:82"]
    volumes: ["three:/data"]
    command: c
    depends_on: {c: {condition: service_healthy}}
    logging: {driver: json-file, options: {y: "2"}}
    dns: [8.8.8.8]
    healthcheck: {test: [CMD, b]}
    cap_add: [A, B]
    extra_hosts: ["i:2.2.2.2"]
  d: {command: , entrypoint: [d]}
  b: {logging: {options: {y: "2"}}}
  c: {image: "org/c:1", healthcheck: {test: [CMD, c]}}
""",
    },
    "profiles and builds": {
        "docker-compose.yml": """services:
  a: {build: ./a, depends_on: [b]}
  b: {build: {context: ./b}, image: "org/b:1"}
  c: {image: "org/c:1", profiles: [debug]}
""",
    },
    "windows": {
        "docker-compose.yml": "services:\r\n  a:\r\n    image: org/a:${TAG}\r\n    command: >\r\n      a\r\n      b",
        ".env": "\ufeffTAG=1\r\nOTHER='x'\r\n",
    },
    "chosen by .env": {
        ".env": "COMPOSE_FILE=one.yml:two.yml\nCOMPOSE_PROFILES=p\n",
        "one.yml": 'services:\n  a: {image: "org/a:1", profiles: [p]}\n',
        "two.yml": 'services:\n  a: {image: "org/a:2"}\n  b: {image: "org/b:1", profiles: [q]}\n',
    },
    "names of before": {
        "docker-compose.yml": """version: "3.3"
services:
  a: {image: "org/a:1", volumes: ["log:/log"], networks: [shared], memswap_limit: -1}
volumes: {log: {external: {name: country-log}}}
networks: {shared: {external: {name: country}}}
""",
    },
    "included": {
        ".env": "TAG=1\n",
        "docker-compose.yml": "include: [more/compose.yml]\nservices:\n  a: {image: 'org/a:${TAG}'}\n",
        "more/compose.yml": "services:\n  i: {image: 'org/i:${TAG}-${OWN}', volumes: ['./x:/x'], env_file: i.env}\n",
        "more/.env": "TAG=2\nOWN=3\n",
        "more/i.env": "I=1\n",
    },
    "names as Compose allows them": {
        "docker-compose.yml": """services:
  Auth.Service: {image: "org/a:1", depends_on: [my.DB, _log], networks: {net.A: {aliases: [q.r]}}}
  my.DB: {image: "postgres:14", volumes: ["data.One:/d"]}
  _log: {image: "org/l:1", depends_on: {my.DB: {condition: service_started, restart: true}}}
  WEB: {image: "org/w:1", links: ["Auth.Service:auth"], network_mode: bridge}
volumes: {data.One: }
networks: {net.A: }
""",
    },
    "images that no engine pulls": {
        "docker-compose.yml": """services:
  a: {image: "org/a:1.0+mw1"}
  b: {image: "Org/B:1"}
  c: {image: "org/c:1:2"}
  d: {image: "org/d@sha256:abc"}
  e: {image: "org//e:-1"}
""",
    },
    "tags of YAML": {
        "docker-compose.yml": """services:
  a:
    image: org/a:1
    command: !!binary aGVsbG8=
    environment: {A: !!binary "YS\\nI=", !!binary Qg==: c, C: !!int "5", D: !!str 5, E: !!float 5}
    labels: {x: !!binary ""}
""",
    },
    "sizes": {
        "docker-compose.yml": """services:
  a: {image: "org/a:1", mem_limit: 1.5, memswap_limit: -2.5, shm_size: 1e3}
  b: {image: "org/b:1", mem_limit: 1.5g, memswap_limit: -1, shm_size: "1.5"}
  c: {image: "org/c:1", mem_limit: 1000.0, memswap_limit: "2.5 GB", mem_reservation: 5_000, shm_size: 0x10}
  d: {image: "org/d:1", mem_limit: 1.5e9, networks: {default: {priority: 1, gw_priority: 2}}}
""",
    },
    "overriding files, the unusual": {
        "docker-compose.yml": """services:
  a:
    image: org/a:1
    labels: {a: "1"}
    environment: {A: "1", B: "2"}
    annotations: {a: "1"}
    sysctls: {a: "1"}
    extra_hosts: ["a=1.1.1.1"]
    security_opt: [x]
    group_add: [a]
    ulimits: {nofile: 1}
    volumes: ["b:/b"]
    gpus: all
    networks: [default]
    expose: ["1"]
  b: {image: "org/b:1", ulimits: {nofile: {soft: 1, hard: 2}}, labels: [a=1], build: {context: ., args: {a: b}}}
volumes: {b: }
""",
        "docker-compose.override.yml": """services:
  a:
    labels: x
    environment: C=3
    annotations: {a: }
    sysctls: a=3
    extra_hosts: a=2.2.2.2
    security_opt: [y]
    group_add: [b]
    ulimits: {nofile: {soft: 1, hard: 2}}
    volumes: [{type: bind, source: /x, target: /b}]
    gpus: [{count: 1}]
    networks: [default, default]
    expose: ["1", "2"]
  b: {ulimits: {nofile: 3}, labels: 5, cap_add: [A, A]}
""",
    },
    "points in time": {
        "docker-compose.yml": """services:
  a:
    image: org/a:1
    environment: {A: 2020-01-01T00:00:00Z, B: 2001-12-14t21:59:43.10-05:00, C: 2020-01-01 10:00:00, D: 2020-13-01}
""",
    },
    "a stack beside OpenLMIS": {
        ".env": "OL_SUPERSET_VERSION=1\nSYSLOG_UDP_PORT=1514\n",
        "settings.env": "A=1\n",
        "docker-compose.yml": """services:
  superset:
    build: {context: ./superset, args: {V: "${OL_SUPERSET_VERSION}"}}
    environment: [JAVA_OPTS=-Xmx2048m]
    command: >
      bash -c "cp -r /config/superset /etc/
      && sh /etc/superset/init.sh"
    logging: {driver: syslog, options: {syslog-address: "udp://127.0.0.1:${SYSLOG_UDP_PORT}"}}
    env_file: settings.env
  node-exporter:
    image: prom/node-exporter
    command: ['--path.rootfs=/host']
    pid: host
    volumes: ['/:/host:ro,rslave']
volumes: {pgdata: {external: true}}
""",
    },
}


def _lay_out(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")


@needs_compose
@pytest.mark.parametrize("case", CASES)
def test_a_folder_means_what_compose_says_it_means(case: str, tmp_path: Path) -> None:
    _lay_out(tmp_path, CASES[case])

    distribution = read_distribution(str(tmp_path))
    theirs = compose_config(tmp_path)
    (tmp_path / "ours.yml").write_text(rewritten(distribution, {}))
    ours = compose_config(tmp_path, "-f", "ours.yml")

    assert isinstance(theirs, dict), theirs
    assert isinstance(ours, dict), ours
    assert [str(problem) for problem in distribution.errors] == []
    for network in theirs["services"].get("c", {}).get("networks", {}):
        ours["services"]["c"]["networks"][network] = ours["services"]["c"]["networks"][network] or None
    assert differences(theirs, ours, ignored=["build", "profiles"]) == []


REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "duplicate key": (
        {"docker-compose.yml": "services:\n  a:\n    image: a\n    image: b\n"},
        "docker-compose.yml:4:5",
    ),
    "same again": ({"docker-compose.yml": "services:\n  a:\n    image: a\n    image: a\n"}, "docker-compose.yml:4:5"),
    "not YAML": ({"docker-compose.yml": "services:\n  a:\n    image: a\n   b: c\n"}, "docker-compose.yml:4:4"),
    "demanded": (
        {"docker-compose.yml": "services:\n  a:\n    image: a:${TAG:?say which}\n"},
        "docker-compose.yml:3:12",
    ),
    "bad reference": ({"docker-compose.yml": "services:\n  a:\n    image: a:${TAG\n"}, "docker-compose.yml:3:12"),
    "dotted name": (
        {"docker-compose.yml": "services:\n  a:\n    image: a\n    command: ${a.b}\n"},
        "docker-compose.yml:4:14",
    ),
    "open quote": (
        {".env": "A=1\nB='x\n", "docker-compose.yml": "services:\n  a: {image: a}\n"},
        ".env:2:1",
    ),
    "no name": ({".env": "A=1\nwhat is this\n", "docker-compose.yml": "services:\n  a: {image: a}\n"}, ".env:2:1"),
    "extends nothing": (
        {"docker-compose.yml": "services:\n  a: {image: a, extends: {service: b}}\n"},
        "docker-compose.yml:2:26",
    ),
    "extends in a ring": (
        {"docker-compose.yml": "services:\n  a: {image: a, extends: b}\n  b: {image: b, extends: a}\n"},
        "docker-compose.yml:3:26",
    ),
    "key is a number": (
        {"docker-compose.yml": "services:\n  a: {image: a, environment: {1: x}}\n"},
        "docker-compose.yml:2:31",
    ),
    "alias to nothing": ({"docker-compose.yml": "services:\n  a: *none\n"}, "docker-compose.yml:2:6"),
    "no mapping": ({"docker-compose.yml": "services:\n  a: text\n"}, "docker-compose.yml:2:3"),
    "said elsewhere already": (
        {
            "docker-compose.yml": "include: [b.yml]\nservices:\n  a: {image: a}\n",
            "b.yml": "services:\n  a: {image: b}\n",
        },
        "docker-compose.yml:3:3",
    ),
    "two networks": (
        {"docker-compose.yml": "services:\n  a: {image: a, network_mode: host, networks: [default]}\n"},
        "docker-compose.yml:2:17",
    ),
    "no such protocol": (
        {"docker-compose.yml": "services:\n  a: {image: a, ports: ['80:80/foo']}\n"},
        "docker-compose.yml:2:25",
    ),
    "open command": (
        {"docker-compose.yml": "services:\n  a: {image: a, command: echo 'x}\n"},
        "docker-compose.yml:2:26",
    ),
    "mount of nothing": (
        {"docker-compose.yml": "services:\n  a: {image: a, volumes: [{type: bind, target: /a}]}\n"},
        "docker-compose.yml:2:27",
    ),
    "not in base64": (
        {"docker-compose.yml": "services:\n  a: {image: a, command: !!binary '%%%'}\n"},
        "docker-compose.yml:2:26",
    ),
    "not what its tag says": (
        {"docker-compose.yml": "services:\n  a: {image: a, environment: {A: !!int x}}\n"},
        "docker-compose.yml:2:34",
    ),
    "blank in a name": (
        {"docker-compose.yml": "services:\n  a b: {image: a}\n"},
        "docker-compose.yml:2:3",
    ),
    "blank in a volume's name": (
        {"docker-compose.yml": "services:\n  a: {image: a}\nvolumes: {'a b': }\n"},
        "docker-compose.yml:3:11",
    ),
    "half a byte": (
        {"docker-compose.yml": "services:\n  a: {image: a, mem_reservation: 1.5}\n"},
        "docker-compose.yml:2:34",
    ),
    "negative text": (
        {"docker-compose.yml": "services:\n  a: {image: a, mem_limit: '-1'}\n"},
        "docker-compose.yml:2:28",
    ),
    "the same option twice": (
        {
            "docker-compose.yml": "services:\n  a: {image: a, security_opt: [x]}\n",
            "docker-compose.override.yml": "services:\n  a: {security_opt: [x]}\n",
        },
        "docker-compose.override.yml:2:22",
    ),
    "the same group twice": (
        {
            "docker-compose.yml": "services:\n  a: {image: a, group_add: [x]}\n",
            "docker-compose.override.yml": "services:\n  a: {group_add: [y, x]}\n",
        },
        "docker-compose.override.yml:2:22",
    ),
    "text over nothing": (
        {
            "docker-compose.yml": "services:\n  a: {image: a}\n",
            "docker-compose.override.yml": "services:\n  a: {labels: x}\n",
        },
        "docker-compose.override.yml:2:15",
    ),
    "provider": (
        {"docker-compose.yml": "services:\n  a: {image: a, provider: {type: x}}\n"},
        "docker-compose.yml:2:17",
    ),
    "models": (
        {"docker-compose.yml": "services:\n  a: {image: a}\nmodels: {m: {model: x}}\n"},
        "docker-compose.yml:3:1",
    ),
    "API socket": (
        {"docker-compose.yml": "services:\n  a: {image: a, use_api_socket: true}\n"},
        "docker-compose.yml:2:17",
    ),
    "format of a settings file": (
        {
            "docker-compose.yml": "services:\n  a: {image: a, env_file: [{path: b.env, format: raw}]}\n",
            "b.env": "A=1\n",
        },
        "docker-compose.yml:2:42",
    ),
    "pulled daily": (
        {"docker-compose.yml": "services:\n  a: {image: a, pull_policy: daily}\n"},
        "docker-compose.yml:2:30",
    ),
    "two kinds": (
        {
            "docker-compose.yml": "services:\n  a: {image: a, ports: ['1:1']}\n",
            "docker-compose.override.yml": "services:\n  a: {ports: {a: b}}\n",
        },
        "docker-compose.override.yml:2:14",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_compose_refuses_is_refused_with_its_place(case: str, tmp_path: Path) -> None:
    files, place = REFUSED[case]
    _lay_out(tmp_path, files)

    read = read_distribution(str(tmp_path)).errors
    judged = import_extension(None, "xx", Request(source=str(tmp_path))).errors

    assert place in [str(problem.where) for problem in (*read, *judged)]
    assert judged


@needs_compose
@pytest.mark.parametrize("case", REFUSED)
def test_compose_refuses_it_indeed(case: str, tmp_path: Path) -> None:
    _lay_out(tmp_path, REFUSED[case][0])

    assert isinstance(compose_config(tmp_path), str)
