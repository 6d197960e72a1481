"""Close the instance to users."""

from __future__ import annotations

from dataclasses import dataclass

from olmis_release.deploy.job import Job
from olmis_release.deploy.steps.proof import prove_again
from olmis_release.plan.model import PlannedStep, StepKind


@dataclass(frozen=True, slots=True, kw_only=True)
class RaiseWall:
    """Show users the maintenance page; only requests with this run's pass go through.

    Effect: users get 503 and are told when to come back; requests on the way are finished or cut.
    Undo: proves the old release, then lets users in; it stays up if the proof fails. After a failed first deploy there
        is nothing to let them in to: the wall is removed.
    """

    planned: PlannedStep

    def apply(self, job: Job) -> str:
        """Close; the wall is made first if there is none, or none as the instance file says."""
        wall = job.site.wall
        if job.previous is not None:
            job.outage.begin()
        wall.ensure(closed=True)
        wall.close(job.site.run_pass)
        return "users see the maintenance page"

    def undo(self, job: Job) -> str:
        """Open once the old release is proven, or remove the wall of a first deploy."""
        if job.previous is None:
            job.site.wall.remove()
            return "wall removed"
        if not job.journal.finished(StepKind.RAISE_WALL):  # cut in two, it may not know this run's pass
            job.site.wall.ensure(closed=True)
            job.site.wall.close(job.site.run_pass)
        proof = prove_again(job)
        job.site.wall.open(job.site.run_pass)
        job.outage.end()
        return f"{proof}; users are let in"
