"""Every way in which a command can end, as a person and a script see it."""

import errno
import os
import signal
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from olmis_release.cli import wiring
from olmis_release.cli.root import COMMANDS, root
from olmis_release.errors import EXIT_CODES, ReleaseError, StepFailed
from tests.fakes.cli import Desk

BAD_LINES = [
    ((), 2),
    (("bogus",), 2),
    (("--bogus",), 2),
    (("candidate",), 2),
    (("candidate", "not-a-version"), 15),
    (("candidate", "3.5.0+mw1", "--set", "requisition"), 2),
    (("candidate", "3.5.0+mw1", "--mirror", "docker.io"), 15),
    (("plan",), 2),
    (("plan", "3.5.0+mw1"), 2),
    (("plan", "--to", "nowhere"), 15),
    (("plan", "show"), 2),
    (("plan", "show", "AAAA-BBBB"), 15),
    (("plan", "one", "two", "--to", "uat"), 2),
    (("preflight",), 2),
    (("preflight", "nowhere"), 15),
    (("preflight", "uat", "--plan", "AAAA-BBBB"), 15),
    (("deploy",), 2),
    (("deploy", "nowhere"), 15),
    (("deploy", "uat", "--plan", "../../etc"), 15),
    (("deploy", "uat", "more"), 2),
    (("smoke",), 2),
    (("smoke", "nowhere"), 15),
    (("smoke", "uat"), 2),
    (("rollback",), 2),
    (("rollback", "nowhere"), 15),
    (("rollback", "uat", "--data", "lose"), 2),
    (("status", "nowhere"), 15),
    (("status", "../uat"), 15),
    (("history", "nowhere"), 15),
    (("explain", "E-NONSENSE"), 2),
    (("explain", "99"), 2),
    (("completion", "tcsh"), 2),
    (("--progress", "loud", "status"), 2),
]


@pytest.mark.parametrize(
    ("words", "status"),
    BAD_LINES,
)
def test_a_bad_command_line_ends_with_its_code_a_state_and_what_next(
    desk: Desk, words: tuple[str, ...], status: int
) -> None:
    before = desk.files()
    told = desk.type(*words)
    assert told.status == status
    assert told.out == ("" if "deploy" not in words and "rollback" not in words else told.out)
    assert told.everything.count("STATE") == 1
    assert told.everything.count("Next: ") == 1
    assert "error: " in told.err
    assert "Traceback" not in told.everything
    assert desk.files() == before


@pytest.mark.parametrize(("words", "status"), BAD_LINES)
def test_with_json_a_bad_command_line_is_one_object(desk: Desk, words: tuple[str, ...], status: int) -> None:
    told = desk.type(*words, "--json")
    assert told.status == told.json["error"]["exit_code"] == status
    assert {"format_version", "error", "state", "next"} == set(told.json)
    assert {"code", "exit_code", "message", "resolution", "details"} <= set(told.json["error"])


def test_the_root_help_shows_every_exit_code(desk: Desk) -> None:
    told = desk.type("--help")
    assert told.status == 0
    assert all(f"{status:>5}  {meaning}" in told.out for status, meaning in EXIT_CODES.items())


def test_every_error_class_has_an_exit_code_of_the_table() -> None:
    def classes(one: type[ReleaseError]) -> list[type[ReleaseError]]:
        return [one, *(found for child in one.__subclasses__() for found in classes(child))]

    assert {one.exit_code for one in classes(ReleaseError)} <= set(EXIT_CODES)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_examples(desk: Desk, command: str) -> None:
    told = desk.type(command, "-h")
    assert told.status == 0
    assert f"olmis-release {command}" in told.out
    assert "Examples:" in told.out
    found = root.get_command(click.Context(root), command)
    assert found is not None
    options = [parameter for parameter in found.params if isinstance(parameter, click.Option)]
    assert all(option.help for option in options)


def test_an_unexpected_fault_leaves_a_log_and_no_traceback_on_the_terminal(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("open-sesame-2026 divided by zero")

    monkeypatch.setattr(wiring, "open_site", broken)
    told = desk.type("deploy", "uat")
    assert told.status == 1
    assert "Traceback" not in told.everything
    [log] = (desk.root / ".olmis-release" / "logs").glob("*.log")
    assert str(log) in told.everything
    assert "Traceback" in log.read_text(encoding="utf-8")
    assert "open-sesame" not in told.everything + log.read_text(encoding="utf-8")


def test_a_full_disk_is_named_and_no_fault_of_ours(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/workspace/plans/x")

    monkeypatch.setattr(wiring, "open_site", full)
    told = desk.type("plan", "--to", "uat")
    assert told.status == 15
    assert "error: /workspace/plans/x: No space left on device. [E-UNWRITABLE]" in told.err


def test_an_unexpected_fault_outside_a_workspace_is_logged_aside(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("olmis_release.cli.session.find_workspace", lambda _start: 1 / 0)
    told = desk.type("status")
    assert told.status == 1
    [log] = tmp_path.glob("olmis-release-*.log")
    assert str(log) in told.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_command_with_130_and_says_so(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    monkeypatch.setattr(wiring, "open_site", lambda *_: os.kill(os.getpid(), number))
    told = desk.type("status", "uat")
    assert told.status == 130
    assert "STATE uat: untouched" in told.err
    assert "Next: olmis-release status uat" in told.err


def test_an_error_shows_what_where_and_what_next_without_control_characters(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise StepFailed("nginx said \x1b[31mno", resolution="Ask nginx.", details="line 1\nline \u202e2")

    monkeypatch.setattr(wiring, "open_site", refused)
    told = desk.type("status", "uat")
    assert told.err.splitlines() == [
        "error: nginx said \\x1b[31mno [E-STEP]",
        "  line 1",
        "  line \\u202e2",
        "STATE uat: untouched; nothing was deployed from this workspace yet.",
        "Next: Ask nginx.",
    ]


def test_outside_a_workspace_the_way_in_is_named(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = desk.type("--repo", str(tmp_path), "status")
    assert told.status == 15
    assert "[E-NO-WORKSPACE]" in told.err
    assert "olmis-release init" in told.err


@pytest.mark.parametrize("words", [(), ("plan", "show"), ("plan", "render"), *((name,) for name in COMMANDS)])
def test_the_help_pages_are_as_reviewed(desk: Desk, golden: Callable[[str, str], None], words: tuple[str, ...]) -> None:
    golden(f"cli/help/{'-'.join(words) or 'root'}.txt", desk.type(*words, "--help").out)
