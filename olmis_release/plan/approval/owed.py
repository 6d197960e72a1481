"""What was approved by word of mouth and never given in writing: it stands in the way of the next ordinary plan."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from olmis_release.errors import ApprovalMissing
from olmis_release.instance.config import InstanceConfig
from olmis_release.plan.approval.desk import FOLDER, approvals_of
from olmis_release.plan.approval.judging import Fault, Judged
from olmis_release.plan.approval.statement import is_emergency
from olmis_release.plan.model import Outcome
from olmis_release.plan.records import runs
from olmis_release.plan.sets import PlanSet, load_plan
from olmis_release.text import safe
from olmis_release.workspace import Workspace


def owed_for(
    workspace: Workspace, config: InstanceConfig, plan_set: PlanSet, *, now: datetime
) -> ApprovalMissing | None:
    """Return the refusal of an ordinary plan while the writing for an emergency that was carried out is overdue.

    Raises:
        BadInput, PlanStale: The plan of a run cannot be read.
        StepFailed: There is no ssh-keygen.
    """
    if is_emergency(plan_set.plan):
        return None
    overdue = list(_overdue(workspace, config, now))
    if not overdue:
        return None
    earlier, one = overdue[0]
    statement = one.statement
    who = f"--as {safe(statement.role)} --by {safe(statement.person)}" if statement else ""
    error = ApprovalMissing(
        f"Writing is owed to {config.name}: an emergency was carried out there on a spoken approval.",
        details="\n".join(f"Plan {each.code}: {judged.file} {judged.why}." for each, judged in overdue),
        resolution=f"olmis-release approve {earlier.code} {who} --evidence FILE",
    )
    error.code = "E-WRITING-OWED"
    return error


def _overdue(workspace: Workspace, config: InstanceConfig, now: datetime) -> Iterator[tuple[PlanSet, Judged]]:
    carried_out = {run.code for run in runs(workspace, config.name) if run.outcome is not Outcome.REFUSED}
    for code in sorted(carried_out):
        if any((workspace.plan(code) / FOLDER).glob("*-approve-*.json")):
            earlier = load_plan(workspace, code)
            counted = approvals_of(workspace, config, earlier, now=now)
            yield from ((earlier, one) for one in counted.faulty if one.fault is Fault.WRITING_OVERDUE)
