"""Prove the old release before anything is touched."""

from __future__ import annotations

from dataclasses import dataclass

from olmis_release.deploy.job import Job
from olmis_release.deploy.steps.proof import prove_again, prove_old
from olmis_release.errors import ReleaseError, StepFailed
from olmis_release.plan.model import PlannedStep, StepKind

BASELINE_S = 60.0
"""Seconds the old release gets to answer before a deploy; it is running already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProveOldRelease:
    """Ask the running release for its versions and run the smoke tests on it.

    Without this, a rollback could only claim that the old release works.

    Effect: none, it only asks.
    Undo: proves the old release again. Where there is a wall, `RaiseWall` does so before it lets users in.
    """

    planned: PlannedStep

    def apply(self, job: Job) -> str:
        """Refuse to begin over a release that is not working, unless the job is a repair."""
        if job.repair:
            return "not asked: this deploy repairs a broken release"
        try:
            return prove_old(job, timeout_s=min(BASELINE_S, job.site.config.timeouts.ready_s))
        except ReleaseError as error:
            raise StepFailed(
                f"The release that runs now does not pass its own tests: {error.message}",
                details=error.details,
                resolution="Mend it first, or run the deploy with --repair to replace a broken release.",
            ) from error

    def undo(self, job: Job) -> str:
        """Prove that the old release serves again."""
        if job.plan_has(StepKind.RAISE_WALL):
            return "proved before users were let in"
        proof = prove_again(job)
        job.outage.end()
        return proof
