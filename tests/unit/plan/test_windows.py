"""Windows and freezes, and which window a plan gets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest
from pydantic import ValidationError

from olmis_release.errors import OutsideWindow, UsageError
from olmis_release.instance.config import InstanceConfig, Language
from olmis_release.instance.timetable import Freeze, Timetable
from olmis_release.manifest.emergency import Route
from olmis_release.plan.window_choice import choose_window, require_open, shown
from olmis_release.plan.windows import Span, next_opening, opening_at, openings

SATURDAYS = {"days": ["sat"], "from": "20:00", "to": "22:00"}
YEAR_END = {"from": "2026-12-20", "to": "2027-01-03", "reason": "year end"}
NOW = datetime(2026, 11, 16, 7, 12, tzinfo=UTC)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def table(
    *, windows: tuple[Any, ...] = (SATURDAYS,), freezes: tuple[Any, ...] = (), zone: str = "Africa/Blantyre"
) -> Timetable:
    return Timetable.model_validate({"windows": windows, "freezes": freezes, "zone_name": zone})


def an_instance(**values: Any) -> InstanceConfig:
    usual = {
        "kind": "instance",
        "name": "prod",
        "purpose": "production",
        "url": "http://prod",
        "time_zone": "Africa/Blantyre",
        "project": "prod",
        "settings": "settings/prod.env",
        "database": {"component": "db"},
        "wall": {"image": "nginx:1.22", "publish": "80"},
    }
    return InstanceConfig.model_validate({**usual, **values})


def test_without_windows_and_freezes_it_is_always_open() -> None:
    assert opening_at(table(windows=()), Route.STANDARD, NOW) is not None


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-28T17:59", False),
        ("2026-11-28T18:00", True),
        ("2026-11-28T19:59", True),
        ("2026-11-28T20:00", False),
        ("2026-11-27T18:30", False),
    ],
)
def test_a_window_is_open_in_the_instances_own_time(moment: str, is_open: bool) -> None:
    assert (opening_at(table(), Route.STANDARD, utc(moment)) is not None) is is_open


def test_a_window_may_go_on_over_midnight() -> None:
    night = table(windows=({"days": ["sat"], "from": "22:00", "to": "02:00"},))
    found = opening_at(night, Route.STANDARD, utc("2026-11-28T23:30"))
    assert found == Span(start=utc("2026-11-28T20:00"), end=utc("2026-11-29T00:00"))


def test_a_window_keeps_its_local_hour_when_the_clocks_change() -> None:
    paris = table(windows=({"days": ["sun"], "from": "20:00", "to": "22:00"},), zone="Europe/Paris")
    found = islice(openings(paris, Route.STANDARD, after=utc("2026-10-18T00:00")), 2)
    starts = [span.start.hour for span in found]
    assert starts == [18, 19]


def test_the_next_opening_skips_a_freeze() -> None:
    found = next_opening(table(freezes=(YEAR_END,)), Route.STANDARD, after=utc("2026-12-20T00:00"))
    assert found is not None
    assert found.start == utc("2027-01-09T18:00")


def test_a_freeze_cuts_a_window_that_it_touches() -> None:
    night = {"days": ["sat"], "from": "22:00", "to": "02:00"}
    cut = table(windows=(night,), freezes=({"from": "2026-11-29", "to": "2026-11-29", "reason": "vote"},))
    assert opening_at(cut, Route.STANDARD, utc("2026-11-28T21:00")) == Span(
        start=utc("2026-11-28T20:00"), end=utc("2026-11-28T22:00")
    )


@pytest.mark.parametrize(
    ("day", "holds"), [("2026-02-28", True), ("2026-02-27", False), ("2026-03-31", True), ("2026-03-01", True)]
)
def test_days_of_every_month_may_be_frozen_the_last_one_too(day: str, holds: bool) -> None:
    freeze = Freeze(month_days=(1, -1), reason="requisitions are submitted")
    assert freeze.holds_on(datetime.fromisoformat(day).date()) is holds


def test_a_window_may_be_for_emergencies_only() -> None:
    mixed = table(windows=(SATURDAYS, {"days": ["mon"], "from": "00:00", "to": "00:00", "routes": ["emergency"]}))
    monday = utc("2026-11-23T10:00")
    assert opening_at(mixed, Route.STANDARD, monday) is None
    assert opening_at(mixed, Route.EMERGENCY, monday) is not None


@pytest.mark.parametrize(
    "freeze",
    [
        {"reason": "x"},
        {"from": "2026-12-20", "reason": "x"},
        {"from": "2026-12-20", "to": "2026-12-19", "reason": "x"},
        {"from": "2026-12-20", "to": "2026-12-21", "month_days": [1], "reason": "x"},
    ],
)
def test_a_freeze_that_says_nothing_or_two_things_is_refused(freeze: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Freeze.model_validate(freeze)


def test_a_typed_window_is_in_the_instances_time_and_ends_with_the_instances_window() -> None:
    found = choose_window(an_instance(windows=[SATURDAYS]), "2026-11-28 20:30", route=Route.STANDARD, now=NOW)
    assert found is not None
    assert (found.start, found.end) == ("2026-11-28T18:30:00Z", "2026-11-28T20:00:00Z")


@pytest.mark.parametrize(
    ("typed", "end"),
    [("2026-11-28 20:00/21:00", "2026-11-28T19:00:00Z"), ("2026-11-28 23:00/01:00", "2026-11-28T23:00:00Z")],
)
def test_the_end_may_be_typed(typed: str, end: str) -> None:
    found = choose_window(an_instance(), typed, route=Route.STANDARD, now=NOW)
    assert found is not None
    assert found.end == end


def test_outside_of_the_windows_is_7_with_the_next_one() -> None:
    with pytest.raises(OutsideWindow) as refused:
        choose_window(
            an_instance(windows=[SATURDAYS]), "2026-11-27 20:00", route=Route.STANDARD, now=NOW, release="3.6.0"
        )
    assert refused.value.exit_code == 7
    assert "The next possible window is Sat 28 Nov 2026 20:00 to 22:00 CAT (18:00-20:00 UTC)." in refused.value.message
    assert refused.value.resolution == "olmis-release plan 3.6.0 --to prod --window '2026-11-28 20:00'"


def test_a_freeze_is_named_with_its_reason() -> None:
    config = an_instance(windows=[SATURDAYS], freezes=[YEAR_END])
    with pytest.raises(
        OutsideWindow, match=r"lies in a freeze: year end\. The next possible window is Sat 09 Jan 2027"
    ):
        require_open(config, Route.STANDARD, utc("2026-12-26T18:30"))


def test_a_window_that_is_longer_than_the_instances_is_refused() -> None:
    with pytest.raises(OutsideWindow, match="It would go on after Sat 28 Nov 2026 22:00 CAT"):
        choose_window(an_instance(windows=[SATURDAYS]), "2026-11-28 21:00/23:00", route=Route.STANDARD, now=NOW)


@pytest.mark.parametrize("typed", ["soon", "2026-13-01 20:00", "2026-11-28 20:00/25:00", "2026-11-01 20:00"])
def test_what_is_no_moment_to_come_is_2(typed: str) -> None:
    with pytest.raises(UsageError):
        choose_window(an_instance(), typed, route=Route.STANDARD, now=NOW)


def test_without_a_typed_window_the_next_one_is_taken_for_which_users_can_be_told_in_time() -> None:
    standard = choose_window(an_instance(windows=[SATURDAYS]), "", route=Route.STANDARD, now=NOW)
    emergency = choose_window(an_instance(windows=[SATURDAYS]), "", route=Route.EMERGENCY, now=NOW)
    assert standard is not None
    assert emergency is not None
    assert (standard.start[:10], emergency.start[:10]) == ("2026-11-28", "2026-11-21")


def test_production_without_windows_must_be_told_when() -> None:
    with pytest.raises(UsageError, match="prod has no windows in its file"):
        choose_window(an_instance(), "", route=Route.STANDARD, now=NOW)
    assert choose_window(an_instance(purpose="uat"), "", route=Route.STANDARD, now=NOW) is None


def test_a_span_of_days_says_on_which_it_ends() -> None:
    span = Span(start=NOW, end=NOW + timedelta(days=2))
    assert shown(an_instance(), span) == "Mon 16 Nov 2026 09:12 to Wed 18 Nov 09:12 CAT (07:12-07:12 UTC)"


def test_the_documents_of_an_instance_are_english_unless_it_says_otherwise() -> None:
    assert an_instance().languages == (Language.ENGLISH,)
