"""The bad inputs that manifests, settings and instance files can hold, one case per row of the list of forty.

Each is typed through the command line: the exit code, the place that is named, and no raw value on the terminal.
"""

from __future__ import annotations

import pytest

from olmis_release.manifest.lock import canonical
from tests.fakes.cli import Desk, Told
from tests.fakes.manifest import CORE

HEAD = 'kind: extension\nname: mw\ncore: ">=3.5.0,<3.6.0"\ncomponents:\n'
FILE = "manifests/extensions/mw.yml"
BOMB = "a: &a [x, x]\nb: &b [*a, *a]\n"


def component(line: str) -> str:
    return f"{HEAD}  {line}\n"


def candidate(desk: Desk, data: bytes) -> str:
    """Make a candidate with an extension file; return what was printed, which must be a refusal of bad input."""
    (desk.root / "manifests/core").mkdir(parents=True, exist_ok=True)
    (desk.root / "manifests/extensions").mkdir(parents=True, exist_ok=True)
    desk.write("manifests/core/3.5.0.yml", CORE)
    (desk.root / FILE).write_bytes(data)
    before = desk.files()
    told = desk.type("candidate", "3.5.0+mw1", "--offline")
    assert told.status == 15, told.everything
    assert desk.files() == before
    assert "Traceback" not in told.everything
    return told.err


TEXTS = [
    pytest.param("#" * (2 * 1024 * 1024), f"{FILE}: the file is too large", id="1"),
    pytest.param(BOMB, f"{FILE}:1:4: anchors are not allowed", id="2"),
    pytest.param("a: &a [*a]\n", f"{FILE}:1:4: anchors are not allowed", id="3"),
    pytest.param("[" * 1000, f"{FILE}:1:41: nesting is deeper than 40", id="4"),
    pytest.param(HEAD + "  auth: {remove: true}\ncomponents: {}\n", f"{FILE}:6:1: duplicate key `components`", id="5"),
    pytest.param("a: !!python/object/apply:os.system [id]\n", f"{FILE}:1:4: tags are not allowed", id="6"),
    pytest.param(component("auth: {pin: 1:30}"), f"{FILE}:5:", id="8"),
    pytest.param("kind: extension\n---\nkind: extension\n", f"{FILE}:2:1: exactly one document is expected", id="9"),
    pytest.param("", f"{FILE}: a mapping (`key: value` lines) is required", id="11-empty"),
    pytest.param("# only\n", f"{FILE}: a mapping (`key: value` lines) is required", id="11-comments"),
    pytest.param("- a\n", f"{FILE}: a mapping (`key: value` lines) is required", id="11-list"),
    pytest.param(
        HEAD.replace("components", "componets"), f"{FILE}:4:1: unknown key `componets`. Did you mean", id="12"
    ),
    pytest.param(
        'name: "\\ud800"\n', f"{FILE}:1:10: not YAML: while parsing a quoted scalar found invalid Unicode", id="13"
    ),
    pytest.param(component('"auth; rm -rf /": {add: {image: "x/a:1.0"}}'), f"{FILE}:5:3: ", id="15"),
    pytest.param(component("--privileged: {add: {image: 'x/a:1.0'}}"), f"{FILE}:5:3: ", id="16-long"),
    pytest.param(component("-v: {add: {image: 'x/a:1.0'}}"), f"{FILE}:5:3: ", id="16-short"),
    pytest.param(component("../../etc: {add: {image: 'x/a:1.0'}}"), f"{FILE}:5:3: ", id="17"),
    pytest.param(component("аuth: {add: {image: 'x/a:1.0'}}"), "U+0430 CYRILLIC SMALL LETTER A", id="18"),
    pytest.param(component("auth: {pin: '1.0 --pull=always'}"), f"{FILE}:5:15: ", id="20-blank"),
    pytest.param(component('auth: {pin: "1.0\\nX=1"}'), f"{FILE}:5:15: ", id="20-line"),
    pytest.param(component(f"auth: {{pin: '{'1' * 129}'}}"), f"{FILE}:5:15: ", id="20-long"),
    pytest.param(component(f"x: {{add: {{image: 'x/a:1.0@sha256:{'A' * 64}'}}}}"), f"{FILE}:5:", id="21-case"),
    pytest.param(component(f"x: {{add: {{image: 'x/a:1.0@sha256:{'a' * 63}'}}}}"), f"{FILE}:5:", id="21-short"),
    pytest.param(component(f"x: {{add: {{image: 'x/a:1.0@md5:{'a' * 32}'}}}}"), f"{FILE}:5:", id="21-md5"),
    pytest.param(
        component("x: {add: {image: 'x/a:1.0', compose: {depends_on: [nobody]}}}"), f"{FILE}:5:", id="24-unknown"
    ),
    pytest.param(
        component("x: {add: {image: 'x/a:1.0', compose: {depends_on: [y]}}}")
        + "  y: {add: {image: 'x/a:1.0', compose: {depends_on: [x]}}}\n",
        "x -> y -> x",
        id="24-cycle",
    ),
    pytest.param(component('"\\e[2J \\u202e": {remove: true}'), "\\x1b[2J", id="38"),
    pytest.param(component("'[/red]': {remove: true}"), "[/red]", id="39"),
]


