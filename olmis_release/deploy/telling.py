"""What a run tells its reader."""

from __future__ import annotations

from olmis_release.deploy.job import Job
from olmis_release.events import Note, StepEvent, StepStatus
from olmis_release.plan.model import PlannedStep


def tell(step: PlannedStep, job: Job, status: StepStatus, *, number: int, total: int, note: str = "") -> None:
    """Tell what became of a step."""
    job.site.reporter.report(StepEvent(number=number, total=total, title=step.subject, status=status, note=note))


def say(job: Job, message: str, *, warning: bool = False) -> None:
    """Tell the reader something that belongs to no step's end."""
    job.site.reporter.report(Note(message=message, warning=warning))
