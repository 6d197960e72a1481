"""Refuse what is wrong in files before an instance is asked anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from olmis_release.cli.session import Session

if TYPE_CHECKING:
    from olmis_release.plan.sets import PlanSet


def require_good_files(session: Session, instance: str) -> None:
    """Look at the files of an instance that a plan is made from: instance file, settings, hooks.

    Raises:
        BadInput, PreflightRefused: One of them cannot be used.
    """
    from olmis_release.instance.settings import read_settings
    from olmis_release.plan.hook_files import require_hooks_inside

    config = session.about(instance)
    require_hooks_inside(session.workspace)
    read_settings(session.workspace.root / config.settings, shown_as=config.settings)


def require_good_plan(session: Session, instance: str, code: str | None) -> None:
    """Look at the plan that would be carried out, where it is known already: its bytes and its approvals.

    Raises:
        BadInput, PlanStale: There is no such plan, or it was altered.
        OutsideWindow: The instance may not be changed now.
        ApprovalMissing: An approval is missing.
    """
    from olmis_release import clock
    from olmis_release.deploy.gatekeeping import require_approvals
    from olmis_release.deploy.opening import require_open_now

    plan = _the_plan(session, instance, code)
    if plan is not None and plan.plan.instance == instance:
        require_open_now(session.about(instance), plan, now=clock.now())
        require_approvals(session.workspace, session.about(instance), plan)


def _the_plan(session: Session, instance: str, code: str | None) -> PlanSet | None:
    from olmis_release.plan.sets import load_plan, open_plans

    if code is not None:
        return load_plan(session.workspace, code)
    found = open_plans(session.workspace, instance)
    return found[0] if len(found) == 1 else None
