"""Put the data of an accepted deploy back to where it was before, because a person said so."""

from __future__ import annotations

from dataclasses import dataclass

from olmis_release.deploy.job import Job
from olmis_release.instance.config import RollbackMethod
from olmis_release.plan.model import PlannedStep


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapDatabase:
    """Swap an accepted rollback point into place; the plan named what that loses.

    Effect: the database is as it was when the point was taken, filled from its dump where that is what was taken; the
        present one is kept, closed.
    Undo: swaps them again.
    """

    planned: PlannedStep

    def apply(self, job: Job) -> str:
        """Swap."""
        point = self.planned.parameters["point"]
        database = job.site.database
        if database.point(point) is None and database.facts(job.failed_name) is None:
            job.site.fallbacks[RollbackMethod.DUMP].restore(point, run=job.run, accepted=True)
        database.close(timeout_s=job.site.config.timeouts.gate_s)
        database.swap(point, failed=job.failed_name, accepted=True)
        return f"database is as of {point}; the other is kept closed as {job.failed_name}"

    def undo(self, job: Job) -> str:
        """Swap back."""
        database = job.site.database
        if database.facts(job.failed_name) is None:
            database.open()
            return "the database was not swapped"
        database.close(timeout_s=job.site.config.timeouts.gate_s)
        database.swap_back(self.planned.parameters["point"], failed=job.failed_name)
        return "database swapped back"
