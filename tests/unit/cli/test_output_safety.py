"""What comes from logs, labels, hooks and people never steers the terminal, whatever shows it."""

import json
import re
import sys
from collections.abc import Callable

import pytest

from olmis_release.cli.json_lines import JsonLines
from olmis_release.cli.live import LiveProgress
from olmis_release.cli.plain import PlainLog
from olmis_release.cli.result import Result
from olmis_release.cli.session import Session
from olmis_release.cli.speech import tell_error, tell_result
from olmis_release.cli.stage import Renderer
from olmis_release.cli.tables import table
from olmis_release.errors import BadInput, NotRestored, Problem, ReleaseError, Where
from olmis_release.events import Event, Evidence, Note, Progress, StepEvent, StepStatus
from olmis_release.plan.documents import render_html, render_markdown
from tests.fakes.cli import Desk, a_plan

ESCAPES = {
    "\x1b[2J": r"\x1b[2J",
    "\x1b]52;c;ZXZpbA==\x07": r"\x1b]52;c;ZXZpbA==\x07",
    "\x1b]0;title\x1b\\": r"\x1b]0;title\x1b" + "\\",
    "\x9b31m": r"\x9b31m",
    "\r": r"\x0d",
    "\x08": r"\x08",
    "\x7f": r"\x7f",
    "\u202e": r"\u202e",
    "\u2066": r"\u2066",
    "\u200b": r"\u200b",
    "\ufeff": r"\ufeff",
    "\u2028": r"\u2028",
    "\U000e0041": r"\U000e0041",
}
LITERAL = ("[/red]", "[link=https://evil]x[/link]", "[bold", ":smile:", "{x}", "%s")
HOSTILE = "a" + "".join(ESCAPES) + "".join(LITERAL) + "z"
RAW = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e0fff]"
)
EVENTS: tuple[Event, ...] = (
    *(StepEvent(number=1, total=2, title=HOSTILE, status=status, note=HOSTILE) for status in StepStatus),
    Progress(activity=HOSTILE, done=1, total=2, unit=HOSTILE),
    Note(message=HOSTILE),
    Note(message=HOSTILE, warning=True),
    Evidence(title=HOSTILE, text=f"{HOSTILE}\n{HOSTILE}\n", path=HOSTILE),
    Evidence(title=HOSTILE, text="", path=HOSTILE),
)
RENDERERS: dict[str, Callable[[Session], Renderer]] = {
    "plain": PlainLog,
    "tty": LiveProgress,
    "json": lambda session: JsonLines(session.sink),
}
OURS = re.compile("\x1b\\[[0-9;?]*[A-Za-z]|\r")
"""What rich itself sends to move its live line; colours are off."""


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "5000")
    monkeypatch.setenv("NO_COLOR", "1")
    return Session()


def assert_harmless(text: str) -> None:
    assert not RAW.search(text), ascii(RAW.findall(text))


def assert_all_of_it_is_seen(text: str) -> None:
    for escape in ESCAPES.values():
        assert escape in text
    for word in LITERAL:
        assert word in text


@pytest.mark.parametrize(
    "number", range(len(EVENTS)), ids=[f"{n}-{type(one).__name__}" for n, one in enumerate(EVENTS)]
)
@pytest.mark.parametrize("name", RENDERERS)
def test_no_event_steers_the_terminal(
    name: str, number: int, session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    renderer = RENDERERS[name](session)
    renderer.report(EVENTS[number])
    renderer.close()
    printed = capsys.readouterr()
    assert_harmless(printed.out + printed.err)
    if name == "json":
        assert HOSTILE in json.loads(printed.err).values()


def test_the_live_line_shows_escapes_and_markup_as_text(
    session: Session, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    live = LiveProgress(session)
    for event in EVENTS:
        live.report(event)
    live.close()
    told = OURS.sub("", capsys.readouterr().err)
    assert_harmless(told)
    assert_all_of_it_is_seen(told)


def test_a_result_and_its_last_lines_are_harmless(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    failure = NotRestored(HOSTILE, resolution=HOSTILE, details=f"{HOSTILE}\n{HOSTILE}")
    tell_result(session, Result(text=HOSTILE, state=HOSTILE, next=HOSTILE, failure=failure, brief=HOSTILE))
    printed = capsys.readouterr()
    assert_harmless(printed.out + printed.err)
    assert_all_of_it_is_seen(printed.out)


@pytest.mark.parametrize(
    "error",
    [
        ReleaseError(HOSTILE, resolution=HOSTILE, details=HOSTILE),
        BadInput([Problem(code="E-X", message=HOSTILE, resolution=HOSTILE, where=Where(file=HOSTILE, line=1))]),
    ],
)
@pytest.mark.parametrize("as_json", [True, False])
def test_an_error_is_harmless(
    error: ReleaseError, as_json: bool, session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    session.as_json = as_json
    tell_error(session, error, state=HOSTILE)
    printed = capsys.readouterr()
    assert_harmless(printed.out + printed.err)
    if as_json:
        assert HOSTILE in json.loads(printed.out)["error"]["message"]


@pytest.mark.parametrize("width", [200, 20])
def test_no_cell_of_a_table_can_forge_a_line(width: int) -> None:
    told = table(["NAME", "NOTE"], [["auth", f"{HOSTILE}\nSTATE uat: open"], [HOSTILE, "ok"]], width=width)
    assert_harmless(told)
    assert_all_of_it_is_seen(told)
    assert not any(line.startswith("STATE") for line in told.splitlines())


@pytest.mark.parametrize("name", ["plain", "tty"])
def test_no_event_can_forge_a_line_of_ours(name: str, session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    forged = "x\nSTATE uat: open, serving 3.5.0."
    renderer = RENDERERS[name](session)
    for event in (
        Note(message=forged),
        Evidence(title="log", text=forged),
        StepEvent(number=1, total=2, title="start", status=StepStatus.FAILED, note=forged),
    ):
        renderer.report(event)
    renderer.close()
    tell_error(session, ReleaseError(forged, resolution="-", details=forged), state="uat: held")
    told = capsys.readouterr()
    lines = (told.out + told.err).splitlines()
    assert [line for line in lines if line.startswith("STATE")] == ["STATE uat: held"]


def test_history_shows_what_somebody_put_into_a_record_as_text(desk: Desk) -> None:
    desk.deployed(by=HOSTILE, release=HOSTILE, failure=HOSTILE)
    for words in (["history", "uat"], ["history", "uat", "--json"], ["status", "uat"]):
        assert_harmless(desk.type(*words).everything)


def test_plan_documents_show_it_as_text() -> None:
    plan = a_plan(release=HOSTILE, author=HOSTILE, notes=(HOSTILE, f"<script>alert(1)</script>{HOSTILE}"))
    page = render_html(plan, code="F7DS-JEEJ", hash_hex="0" * 64)
    assert_harmless(page)
    assert "<script>alert" not in page
    text = render_markdown(plan, code="F7DS-JEEJ", hash_hex="0" * 64)
    assert_harmless(text)
    assert "[link" not in text.replace("\\[link", "")
