"""Let users in to the accepted release."""

from __future__ import annotations

from dataclasses import dataclass

from olmis_release.deploy.job import Job
from olmis_release.deploy.steps.proof import prove_once_more
from olmis_release.deploy.steps.tidying import tidy
from olmis_release.instance.ports import WallState
from olmis_release.plan.model import PlannedStep


@dataclass(frozen=True, slots=True, kw_only=True)
class LowerWall:
    """Open the instance.

    Users are let in to what is ready now: with an engine that was restarted since, every component fell.

    Effect: users reach the new release; what the old one left is tidied up.
    Undo: closes it again. It is never called by itself: the release was accepted before.
    """

    planned: PlannedStep

    def apply(self, job: Job) -> str:
        """Open, proved anew if need be, then tidy up; a wall that somebody removed meanwhile is made anew first."""
        wall = job.site.wall
        wall.ensure(closed=True)
        if job.is_proof_stale() and wall.state() is WallState.CLOSED:
            wall.close(job.site.run_pass)  # one that was just made knows no pass
        prove_once_more(job)
        wall.open(job.site.run_pass)
        job.outage.end()
        tidy(job)
        return f"users were cut off for {job.outage.total_s:.0f} s" if job.outage.total_s else "users are let in"

    def undo(self, job: Job) -> str:
        """Close."""
        job.site.wall.close(job.site.run_pass)
        return "users see the maintenance page"
