"""What is to come, and where it clashes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from olmis_release.plan.agenda import Kind, Planned, clashes, entries
from tests.unit.plan.test_languages import a_signed_plan
from tests.unit.plan.test_windows import NOW, SATURDAYS, an_instance

CLOSING = {"from": "2026-11-25", "to": "2026-11-26", "reason": "stock count"}


def planned(code: str = "F7DS-JEEJ", **values: Any) -> Planned:
    return Planned(plan=a_signed_plan().model_copy(update=values), code=code)


def test_plans_windows_and_freezes_stand_in_order_of_time() -> None:
    config = an_instance(windows=[SATURDAYS], freezes=[CLOSING])
    found = entries(config, [planned()], now=NOW, ahead=timedelta(days=13))
    assert [(one.kind, one.span.start.day) for one in found] == [
        (Kind.WINDOW, 21),
        (Kind.FREEZE, 24),
        (Kind.PLAN, 28),
        (Kind.WINDOW, 28),
    ]


def test_a_freeze_is_shown_as_long_as_it_is_however_near_one_looks() -> None:
    long = {"from": "2026-11-01", "to": "2027-01-03", "reason": "year end"}
    (found,) = entries(an_instance(freezes=[long]), [], now=NOW, ahead=timedelta(days=5))
    assert (f"{found.span.start:%d %b}", f"{found.span.end:%d %b}") == ("31 Oct", "03 Jan")


def test_what_is_over_is_left_out() -> None:
    after = datetime(2026, 12, 1, tzinfo=UTC)
    assert entries(an_instance(), [planned()], now=after, ahead=timedelta(days=30)) == ()


def test_two_plans_for_one_instance_at_one_time_clash() -> None:
    found = clashes([an_instance()], [planned(), planned("K2QM-7RTA")])
    assert found == ("F7DS-JEEJ and K2QM-7RTA are both for prod at the same time.",)


def test_nobody_can_be_in_two_places() -> None:
    found = clashes([], [planned(), planned("K2QM-7RTA", instance="training")])
    assert found == (
        "F7DS-JEEJ (prod) and K2QM-7RTA (training) need A. Moyo, C. Phiri, J. Mbewe, M. Banda at the same time.",
    )


def test_a_freeze_or_window_that_came_later_clashes_with_a_plan() -> None:
    frozen = an_instance(freezes=[{"from": "2026-11-28", "to": "2026-11-28", "reason": "vote"}])
    assert clashes([frozen], [planned()]) == ("F7DS-JEEJ lies in a freeze of prod: vote.",)
    sundays = an_instance(windows=[{**SATURDAYS, "days": ["sun"]}])
    assert clashes([sundays], [planned()]) == ("F7DS-JEEJ lies outside of the windows of prod.",)
    assert clashes([an_instance()], [planned()]) == ()
