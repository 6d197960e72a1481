"""Prove that a release serves: the new one before it is accepted and let in, the old one on the way back."""

from __future__ import annotations

from collections.abc import Sequence

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from olmis_release.deploy.job import Job
from olmis_release.deploy.steps.smoke_test import require_smoke
from olmis_release.deploy.telling import say
from olmis_release.errors import StepFailed
from olmis_release.smoke.readiness import await_ready

PATIENCE_S = 60.0
"""Seconds for which the old release is asked again on the way back: nginx spares an address for ten seconds after it
refused, and a verdict of that moment would keep users shut out until a person comes."""
AGAIN_S = 2.0


def prove_new(job: Job, components: Sequence[str] = ()) -> int:
    """Wait until components of the new release are ready, all of them unless some are named.

    Returns:
        How many.

    Raises:
        StepFailed: One is not ready in time.
    """
    names, limits = components or tuple(job.release.components), job.site.config.timeouts
    timeout_s = limits.ready_s + limits.steady_s
    await_ready(job.site, job.release, names, timeout_s=timeout_s, steady_s=limits.steady_s)
    return len(names)


def prove_once_more(job: Job) -> None:
    """Wait again for every component of the new release where the proof of it may no longer hold.

    Changed or not, all of them may have fallen with an engine that was restarted; they come back slower than it does.

    Raises:
        StepFailed: One is not ready in time.
    """
    if job.is_proof_stale():
        say(job, "Something was tried again since all components were ready: they are waited for once more.")
        prove_new(job)


def prove_again(job: Job) -> str:
    """Prove the old release on the way back; what fails is asked again for a while.

    Raises:
        StepFailed: It is not ready in time, or a test keeps failing.
    """
    ready_s = job.site.config.timeouts.ready_s
    tries = Retrying(
        retry=retry_if_exception_type(StepFailed),
        wait=wait_fixed(AGAIN_S),
        stop=stop_after_delay(min(PATIENCE_S, ready_s)),
        reraise=True,
    )
    return tries(prove_old, job, timeout_s=ready_s)


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
