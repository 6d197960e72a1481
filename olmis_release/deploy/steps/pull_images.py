"""Have every image on the host before anything is touched."""

from __future__ import annotations

from dataclasses import dataclass

from olmis_release.deploy.job import Job
from olmis_release.events import Progress
from olmis_release.instance.compose_file import image_of
from olmis_release.plan.model import PlannedStep

MB = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PullImages:
    """Pull the images of the components by digest.

    Effect: the engine has the images; nothing that runs is touched.
    Undo: nothing; layers that are there make the next try shorter.
    """

    planned: PlannedStep

    def apply(self, job: Job) -> str:
        """Pull what is missing."""
        missing = [name for name in self.planned.components if not _present(job, name)]
        for number, name in enumerate(missing, 1):
            _pull(job, name, note=f"{number} of {len(missing)}")
        present = len(self.planned.components) - len(missing)
        return f"{len(missing)} pulled, {present} already here"

    def undo(self, job: Job) -> str:  # noqa: ARG002 - the signature of every step
        """Keep the images."""
        return "images kept"


def _present(job: Job, name: str) -> bool:
    return job.site.engine.image(image_of(job.compose_file, name)) is not None


def _pull(job: Job, name: str, *, note: str) -> None:
    def on_progress(done_bytes: float, total_bytes: float) -> None:
        activity = f"pulling {name} ({note})"
        event = Progress(activity=activity, done=done_bytes / MB, total=total_bytes / MB or None, unit="MB")
        job.site.reporter.report(event)

    on_progress(0, 0)
    reference = image_of(job.compose_file, name)
    job.site.engine.pull(reference, timeout_s=job.site.config.timeouts.pull_s, on_progress=on_progress)
