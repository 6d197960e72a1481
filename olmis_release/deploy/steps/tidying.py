"""What an accepted release leaves behind: containers of components that are no more, databases nobody will use."""

from __future__ import annotations

from olmis_release.deploy.job import Job
from olmis_release.deploy.telling import say
from olmis_release.errors import ReleaseError
from olmis_release.instance.database_note import failed_databases
from olmis_release.plan.steps import method_in


def tidy(job: Job) -> None:
    """Tidy up, after users are let in: dropping a large database takes long. A failure is told and changes nothing."""
    try:
        _remove_containers(job)
        _drop_points(job)
    except ReleaseError as error:
        say(job, f"Not everything could be tidied up: {error.message}", warning=True)


def _remove_containers(job: Job) -> None:
    for one in job.containers(job.removed()):
        job.site.engine.remove(one.id)


def _drop_points(job: Job) -> None:
    keep = job.site.config.database.keep_points
    points = [point.database for point in job.site.database.points()]
    for name in points[: max(0, len(points) - keep)]:
        job.site.database.drop(name)
    fallback = job.site.fallbacks.get(method_in(job.plan.steps))
    if fallback is not None:
        fallback.keep_newest(max(1, keep))
    failed = failed_databases(job.site.database.databases(), live=job.site.database.name)
    for name in failed[: max(0, len(failed) - job.site.config.database.keep_failed)]:
        job.site.database.drop(name)
