"""Wait until every component answers with the version that the manifest names."""

from __future__ import annotations

from dataclasses import dataclass

from olmis_release.deploy.job import Job
from olmis_release.deploy.steps.proof import prove_new
from olmis_release.plan.model import PlannedStep, StepKind
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
        count = prove_new(job, self.planned.components)
        if not job.plan_has(StepKind.RAISE_WALL):
            job.outage.end()
        return f"{plural(count, 'component')} ready"

    def undo(self, job: Job) -> str:  # noqa: ARG002 - the signature of every step
        """Have nothing to take back."""
        return "nothing to undo"
