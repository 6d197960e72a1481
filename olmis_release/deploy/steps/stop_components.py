"""Stop what the new release replaces or leaves out."""

from __future__ import annotations

from dataclasses import dataclass

from olmis_release.deploy.job import Job
from olmis_release.deploy.steps.common import stop_all, stop_failed
from olmis_release.errors import StepFailed
from olmis_release.plan.model import PlannedStep, StepKind
from olmis_release.text import plural


@dataclass(frozen=True, slots=True, kw_only=True)
class StopComponents:
    """Stop old containers after taking them off Consul; unchanged components keep running.

    The containers stay where they are, stopped: Compose hands their anonymous volumes on when it recreates them.

    Effect: the named components answer no more; routes to components that are left out are forgotten.
    Undo: starts them again as the old release's Compose file describes them.
    """

    planned: PlannedStep

    def apply(self, job: Job) -> str:
        """Stop them side by side."""
        if not job.plan_has(StepKind.RAISE_WALL):
            job.outage.begin()
        # Where the database goes back, an engine that is restarted must not start what would migrate it again.
        stop_all(job, job.containers(self.planned.components), for_good=job.plan_has(StepKind.SWAP_DATABASE))
        _forget_removed(job)
        return f"{plural(len(self.planned.components), 'component')} stopped"

    def undo(self, job: Job) -> str:
        """Bring the old containers back."""
        if job.previous_file is None or job.previous is None:
            raise StepFailed(
                "The old release's Compose file is not known.",
                resolution="Start its containers by hand: they are stopped, not removed.",
            )
        started = job.journal.attempted(StepKind.START_COMPONENTS)
        if started:
            stop_failed(job, job.containers(self.planned.components))
        old = tuple(name for name in self.planned.components if name in job.previous.components)
        anew = started or job.plan_has(StepKind.SWAP_DATABASE)
        job.site.compose.up(job.previous_file, old, timeout_s=job.site.config.timeouts.step_s, anew=anew)
        return f"{plural(len(old), 'component')} of {job.previous.version} started"


def _forget_removed(job: Job) -> None:
    still_there = {component.consul for component in job.release.components.values()}
    for name in job.removed():
        service = job.component(name).consul
        if service and service not in still_there:
            job.site.consul.forget(service)
