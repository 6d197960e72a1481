"""Prove that the old release serves: all components ready, all smoke tests passed."""

from __future__ import annotations

from olmis_release.deploy.job import Job
from olmis_release.deploy.steps.smoke_test import require_smoke
from olmis_release.errors import StepFailed
from olmis_release.smoke.readiness import await_ready


def prove_old(job: Job, *, timeout_s: float) -> str:
    """Return the tally of the old release's smoke tests.

    Raises:
        StepFailed: It is not ready in time, or a test fails.
    """
    if job.previous is None:
        raise StepFailed("There is no old release to prove.", resolution="Make a new plan.")
    release = job.previous
    await_ready(job.site, release, tuple(release.components), timeout_s=timeout_s)
    return f"{release.version}: {require_smoke(job.site, release)}"
