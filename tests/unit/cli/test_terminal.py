import json
import time

import pytest

from olmis_release.cli.json_lines import JsonLines
from olmis_release.cli.live import LiveProgress
from olmis_release.cli.plain import PlainLog
from olmis_release.cli.session import Session
from olmis_release.cli.terminal import choose_progress, wants_color
from olmis_release.errors import UsageError
from olmis_release.events import Event, Evidence, Note, Progress, StepEvent, StepStatus

EVENTS: tuple[Event, ...] = (
    StepEvent(number=1, total=2, title="pull 3 images", status=StepStatus.STARTED),
    Progress(activity="pulling reports", done=41.2, total=96, unit="MB"),
    StepEvent(number=1, total=2, title="pull 3 images", status=StepStatus.DONE, note="96 MB"),
    Note(message="a hook is gone", warning=True),
    Note(message="hook pre-deploy/10-ask"),
    StepEvent(number=2, total=2, title="start \x1b[5mui", status=StepStatus.FAILED, note="[red]no[/red]"),
    Evidence(title="ui, last 2 lines", text="one\ntwo\n", path="/runs/1/ui.log"),
    StepEvent(number=2, total=2, title="start ui", status=StepStatus.UNDO_FAILED),
)


class Tty:
    def isatty(self) -> bool:
        return True


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Session:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    return Session()


def test_a_log_gets_one_timed_line_per_event(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    log = PlainLog(session)
    for event in EVENTS:
        log.report(event)
    log.close()
    lines = capsys.readouterr().err.splitlines()
    assert [line[9:] for line in lines if line[2:3] == ":"] == [
        "1/2 pull 3 images",
        "1/2 done: pull 3 images: 96 MB (0.0 s)",
        "warning: a hook is gone",
        "hook pre-deploy/10-ask",
        "2/2 FAILED: start \\x1b[5mui: [red]no[/red] (0.0 s)",
        "ui, last 2 lines:",
        "2/2 NOT TAKEN BACK: start ui (0.0 s)",
    ]
    assert lines[-4:-1] == ["    one", "    two", "    (all of it: /runs/1/ui.log)"]


def test_a_log_says_what_is_still_going_on(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    log = PlainLog(session, heartbeat_s=0.05)
    log.report(EVENTS[0])
    log.report(EVENTS[1])
    time.sleep(0.3)
    log.close()
    told = capsys.readouterr().err
    assert "still pulling reports, 41 of 96 MB (0 s)" in told


def test_no_heartbeat_between_steps_nor_after_the_end(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    log = PlainLog(session, heartbeat_s=0.02)
    for event in EVENTS[:3]:
        log.report(event)
    time.sleep(0.1)
    log.close()
    assert "still" not in capsys.readouterr().err


def test_a_log_goes_on_after_a_question(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    log = PlainLog(session, heartbeat_s=0.05)
    log.report(EVENTS[0])
    log.close()
    log.report(EVENTS[0])
    time.sleep(0.2)
    log.close()
    assert "still pull 3 images" in capsys.readouterr().err


def test_json_lines_hold_every_field(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    lines = JsonLines(session.sink)
    for event in EVENTS:
        lines.report(event)
    told = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [one["event"] for one in told] == ["step", "progress", "step", "note", "note", "step", "evidence", "step"]
    assert told[1]["done"] == 41.2
    assert told[5]["title"] == "start \x1b[5mui"
    assert all(one["format_version"] == "1.0" and one["time"].endswith("Z") for one in told)


def test_a_terminal_keeps_finished_lines(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    live = LiveProgress(session)
    for event in EVENTS:
        live.report(event)
    live.close()
    told = capsys.readouterr().err
    assert "1/2 done: pull 3 images: 96 MB" in told
    assert "2/2 FAILED: start \\x1b[5mui: [red]no[/red]" in told
    assert "(all of it: /runs/1/ui.log)" in told


@pytest.mark.parametrize(
    ("option", "environment", "tty", "wanted"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ("auto", {"FORCE_COLOR": "1"}, False, True),
        ("auto", {"FORCE_COLOR": "0"}, False, False),
        ("auto", {"TERM": "dumb"}, True, False),
        ("always", {"NO_COLOR": "1"}, False, True),
        ("never", {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_colour_is_the_option_then_no_color_then_force_color_then_the_terminal(
    session: Session, monkeypatch: pytest.MonkeyPatch, option: str, environment: dict[str, str], tty: bool, wanted: bool
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(Tty, "isatty", lambda _self: tty)
    assert wants_color(option, Tty()) is wanted  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("asked", "quiet", "tty", "chosen"),
    [
        ("auto", False, True, "tty"),
        ("auto", False, False, "plain"),
        ("auto", True, True, "quiet"),
        ("json", True, True, "json"),
        ("plain", False, True, "plain"),
        ("tty", False, True, "tty"),
    ],
)
def test_progress_is_what_was_asked_for_or_what_fits(
    session: Session, monkeypatch: pytest.MonkeyPatch, asked: str, quiet: bool, tty: bool, chosen: str
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: tty)
    session.progress, session.quiet = asked, quiet
    assert choose_progress(session) == chosen


def test_a_terminal_view_without_a_terminal_is_refused(session: Session) -> None:
    session.progress = "tty"
    with pytest.raises(UsageError, match="needs a terminal"):
        choose_progress(session)
