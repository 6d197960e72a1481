"""Wait until every component answers with the version that the manifest names."""

from __future__ import annotations

from dataclasses import dataclass

from olmis_release.deploy.job import Job
from olmis_release.plan.model import PlannedStep, StepKind
from olmis_release.smoke.readiness import await_ready
from olmis_release.text import plural


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitReady:
    """Wait for every component, the unchanged ones too: they went through the database gate.

    Effect: none, it only asks.
    Undo: nothing.
    """

    planned: PlannedStep

    def apply(self, job: Job) -> str:
        """Wait."""
        components = self.planned.components or tuple(job.release.components)
        limits = job.site.config.timeouts
        timeout_s = limits.ready_s + limits.steady_s
        await_ready(job.site, job.release, components, timeout_s=timeout_s, steady_s=limits.steady_s)
        if not job.plan_has(StepKind.RAISE_WALL):
            job.outage.end()
        return f"{plural(len(components), 'component')} ready"

    def undo(self, job: Job) -> str:  # noqa: ARG002 - the signature of every step
        """Have nothing to take back."""
        return "nothing to undo"
