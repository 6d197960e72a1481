"""Start the new release's containers."""

from __future__ import annotations

from dataclasses import dataclass

from tenacity import RetryError, Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from olmis_release.deploy.job import Job
from olmis_release.deploy.steps.common import stop_failed
from olmis_release.errors import ReleaseError, StepFailed
from olmis_release.events import Progress
from olmis_release.manifest.model import Role
from olmis_release.plan.model import PlannedStep, StepKind
from olmis_release.text import plural


@dataclass(frozen=True, slots=True, kw_only=True)
class StartComponents:
    """Create or recreate containers; services migrate their schemas as they start.

    Effect: the named components run as the new Compose file describes them; no other container is touched.
    Undo: stops them, and removes those that the old release does not have. Volumes are never removed.
    """

    planned: PlannedStep

    def apply(self, job: Job) -> str:
        """Start them, and wait for the database if it is among them; what an earlier try started begins anew."""
        again = job.tried_before(self.planned)
        if again:
            stop_failed(job, job.containers(self.planned.components))
        anew = again or job.plan_has(StepKind.SWAP_DATABASE)
        limit_s = job.site.config.timeouts.step_s
        job.site.compose.up(job.compose_file, self.planned.components, timeout_s=limit_s, anew=anew)
        if any(job.component(name).role is Role.DATABASE for name in self.planned.components):
            _await_database(job)
        return f"{plural(len(self.planned.components), 'component')} started"

    def undo(self, job: Job) -> str:
        """Stop them, remove what is new."""
        if job.previous is not None:
            job.outage.begin()
        containers = job.containers(self.planned.components)
        stop_failed(job, containers)
        added = set(job.added(self.planned.components))
        for one in containers:
            if one.component in added:
                job.site.engine.remove(one.id)
        return f"{plural(len(containers), 'component')} stopped" + (f", {len(added)} removed" if added else "")


def _await_database(job: Job) -> None:
    timeout_s = job.site.config.timeouts.ready_s
    job.site.reporter.report(Progress(activity="waiting for the database"))
    tries = Retrying(
        retry=retry_if_exception_type(ReleaseError), wait=wait_fixed(0.5), stop=stop_after_delay(timeout_s)
    )
    try:
        tries(job.site.database.server)
    except RetryError as error:
        raise StepFailed(
            f"The database does not answer {timeout_s:.0f} s after its start.",
            details=str(error.last_attempt.exception()),
            resolution="Read the database container's log.",
        ) from error
