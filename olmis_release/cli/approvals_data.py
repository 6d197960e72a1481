"""Who approved a plan and who is missing, for scripts; and of every open plan, how many have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from olmis_release.errors import ReleaseError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from olmis_release.plan.approval.judging import Judged
    from olmis_release.plan.approval.tally import Given, Tally
    from olmis_release.workspace import Workspace


def tally_data(counted: Tally) -> dict[str, object]:
    """Return a tally for scripts."""
    return {
        "code": counted.code,
        "instance": counted.instance,
        "complete": counted.complete,
        "roles": list(counted.roles),
        "given": [_given_data(role, one) for role, one in counted.given.items()],
        "missing": [{"role": role, "people": list(counted.approvers.get(role, ()))} for role in counted.missing],
        "rejected": [_judged_data(one) for one in counted.rejected],
        "faulty": [_judged_data(one) for one in counted.faulty],
        "withdrawn": [_judged_data(one) for one in counted.withdrawn],
        "problems": [*counted.problems, *counted.gone],
    }


def _given_data(role: str, given: Given) -> dict[str, object]:
    from olmis_release.clock import iso

    return {
        "role": role,
        "lapses": iso(given.lapses),
        "writing_due": iso(given.writing_due) if given.writing_due else None,
        **_judged_data(given.judged),
    }


def _judged_data(one: Judged) -> dict[str, object]:
    return {
        "file": one.file,
        "key": one.fingerprint,
        "fault": str(one.fault) if one.fault else None,
        "why": one.why,
        "blocks": one.is_forgery,
        "statement": one.statement.model_dump(mode="json") if one.statement else None,
    }


def open_tallies(workspace: Workspace, instance: str) -> tuple[Tally, ...]:
    """Return what the approvals of each open plan come to; none where the policy asks for none, or nobody can say."""
    from olmis_release.cli import wiring
    from olmis_release.plan.approval.desk import approvals_of
    from olmis_release.plan.sets import open_plans

    try:
        config = wiring.read_instance(workspace, instance)
        found = open_plans(workspace, instance) if config.policy.roles else ()
        return tuple(one for one in (approvals_of(workspace, config, plan) for plan in found) if one.roles)
    except ReleaseError:  # the commands that carry something out say what is wrong with a plan
        return ()


def open_lines(counted: Iterable[Tally]) -> Iterator[str]:
    """Yield a line for each open plan: how many have approved, and who has not."""
    for one in counted:
        missing = f"; waiting for {', '.join(one.missing)}" if one.missing else ""
        yield f"  {one.instance}: plan {one.code} is open: {one.count}{missing}"
