"""A run that another operator took over: what became of it there, and how that is written down here."""

from __future__ import annotations

from dataclasses import dataclass

from olmis_release.deploy.closing import clear_locks, close_record, keep_record
from olmis_release.deploy.executor import Ending
from olmis_release.deploy.job import Job
from olmis_release.deploy.lock import Hold
from olmis_release.deploy.telling import say
from olmis_release.errors import Interrupted, NotRestored, TargetUnreachable
from olmis_release.instance.ports import LedgerEntry, LedgerState
from olmis_release.plan.model import UNSETTLED, Outcome, Run
from olmis_release.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedElsewhere:
    """How another operator, who took a run over, ended it.

    Attributes:
        who: That operator, ``user@host``.
    """

    ending: Ending
    who: str


def ended_elsewhere(job: Job, run: Run) -> EndedElsewhere | None:
    """Return how another operator, who took the run over, ended it; None when nobody did.

    Raises:
        NotRestored: Another operator took it over and did not end it; the journal here is not the latest.
    """
    known = max(run.epoch, job.journal.last_epoch)
    try:
        entries = job.site.database.ledger.entries(job.plan.instance)
    except TargetUnreachable:
        return None  # no later run can have changed the database: each asks the ledger first
    last = max((one for one in entries if one.run == run.run), key=lambda one: one.epoch, default=None)
    if last is None or not (_is_settled(last) or last.epoch > known):
        return None
    if last.state is not LedgerState.ENDED:
        raise NotRestored(
            f"{last.who} took this run over at {last.at} and did not end it.",
            resolution=f"olmis-release takeover {job.plan.instance}",
        )
    say(job, f"{last.who} carried this run on from {last.at} and ended it: {last.outcome}.")
    outcome = Outcome(last.outcome) if last.outcome in set(Outcome) else Outcome.NOT_RESTORED
    ending = Ending(outcome=outcome, failure=None if outcome is Outcome.DEPLOYED else cut_off(job))
    return EndedElsewhere(ending=ending, who=last.who)


def _is_settled(entry: LedgerEntry) -> bool:
    return entry.state is LedgerState.ENDED and entry.outcome in set(Outcome) - UNSETTLED


def record_only(workspace: Workspace, hold: Hold, job: Job, *, record: Run, ended: EndedElsewhere) -> Run:
    """Write down what another operator made of a run; the hooks ran there, and the instance is nobody's now."""
    record = close_record(record, job, ended.ending).model_copy(update={"ended_by": ended.who})
    keep_record(workspace, record, journal=job.journal.path)
    clear_locks(hold)
    hold.stays = False
    return record


def cut_off(job: Job) -> Interrupted:
    """Return the error of a run that did not come to its end by itself."""
    return Interrupted("The run was cut off.", resolution=f"olmis-release plan --to {job.plan.instance}")