@pytest.mark.parametrize(("text", "said"), TEXTS)
def test_a_bad_manifest_is_refused_at_its_place(desk: Desk, text: str, said: str) -> None:
    told = candidate(desk, text.encode())
    assert said in told
    assert not any(raw in told for raw in ("\x1b[2J", "\u202e", "\ud800"))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param("kind: extension\n".encode("utf-16"), "not UTF-8: byte 0xff at offset 0", id="10-utf-16"),
        pytest.param(b"\xef\xbb\xbfkind: \x00\n", "U+0000 at byte offset 6", id="10-nul"),
        pytest.param(b"kind: \xc3\x28\n", "not UTF-8: byte 0xc3 at offset 6", id="10-broken"),
    ],
)
def test_what_is_no_text_is_refused_with_the_offset_of_its_byte(desk: Desk, data: bytes, said: str) -> None:
    assert said in candidate(desk, data)


@pytest.mark.parametrize("version", ["010", "1:30", "3_4", "no", "1.10"])
def test_a_version_stays_the_text_that_was_written(desk: Desk, version: str) -> None:
    """Rows 7 and 8: no reader of YAML may make 1.1, 8, 90 or false of it."""
    desk.write("manifests/core/3.5.0.yml", CORE.replace("version: 3.5.0", f"version: {version}"))
    told = desk.type("candidate", "3.5.0", "--offline")
    assert told.status == 15
    assert version in told.err
    assert "manifests/core/3.5.0.yml:2:10" in told.err


def with_instance(desk: Desk, line: str) -> str:
    """Ask for a preflight with a line more in the instance file; return what was printed."""
    file = desk.root / "manifests/instances/uat.yml"
    file.write_text(f"{file.read_text(encoding='utf-8')}{line}\n", encoding="utf-8")
    told = desk.type("preflight", "uat")
    assert told.status == 15, told.everything
    assert "Traceback" not in told.everything
    return told.err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        pytest.param("docker: {host: 'ssh://-oProxyCommand=x'}", "uat.yml:11:", id="31"),
        pytest.param("docker: {host: 'ssh://a@-oProxyCommand=x'}", "uat.yml:11:", id="31-host"),
        pytest.param("docker: {host: 'tcp://host:2375'}", "uat.yml:11:", id="32"),
        pytest.param("hoks: {}", "uat.yml:11:1: unknown key `hoks`", id="12"),
        pytest.param("name: uat", "uat.yml:11:1: duplicate key `name`", id="5"),
        pytest.param("contacts: &a [*a]", "uat.yml:11:11: anchors are not allowed", id="3"),
        pytest.param('hooks: "rm -rf /"', "uat.yml:11:1: unknown key `hooks`", id="29"),
        pytest.param("components: {'../x': {remove: true}}", "uat.yml:11:", id="17"),
    ],
)
def test_a_bad_instance_file_is_refused_at_its_place(desk: Desk, line: str, said: str) -> None:
    assert said in with_instance(desk, line)


def planned(desk: Desk) -> Told:
    """Ask for a plan to a release that there is."""
    release = desk.place.manifest
    desk.write(f"manifests/releases/{release.version}.yml", canonical(release))
    return desk.type("plan", release.version, "--to", "uat")


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        pytest.param("A=x\nB y\n", 15, "uat.env:2: the line has no `=`", id="25-line"),
        pytest.param("A=x\ty\x07\n", 15, "uat.env:1: A holds a control character", id="25-bell"),
        pytest.param("A B=secret-1\n", 15, "uat.env:1: the key has other signs", id="26"),
        pytest.param("LD_PRELOAD=secret-1\n", 15, "uat.env:1: ", id="26-loader"),
        pytest.param("DOCKER_HOST=secret-1\n", 15, "uat.env:1: ", id="26-docker"),
        pytest.param("COMPOSE_FILE=secret-1\n", 15, "uat.env:1: ", id="26-compose"),
        pytest.param("A=secret-1\nA=secret-2\n", 15, "uat.env:2: A is set twice", id="5"),
        pytest.param("A='secret-1'\n", 15, "uat.env:1: A is in quotes", id="25-quotes"),
    ],
)
def test_a_bad_settings_file_is_refused_and_its_values_stay_unsaid(desk: Desk, text: str, code: int, said: str) -> None:
    desk.write("settings/uat.env", text).chmod(0o600)
    told = planned(desk)
    assert told.status == code, told.everything
    assert said in told.err
    assert "secret-" not in told.everything


def test_a_settings_file_that_others_can_read_is_refused_with_the_command_that_mends_it(desk: Desk) -> None:
    """Row 28."""
    desk.write("settings/uat.env", "A=secret-1\n").chmod(0o644)
    told = planned(desk)
    assert told.status == 6
    assert "chmod 600 settings/uat.env" in told.err
    assert "secret-" not in told.everything


def test_a_tag_that_moves_is_refused_for_a_release(desk: Desk) -> None:
    """Row 19."""
    desk.write("source/docker-compose.yml", "services:\n  a:\n    image: x/a:latest\n")
    told = desk.type("import", "extension", "mw", "--from", str(desk.root / "source"), "--stage", "release")
    assert told.status == 15
    assert "docker-compose.yml:3:12: a: x/a:latest is not a fixed image" in told.err
    assert "[E-LATEST-TAG]" in told.err


@pytest.mark.parametrize(
    "text", ["NaN", "1" * 5000, '"M. Banda","author":"M. Banda"'], ids=["14-nan", "14-digits", "14-twice"]
)
def test_a_plan_that_is_no_canonical_json_is_refused(desk: Desk, text: str) -> None:
    file = desk.plan().folder / "plan.json"
    made = file.read_text(encoding="utf-8")
    file.write_text(made.replace('"author":"M. Banda"', f'"author":{text}'), encoding="utf-8")
    told = desk.type("deploy", "uat", "--confirm", "uat")
    assert told.status == 5, told.everything
    assert "plan.json was changed after the plan was made" in told.err
    assert "Traceback" not in told.everything
