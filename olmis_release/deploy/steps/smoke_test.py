"""Decide whether the new release may be accepted."""

from __future__ import annotations

from dataclasses import dataclass

from olmis_release.deploy.job import Job
from olmis_release.errors import StepFailed
from olmis_release.instance.site import Site
from olmis_release.manifest.model import ReleaseManifest
from olmis_release.plan.model import PlannedStep
from olmis_release.smoke.runner import run_smoke


@dataclass(frozen=True, slots=True, kw_only=True)
class SmokeTest:
    """Run every smoke test through the front door, as a user would but behind the wall.

    Effect: none, smoke tests change no user data.
    Undo: nothing.
    """

    planned: PlannedStep

    def apply(self, job: Job) -> str:
        """Fail if any test fails."""
        return require_smoke(job.site, job.release)

    def undo(self, job: Job) -> str:  # noqa: ARG002 - the signature of every step
        """Have nothing to take back."""
        return "nothing to undo"


def require_smoke(site: Site, release: ReleaseManifest) -> str:
    """Run the smoke tests and return their tally.

    Raises:
        StepFailed: At least one failed; each is in the details.
    """
    report = run_smoke(site, release)
    failed = [result for result in report.results if not result.ok]
    if failed:
        first = failed[0]
        raise StepFailed(
            f"Smoke test {first.name} failed: {first.message}"
            + (f" ({len(failed)} of {len(report.results)} failed)" if len(failed) > 1 else ""),
            details="\n".join(f"{result.name}: {result.message}" for result in failed),
            resolution="Read the evidence of this run, fix the cause, then make a new plan.",
        )
    return f"{len(report.results)} of {len(report.results)} smoke tests passed"
