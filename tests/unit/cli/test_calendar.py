from datetime import timedelta

import pytest

from olmis_release import clock
from olmis_release.plan.windows import PlannedWindow
from tests.fakes.cli import Desk


@pytest.fixture
def tomorrow() -> PlannedWindow:
    start = clock.now() + timedelta(days=1)
    return PlannedWindow(start=clock.iso(start), end=clock.iso(start + timedelta(hours=2)))


def test_open_plans_and_what_clashes_are_shown(desk: Desk, tomorrow: PlannedWindow) -> None:
    one = desk.plan(window=tomorrow)
    other = desk.plan(window=tomorrow, author="T. Phiri")
    told = desk.type("calendar")
    assert told.status == 0
    assert one.code in told.out
    assert "CLASH: " in told.out
    assert f"{other.code}" in told.out


def test_scripts_get_entries_and_clashes(desk: Desk, tomorrow: PlannedWindow) -> None:
    one = desk.plan(window=tomorrow)
    told = desk.type("calendar", "uat", "--json")
    assert [(row["kind"], row["code"], row["start"]) for row in told.json["entries"]] == [
        ("plan", one.code, tomorrow.start)
    ]
    assert told.json["clashes"] == []


def test_nothing_to_come_is_said(desk: Desk) -> None:
    assert "Nothing is to come within 60 days." in desk.type("calendar").out


def test_a_calendar_program_gets_a_file(desk: Desk, tomorrow: PlannedWindow) -> None:
    desk.plan(window=tomorrow)
    file = desk.root / "releases.ics"
    assert desk.type("calendar", "--ics", str(file)).status == 0
    assert file.read_bytes().startswith(b"BEGIN:VCALENDAR\r\n")


def test_a_deploy_outside_of_its_window_is_7_before_anything_is_touched(desk: Desk, tomorrow: PlannedWindow) -> None:
    one = desk.plan(window=tomorrow)
    before = desk.files()
    told = desk.type("deploy", "uat", "--plan", one.code)
    assert told.status == 7
    assert "[E-WINDOW]" in told.err
    assert f"Next: olmis-release deploy uat --plan {one.code} (then)" in told.out
    assert (desk.files(), desk.reporters) == (before, [])


def test_documents_are_rendered_in_another_language(desk: Desk) -> None:
    one = desk.plan()
    told = desk.type("plan", "render", one.code, "--lang", "pt")
    assert told.status == 0
    assert f"Wrote plans/{one.code}/plan.pt.html" in told.out
    assert '<html lang="pt">' in (one.folder / "plan.pt.html").read_text("utf-8")


def test_dates_are_withdrawn_only_where_there_are_some(desk: Desk, tomorrow: PlannedWindow) -> None:
    assert desk.type("plan", "render", desk.plan().code, "--cancel").status == 2
    one = desk.plan(window=tomorrow)
    assert desk.type("plan", "render", one.code, "--cancel").status == 0
    assert b"METHOD:CANCEL" in (one.folder / "plan.cancelled.ics").read_bytes()


def test_without_chromium_a_pdf_is_refused_before_anything_is_planned(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    told = desk.type("plan", "3.5.0+mw1", "--to", "uat", "--pdf")
    assert told.status == 2
    assert "[E-NO-CHROMIUM]" in told.err
    assert "the package chromium" in told.err


def test_the_template_of_inputs_is_printed_alone(desk: Desk) -> None:
    told = desk.type("plan", "3.6.0+mw1", "--to", "uat", "--inputs-template", "emergency")
    assert told.status == 0
    assert told.out.startswith("# What only people know of 3.6.0+mw1 for uat, emergency route.")
    assert "rollback_authority:" in told.out
