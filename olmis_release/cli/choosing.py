"""Which plan a command means when a person names only the instance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from olmis_release.cli.session import Session
from olmis_release.cli.who import operator
from olmis_release.errors import ReleaseError, UsageError

if TYPE_CHECKING:
    from olmis_release.instance.site import Site
    from olmis_release.plan.sets import PlanSet


def named_plan(session: Session, code: str, *, instance: str) -> PlanSet:
    """Return the plan of a code.

    Raises:
        BadInput: There is no such plan, or it was altered.
        UsageError: It is for another instance.
    """
    from olmis_release.plan.sets import load_plan

    chosen = load_plan(session.workspace, code)
    if chosen.plan.instance != instance:
        raise UsageError(
            f"Plan {chosen.code} is for {chosen.plan.instance}, not for {instance}.",
            resolution=f"olmis-release plan {chosen.plan.release} --to {instance}",
        )
    return chosen


def open_deploys(session: Session, instance: str, *, release: str | None = None) -> tuple[PlanSet, ...]:
    """Return the plans of an instance that were never run, newest last; only those to `release` when it is named."""
    from olmis_release.plan.model import PlanPurpose
    from olmis_release.plan.sets import open_plans

    return tuple(
        one
        for one in open_plans(session.workspace, instance)
        if one.plan.purpose is PlanPurpose.DEPLOY and release in {None, one.plan.release}
    )


def the_open_plan(session: Session, site: Site, *, release: str | None = None) -> PlanSet | None:
    """Return the one plan that a deploy would take, None when there is none.

    Raises:
        UsageError: There are several that are not stale; lists them.
    """
    found = open_deploys(session, site.config.name, release=release)
    if len(found) > 1:
        found = tuple(one for one in found if is_fresh(session, site, one)) or found[-1:]
    if len(found) > 1:
        raise UsageError(
            f"{site.config.name} has {len(found)} open plans; say which one.",
            details="\n".join(_described(one) for one in reversed(found)),
            resolution=f"olmis-release {_verb()} {site.config.name} --plan {found[-1].code}",
        )
    return found[0] if found else None


def _verb() -> str:
    """Return the command that is being carried out: what it is told to add is an option of its own."""
    context = click.get_current_context(silent=True)
    return context.info_name if context and context.info_name else "deploy"


def plan_to_carry_out(
    session: Session, site: Site, *, release: str | None, give_up_database: bool = False
) -> PlanSet | None:
    """Return the one open plan, else a new one where nobody need approve it; None when there is nothing to do.

    Raises:
        UsageError: Several plans are open, or none is and the policy wants one approved first.
    """
    from olmis_release.plan.make import make_plan

    found = the_open_plan(session, site, release=release)
    if found is not None:
        return found
    if site.config.asks_for_inputs:
        raise UsageError(
            f"{site.config.name} has no open plan, and its plans need what only people know.",
            resolution=f"olmis-release plan {release or 'RELEASE'} --to {site.config.name} --inputs FILE",
        )
    if site.config.policy.approvals:
        raise UsageError(
            f"{site.config.name} has no open plan, and its policy wants one approved by "
            f"{', '.join(site.config.policy.approvals)}.",
            resolution=f"olmis-release plan {release or 'RELEASE'} --to {site.config.name}",
        )
    return make_plan(session.workspace, site, release, author=operator(), give_up_database=give_up_database)


def require_typed(chosen: PlanSet, *, no_db_rollback: bool) -> None:
    """Refuse a plan whose database cannot go back unless that was typed, and the other way round.

    Raises:
        UsageError: What was typed is not what the plan says.
    """
    from olmis_release.plan.model import StepKind

    plan = chosen.plan
    if plan.gives_up_database and not no_db_rollback:
        raise UsageError(
            f"Plan {chosen.code} changes the database and does not take that back if it fails.",
            resolution=f"olmis-release deploy {plan.instance} --plan {chosen.code} --no-db-rollback (if that is meant)",
        )
    if no_db_rollback and any(step.kind is StepKind.TAKE_ROLLBACK_POINT for step in plan.steps):
        raise UsageError(
            f"Plan {chosen.code} takes the database back if it fails; --no-db-rollback belongs to another plan.",
            resolution=f"olmis-release plan {plan.release} --to {plan.instance} --no-db-rollback",
        )


def require_ready(session: Session, site: Site, chosen: PlanSet) -> None:
    """Refuse for the reasons that need no preflight, before a person is shown a plan and asked to confirm it."""
    from olmis_release import clock
    from olmis_release.deploy.gatekeeping import (
        require_approvals,
        require_fresh,
        require_second_person,
        require_unused,
    )
    from olmis_release.deploy.opening import require_open_now

    require_open_now(site.config, chosen, now=clock.now())
    require_approvals(session.workspace, site.config, chosen)
    require_second_person(session.workspace, site.config, chosen, operator=operator())
    require_unused(session.workspace, chosen)
    require_fresh(session.workspace, site, chosen)


def is_fresh(session: Session, site: Site, plan_set: PlanSet) -> bool:
    """Return whether a plan could be carried out; one of which that cannot be told is not preferred."""
    from olmis_release.manifest.lock import read_release
    from olmis_release.plan.staleness import differences, read_base

    file = plan_set.plan.release_file
    try:
        manifest = read_release(session.workspace.root / file, shown_as=file)
        return not differences(plan_set.plan.base, read_base(session.workspace, site, manifest))
    except ReleaseError:
        return False


def _described(plan_set: PlanSet) -> str:
    plan = plan_set.plan
    return f"--plan {plan_set.code}   {plan.release}, made {plan.created} by {plan.author}"
