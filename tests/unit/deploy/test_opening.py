"""A deploy has its hours; going back has none."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from olmis_release.deploy.opening import require_open_now
from olmis_release.errors import OutsideWindow
from olmis_release.plan.model import PlanPurpose
from olmis_release.plan.sets import PlanSet
from olmis_release.plan.windows import PlannedWindow
from tests.fakes.plan import a_plan
from tests.unit.plan.test_windows import SATURDAYS, an_instance

WINDOW = PlannedWindow(start="2026-11-28T18:00:00Z", end="2026-11-28T20:00:00Z")
FRIDAY = datetime(2026, 11, 27, 18, tzinfo=UTC)
SATURDAY = datetime(2026, 11, 28, 19, tzinfo=UTC)
NEXT_SATURDAY = datetime(2026, 12, 5, 19, tzinfo=UTC)


def a_set(**values: object) -> PlanSet:
    return PlanSet(plan=a_plan().model_copy(update=values), code="F7DS-JEEJ", folder=Path())


def test_in_its_window_a_plan_may_run() -> None:
    require_open_now(an_instance(windows=[SATURDAYS]), a_set(window=WINDOW), now=SATURDAY)


def test_before_its_window_a_plan_waits() -> None:
    said = "The window of plan F7DS-JEEJ is Sat 28 Nov 2026 20:00 to 22:00 CAT .* it has not begun"
    with pytest.raises(OutsideWindow, match=said) as refused:
        require_open_now(an_instance(), a_set(window=WINDOW), now=FRIDAY)
    assert refused.value.resolution == "olmis-release deploy uat --plan F7DS-JEEJ (then)"


def test_after_its_window_a_plan_is_made_anew() -> None:
    with pytest.raises(OutsideWindow, match="The window of plan F7DS-JEEJ is over"):
        require_open_now(an_instance(windows=[SATURDAYS]), a_set(window=WINDOW), now=NEXT_SATURDAY)


def test_a_freeze_that_came_after_the_plan_stops_it() -> None:
    frozen = an_instance(freezes=[{"from": "2026-11-28", "to": "2026-11-28", "reason": "stock count"}])
    with pytest.raises(OutsideWindow, match="lies in a freeze: stock count") as refused:
        require_open_now(frozen, a_set(window=WINDOW), now=SATURDAY)
    assert refused.value.exit_code == 7


def test_an_instance_without_windows_takes_a_plan_without_one_at_any_time() -> None:
    require_open_now(an_instance(), a_set(), now=FRIDAY)


def test_going_back_is_never_refused_for_the_hour() -> None:
    require_open_now(an_instance(windows=[SATURDAYS]), a_set(purpose=PlanPurpose.ROLLBACK), now=FRIDAY)
