"""What is presumed of a run whose journal is lost: that every step may have acted which can have."""

from __future__ import annotations

from olmis_release.deploy.job import Job
from olmis_release.deploy.journal import Journal, Mark
from olmis_release.deploy.steps.rollback_point import accepted_point
from olmis_release.instance.ports import DatabaseState
from olmis_release.plan.model import StepKind

PRESUMED = "presumed: the journal is lost"
"""Note of records that nobody wrote when it happened; a journal with one of them stays uncertain."""


def is_certain(journal: Journal) -> bool:
    """Tell whether a journal is there and was written when it happened; one that was presumed in part is lost too."""
    return journal.path.exists() and all(one.note != PRESUMED for one in journal.records)


def presume(job: Job) -> None:
    """Write the journal that was lost: every step may have acted, the acceptance too, which the target knows better."""
    begun = {record.step for record in job.journal.records if record.mark is Mark.INTENT}
    cannot = {StepKind.LOWER_WALL} | ({StepKind.START_COMPONENTS} if _nothing_new_ran(job) else set())
    for number, step in enumerate(job.plan.steps, 1):
        if step.kind not in cannot and number not in begun:
            job.journal.write(number, step, Mark.INTENT, note=PRESUMED)


def _nothing_new_ran(job: Job) -> bool:
    """Tell whether the copy of the database that comes before any new code was not even whole."""
    if accepted_point(job) is None or job.site.database.facts(job.failed_name) is not None:
        return False
    point = job.site.database.point(job.point)
    return point is None or point.state is DatabaseState.COPYING
