"""Make sure that the database can go back before new code may change it."""

from __future__ import annotations

from dataclasses import dataclass

from olmis_release.deploy.job import Job
from olmis_release.instance.ports import DatabaseState
from olmis_release.plan.model import PlannedStep, StepKind
from olmis_release.text import human_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeRollbackPoint:
    """Close the database, copy it, let services in again.

    The closing is what proves that nothing acknowledged is lost: from then until the copy is whole nobody can commit.
    The original is migrated and the copy kept, so that a good deploy moves nothing.

    Effect: a closed copy ``<name>__before_<run>`` whose comment says that it is ready.
    Undo: swaps the copy into place if new code may have written, keeping the failed database, closed, for diagnosis;
        drops the copy if none has.
    """

    planned: PlannedStep

    def apply(self, job: Job) -> str:
        """Take the point."""
        database = job.site.database
        database.checkpoint()
        database.close(timeout_s=job.site.config.timeouts.gate_s)
        database.clone(job.point, run=job.run)
        database.open()
        facts = database.facts(job.point)
        return f"{job.point}, {human_bytes(facts.size_bytes) if facts else 'size unknown'}"

    def undo(self, job: Job) -> str:
        """Go back to the point, or drop it."""
        database = job.site.database
        point = database.point(job.point)
        ready = point is not None and point.state is not DatabaseState.COPYING
        if ready and job.journal.attempted(StepKind.START_COMPONENTS):
            database.close(timeout_s=job.site.config.timeouts.gate_s)
            database.swap(job.point, failed=job.failed_name)
            return f"database swapped back; the failed one is kept closed as {job.failed_name}"
        if database.facts(job.failed_name) is not None:
            database.open()
            return "the database is back already"
        database.open()
        database.drop(job.point)
        return "nothing new had run: the database stays, the copy is dropped"
