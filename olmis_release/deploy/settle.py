"""A run that was cut off: by a crash, a power cut or a kill -9.

Its journal tells which steps may have acted. Whatever was not accepted is taken back; what was accepted is finished.
"""

from __future__ import annotations

from olmis_release import clock
from olmis_release.deploy.evidence import keep_evidence
from olmis_release.deploy.executor import Ending, execute, unwind
from olmis_release.deploy.job import Job
from olmis_release.deploy.journal import Mark
from olmis_release.deploy.lock import locked
from olmis_release.deploy.run import (
    Order,
    announce,
    close_record,
    consul_entrance,
    keep_record,
    last_moment,
    open_job,
)
from olmis_release.deploy.steps.accept import was_accepted
from olmis_release.deploy.steps.table import steps_of
from olmis_release.errors import Interrupted
from olmis_release.instance.site import Site
from olmis_release.plan.model import Outcome, Run, StepKind
from olmis_release.plan.sets import load_plan
from olmis_release.workspace import Workspace


def settle(workspace: Workspace, site: Site, run: Run, *, operator: str) -> tuple[Run, Ending]:
    """Take a run that was cut off back, or finish it if it was accepted.

    Raises:
        InstanceLocked: It is not cut off: another process is carrying it out.
    """
    order = Order(plan_set=load_plan(workspace, run.code), operator=operator)
    with locked(site, doing=f"settling run {run.run} (plan {run.code})"):
        job = open_job(workspace, site, order, run=run.run)
        recall_outage(job)
        with consul_entrance(site):
            ending = _finish(job) if was_accepted(job) else _take_back(job)
        record = close_record(run, job, ending)
        keep_record(workspace, record)
        announce(workspace, job, last_moment(job, ending), outcome=ending.outcome)
        return record, ending


def recall_outage(job: Job) -> None:
    """Count the time in which nobody carried the run on: users were cut off all along."""
    cut_off = (StepKind.RAISE_WALL, StepKind.STOP_COMPONENTS)
    since = next((record.at for record in job.journal.records if record.kind in cut_off), None)
    if since is None or job.previous is None:
        return
    let_in = [one.at for one in job.journal.records if one.kind is StepKind.LOWER_WALL and one.mark is Mark.DONE]
    if let_in:
        job.outage.total_s += (clock.parse_iso(let_in[0]) - clock.parse_iso(since)).total_seconds()
    else:
        job.outage.begin(ago_s=(clock.now() - clock.parse_iso(since)).total_seconds())


def _take_back(job: Job) -> Ending:
    keep_evidence(job)
    cut_off = Interrupted("The run was cut off.", resolution=f"olmis-release plan --to {job.plan.instance}")
    undo_failure = unwind(steps_of(job.plan), job)
    outcome = Outcome.NOT_RESTORED if undo_failure else Outcome.ROLLED_BACK
    return Ending(outcome=outcome, failure=cut_off, undo_failure=undo_failure)


def _finish(job: Job) -> Ending:
    """Carry out what stands after the acceptance: it is all safe to do twice."""
    kinds = [step.kind for step in job.plan.steps]
    first = kinds.index(StepKind.ACCEPT) + 1
    return execute(steps_of(job.plan), job, after=lambda _step: None, on_failure=lambda: None, first=first)
