"""Whether an instance may be changed now: its windows, its freezes, and the window of the plan."""

from __future__ import annotations

from datetime import datetime

from olmis_release.errors import OutsideWindow
from olmis_release.instance.config import InstanceConfig
from olmis_release.plan.model import PlanPurpose
from olmis_release.plan.sets import PlanSet
from olmis_release.plan.window_choice import outside, require_open, shown


def require_open_now(config: InstanceConfig, plan_set: PlanSet, *, now: datetime) -> None:
    """Refuse a deploy outside of the instance's windows, in a freeze, or outside of the plan's own window.

    Going back is never refused for the hour.

    Raises:
        OutsideWindow: Says why, and when it may be done.
    """
    plan = plan_set.plan
    if plan.purpose is PlanPurpose.ROLLBACK:
        return
    require_open(config, plan.route, now, release=plan.release)
    if plan.window is None or plan.window.span.holds(now):
        return
    span = plan.window.span
    if now < span.start:
        raise OutsideWindow(
            f"The window of plan {plan_set.code} is {shown(config, span)}; it has not begun.",
            resolution=f"olmis-release deploy {plan.instance} --plan {plan_set.code} (then)",
        )
    over = f"The window of plan {plan_set.code} is over: it was {shown(config, span)}."
    raise outside(config, over, route=plan.route, after=now, release=plan.release)
