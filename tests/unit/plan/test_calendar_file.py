"""The dates of a plan, as a calendar program reads them."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar

from olmis_release.plan.documents.calendar_file import Dated, calendar_of
from olmis_release.plan.model import Plan
from olmis_release.plan.renditions import write_calendar, write_documents
from olmis_release.plan.sets import load_plan, revision_of, write_plan
from tests.fakes.plan import a_plan, a_workspace
from tests.unit.plan.test_languages import a_signed_plan


def read(data: bytes) -> Any:
    return Calendar.from_ical(data)


def events(data: bytes) -> dict[str, Any]:
    return {str(event["uid"]).partition("@")[0]: event for event in read(data).walk("VEVENT")}


def dated(plan: Plan | None = None, revision: int = 0) -> Dated:
    return Dated(plan=plan or a_signed_plan(), code="F7DS-JEEJ", revision=revision)


def test_four_dates_with_uids_that_stay_the_same() -> None:
    assert set(events(calendar_of([dated()]))) == {
        "prod-3.5.0+mw1-window",
        "prod-3.5.0+mw1-go-no-go",
        "prod-3.5.0+mw1-rollback-decision",
        "prod-3.5.0+mw1-hypercare-end",
    }


def test_times_are_in_the_instances_zone_which_the_file_defines() -> None:
    data = calendar_of([dated()])
    window = events(data)["prod-3.5.0+mw1-window"]
    assert window["dtstart"].to_ical() == b"20261128T190000"
    assert window["dtstart"].params["TZID"] == "Africa/Kinshasa"
    (zone,) = read(data).walk("VTIMEZONE")
    assert zone["tzid"] == "Africa/Kinshasa"
    (standard,) = zone.walk("STANDARD")
    assert standard["tzoffsetto"].td == timedelta(hours=1)


def test_a_zone_whose_clocks_change_is_defined_with_both_offsets() -> None:
    plan = a_signed_plan().model_copy(update={"time_zone": "Europe/Lisbon"})
    (zone,) = read(calendar_of([dated(plan)])).walk("VTIMEZONE")
    offsets = {part["tzoffsetto"].td for part in (*zone.walk("STANDARD"), *zone.walk("DAYLIGHT"))}
    assert {timedelta(0), timedelta(hours=1)} <= offsets


def test_the_moments_are_those_of_the_plan() -> None:
    found = events(calendar_of([dated()]))
    starts = {name: event.decoded("dtstart") for name, event in found.items()}
    assert starts["prod-3.5.0+mw1-rollback-decision"] == datetime.fromisoformat("2026-11-28T19:15:00Z")
    assert starts["prod-3.5.0+mw1-hypercare-end"] == datetime.fromisoformat("2026-12-03T20:00:00Z")


def test_withdrawn_dates_are_cancelled_with_the_next_number() -> None:
    data = calendar_of([dated(revision=2)], cancel=True)
    assert read(data)["method"] == "CANCEL"
    assert {(event["status"], event["sequence"]) for event in events(data).values()} == {("CANCELLED", 3)}
    assert not read(data).walk("VALARM")


def test_the_file_is_as_the_standard_wants_it() -> None:
    data = calendar_of([dated()])
    assert read(data)["method"] == "PUBLISH"
    assert data.count(b"\n") == data.count(b"\r\n")
    assert max(len(line) for line in data.split(b"\r\n")) <= 75
    for event in events(data).values():
        assert {"uid", "dtstamp", "dtstart", "dtend", "summary", "sequence"} <= {str(key).lower() for key in event}


def test_a_plan_without_a_window_has_no_dates() -> None:
    assert events(calendar_of([dated(a_plan())])) == {}


@pytest.fixture
def signed() -> Plan:
    return a_signed_plan().model_copy(update={"compose": a_plan().compose, "previous_compose": None})


def test_moving_a_release_moves_its_dates(tmp_path: Path, signed: Plan) -> None:
    workspace = a_workspace(tmp_path)
    later = signed.model_copy(update={"created": "2026-11-17T07:12:00Z"})
    first = write_plan(workspace, signed, compose_text="compose", previous_text=None)
    second = write_plan(workspace, later, compose_text="compose", previous_text=None)
    assert (revision_of(workspace, signed), revision_of(workspace, later)) == (0, 1)
    sequences = [events((one.folder / "plan.ics").read_bytes()) for one in (first, second)]
    assert [{event["sequence"] for event in one.values()} for one in sequences] == [{0}, {1}]


def test_documents_can_be_written_anew_and_the_plan_stays(tmp_path: Path, signed: Plan) -> None:
    workspace = a_workspace(tmp_path)
    made = write_plan(workspace, signed, compose_text="compose", previous_text=None, inputs_text=b"reason: x\n")
    before = (made.folder / "plan.json").read_bytes()
    (made.folder / "plan.pt.html").unlink()
    write_documents(made)
    write_calendar(workspace, made, cancel=True)
    names = {path.name for path in made.folder.iterdir()}
    assert {"plan.pt.html", "plan.fr.md", "plan.ics", "plan.cancelled.ics", "inputs.yml"} <= names
    assert load_plan(workspace, made.code).plan == signed
    assert (made.folder / "plan.json").read_bytes() == before
