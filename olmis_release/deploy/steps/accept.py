"""Accept the new release: from here on nothing goes back by itself."""

from __future__ import annotations

from dataclasses import dataclass

from olmis_release.deploy.job import Job
from olmis_release.deploy.steps.proof import prove_once_more
from olmis_release.deploy.steps.rollback_point import accepted_point
from olmis_release.deploy.steps.tidying import tidy
from olmis_release.errors import NotRestored
from olmis_release.instance.ports import DatabaseState, LedgerState
from olmis_release.plan.model import PlannedStep, StepKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept:
    """Record that the new release is good, before any user reaches it.

    Users' writes come after this, so swapping the database after it would lose them: the comment on the rollback point
    says so to everybody who looks.

    Effect: the ledger and the rollback point say accepted, in one transaction.
    Undo: refused, unless a crash came before the mark.
    """

    planned: PlannedStep

    def apply(self, job: Job) -> str:
        """Mark it, proved anew if need be; where no wall keeps users waiting, tidy up at once."""
        prove_once_more(job)
        job.site.database.accept(accepted_point(job))
        if not job.plan_has(StepKind.LOWER_WALL):
            tidy(job)
        return f"{job.release.version} accepted"

    def undo(self, job: Job) -> str:
        """Refuse what was accepted."""
        if not was_accepted(job):
            return "it was not accepted yet"
        raise NotRestored(
            f"{job.release.version} was accepted; it is not taken back by itself.",
            resolution=f"Run olmis-release rollback {job.plan.instance}.",
        )


def was_accepted(job: Job) -> bool:
    """Return whether the release was accepted; the target decides, not the journal.

    A crash between the mark and the journal's record of it leaves an accepted release that the journal does not know.
    """
    if job.journal.finished(StepKind.ACCEPT):
        return True
    if not job.journal.attempted(StepKind.ACCEPT):
        return False
    entries = job.site.database.ledger.entries(job.plan.instance)
    if any(one.state is LedgerState.ACCEPTED for one in entries if one.run == job.run):
        return True
    point = job.site.database.point(job.point) if job.plan_has(StepKind.TAKE_ROLLBACK_POINT) else None
    return point is not None and point.state is DatabaseState.ACCEPTED
