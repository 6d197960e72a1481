"""The bad inputs of the list of forty, one case per row; bundles (33 to 35) are not read by this version.

Each is typed through the command line: the exit code, the place that is named, and no raw value on the terminal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from olmis_release.cli import wiring
from olmis_release.deploy.journal import Journal, Mark
from olmis_release.errors import JournalDamaged
from olmis_release.instance.settings import keep_copy, read_copy, read_settings
from olmis_release.instance.site import Site
from olmis_release.manifest.lock import canonical
from olmis_release.plan.model import PlannedStep, StepKind
from tests.fakes.cli import Desk, Told
from tests.fakes.manifest import CORE

HEAD = 'kind: extension\nname: mw\ncore: ">=3.5.0,<3.6.0"\ncomponents:\n'
FILE = "manifests/extensions/mw.yml"
STEP = PlannedStep(kind=StepKind.STOP_COMPONENTS, subject="stop", reason="replaced")
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


class Untouchable:
    """Any part of a target; to ask it anything is a fault."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"the target was asked: {name}")


@pytest.fixture
def untouchable(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk whose instance must not be asked anything."""
    names = ("engine", "compose", "database", "registry", "front", "wall", "consul", "lock")
    parts: dict[str, Any] = dict.fromkeys(names, Untouchable())

    def open_site(*arguments: Any) -> Site:
        return replace(desk.open_site(*arguments), **parts)

    monkeypatch.setattr(wiring, "open_site", open_site)
    return desk


def with_policy(desk: Desk, registries: str) -> Told:
    """Make a candidate from images of Docker Hub and one of a host that is nearly its."""
    text = CORE.replace("image: openlmis/report:1.1.2", "image: dokcer.io/openlmis/report:1.1.2")
    desk.write("manifests/core/3.5.0.yml", text)
    desk.write("manifests/policy.yml", f"kind: policy\nregistries: {registries}\n")
    return desk.type("candidate", "3.5.0", "--offline")


def test_an_image_of_a_registry_that_the_policy_does_not_name_is_refused(desk: Desk) -> None:
    """Row 22."""
    told = with_policy(desk, "[docker.io]")
    assert told.status == 15, told.everything
    assert "manifests/core/3.5.0.yml:18: report: dokcer.io/openlmis/report:1.1.2 comes from dokcer.io" in told.err
    assert "Did you mean `docker.io`?" in told.err
    assert "[E-FOREIGN-REGISTRY]" in told.err


def test_a_policy_lets_the_registries_pass_that_it_names_and_is_itself_read_with_care(desk: Desk) -> None:
    assert with_policy(desk, "[docker.io, dokcer.io]").status == 0
    told = with_policy(desk, '["https://docker.io"]')
    assert told.status == 15
    assert "manifests/policy.yml:2:" in told.err


def test_two_statements_that_cannot_both_hold_are_a_conflict_with_both_places(desk: Desk) -> None:
    """Row 23."""
    told = candidate(desk, component("report: {replace: {as: auth, image: 'x/a:1.0'}, reason: ours}").encode())
    assert f"{FILE}:5:" in told
    assert "the other one stands in manifests/core/3.5.0.yml:" in told
    assert "[E-CONFLICT]" in told


def test_one_component_set_to_two_versions_is_a_conflict(desk: Desk) -> None:
    """Row 23: the last one never wins."""
    desk.write("manifests/core/3.5.0.yml", CORE)
    told = desk.type("candidate", "3.5.0", "--offline", "--set", "auth=4.1.1", "--set", "auth=4.1.2")
    assert told.status == 2, told.everything
    assert "--set names auth more than once" in told.err


@pytest.mark.parametrize("value", ["$(id)", "`id`", "${X}", "$X $$", "a;b|c&d"])
def test_a_setting_is_never_carried_out_and_reaches_compose_as_it_stands(desk: Desk, value: str) -> None:
    """Row 25: `tests/integration/test_settings_read_by_compose.py` asks Compose itself."""
    desk.write("settings/uat.env", f"A={value}\n").chmod(0o600)
    settings = read_settings(desk.root / "settings/uat.env", shown_as="uat.env", key=b"k")
    copy = keep_copy(desk.workspace.folder("uat"), settings)
    assert settings.values == {"A": value}
    assert read_copy(copy) == {"A": value}


def test_a_line_end_in_a_value_of_a_manifest_stays_inside_the_value(desk: Desk) -> None:
    """Row 25: it can end no line of a file that Compose reads."""
    told = candidate(desk, component('auth: {set: {environment.A: "x\\nB=y"}}').encode())
    assert f"{FILE}:5:" in told


def test_a_secret_in_an_instance_file_is_refused_before_the_target_is_asked(untouchable: Desk) -> None:
    """Row 27."""
    file = untouchable.root / "manifests/instances/uat.yml"
    file.write_text(
        f"{file.read_text(encoding='utf-8')}variables: {{DB_PASSWORD: open-sesame-2026}}\n", encoding="utf-8"
    )
    told = planned(untouchable)
    assert told.status == 15, told.everything
    assert "uat.yml:11:26: DB_PASSWORD holds the value of POSTGRES_PASSWORD" in told.err
    assert "Write ${POSTGRES_PASSWORD} there" in told.err
    assert "open-sesame" not in told.everything


@pytest.mark.parametrize("command", ["plan", "deploy", "preflight"])
@pytest.mark.parametrize("to", ["/bin/true", "../../outside"])
def test_a_hook_that_leads_out_of_the_repository_is_refused_before_the_target_is_asked(
    untouchable: Desk, command: str, to: str
) -> None:
    """Row 30."""
    outside = untouchable.root.parent / "outside"
    outside.write_text("#!/bin/sh\n", encoding="utf-8")
    outside.chmod(0o755)
    code = untouchable.plan().code
    (untouchable.root / "hooks").mkdir()
    (untouchable.root / "hooks" / "pre-deploy").symlink_to(to)
    words = {"plan": ("plan", "3.5.0+mw1", "--to", "uat"), "preflight": ("preflight", "uat")}
    told = untouchable.type(*words.get(command, ("deploy", "uat", "--plan", code)))
    assert told.status == 15, told.everything
    assert "hooks/pre-deploy: the hook leads to /" in told.err
    assert "[E-HOOK-OUTSIDE]" in told.err
    assert "Put a copy of the script into hooks/" in told.out + told.err


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param('{"decision": "reject", "role": "qa"}', id="rejected"),
        pytest.param('{"decision": "approve", "role": "qa"}', id="approved"),
        pytest.param('["approve", "qa"]', id="no-statement"),
        pytest.param("[" * 100_000, id="deep"),
        pytest.param("\udcff", id="no-text"),
        pytest.param("", id="empty"),
        pytest.param("x" * 100_000, id="large"),
    ],
)
def test_what_is_no_approval_counts_as_none(untouchable: Desk, statement: str) -> None:
    """Row 36; forgeries that look like approvals are in plan/approval."""
    untouchable.instance("uat", approvals="[qa], approvers: {qa: [a@b.example]}")
    plan = untouchable.plan()
    file = untouchable.write(f"plans/{plan.code}/approvals/a.json", "")
    file.write_bytes(statement.encode("utf-8", "surrogateescape"))
    told = untouchable.type("deploy", "uat", "--confirm", "uat")
    assert told.status == 4, told.everything
    assert f"plans/{plan.code}/approvals/a.json is not a statement as olmis-release writes it" in told.err
    assert "qa: no approval; it may come from a@b.example." in told.err


@pytest.mark.parametrize("file", ["plan.json", "compose.yml"])
def test_a_plan_whose_files_were_changed_is_refused_before_the_target_is_asked(untouchable: Desk, file: str) -> None:
    """Rows 14 and 37."""
    plan = untouchable.plan()
    with (plan.folder / file).open("a", encoding="utf-8") as changed:
        changed.write(" ")
    told = untouchable.type("deploy", "uat", "--confirm", "uat")
    assert told.status == 5, told.everything
    assert f"plans/{plan.code}/{file} was changed after the plan was made" in told.err


def journal_of(folder: Path, run: str, *, steps: int = 3) -> list[bytes]:
    """Write a journal and return its lines."""
    journal = Journal(folder / f"journal-{run}", run=run)
    for number in range(1, steps + 1):
        journal.write(number, STEP, Mark.INTENT, note="x" * 20)
    return journal.content().splitlines(keepends=True)


def opened(folder: Path, lines: list[bytes]) -> Journal:
    (folder / "journal.jsonl").write_bytes(b"".join(lines))
    return Journal(folder / "journal.jsonl", run="r1")


def test_the_torn_end_of_a_journal_counts_as_never_written(tmp_path: Path) -> None:
    """Row 40."""
    lines = journal_of(tmp_path, "r1")
    assert [one.step for one in opened(tmp_path, [*lines[:2], lines[2][:40]]).records] == [1, 2]
    assert (tmp_path / "journal.jsonl.torn").read_bytes() == lines[2][:40]


@pytest.mark.parametrize(
    ("damage", "line"),
    [
        pytest.param(lambda own, _other: [own[0].replace(b"xxx", b"xxy", 1), *own[1:]], 2, id="flipped-byte"),
        pytest.param(lambda own, _other: [own[0], own[2]], 2, id="line-removed"),
        pytest.param(lambda own, _other: own[1:], 1, id="first-line-removed"),
        pytest.param(lambda own, _other: [own[0], own[0], own[1]], 2, id="line-twice"),
        pytest.param(lambda own, other: [own[0], other[1], own[2]], 2, id="two-runs-mixed"),
        pytest.param(lambda _own, other: other, 1, id="of-another-run"),
        pytest.param(lambda own, _other: [b"[" * 100_000 + b"\n", *own], 1, id="deep"),
    ],
)
def test_a_journal_that_was_changed_is_refused_at_its_line(
    tmp_path: Path, damage: Callable[[list[bytes], list[bytes]], list[bytes]], line: int
) -> None:
    """Row 40."""
    own, other = journal_of(tmp_path, "r1"), journal_of(tmp_path, "r2")
    with pytest.raises(JournalDamaged, match=rf"journal\.jsonl:{line} is not a record of this journal") as refused:
        opened(tmp_path, damage(own, other))
    assert refused.value.exit_code == 16
    assert refused.value.resolution
