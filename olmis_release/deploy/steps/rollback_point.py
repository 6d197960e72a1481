"""Make sure that the database can go back before new code may change it."""

from __future__ import annotations

from dataclasses import dataclass

from olmis_release.deploy.job import Job
from olmis_release.deploy.steps.common import stop_what_was_started
from olmis_release.deploy.telling import say
from olmis_release.errors import ReleaseError
from olmis_release.instance.config import RollbackMethod
from olmis_release.instance.ports import DatabaseState, Fallback
from olmis_release.plan.model import PlannedStep, StepKind
from olmis_release.plan.steps import method_in
from olmis_release.text import human_bytes, listed


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeRollbackPoint:
    """Close the database, copy it, let services in again; or what the plan has in the place of a copy.

    The closing is what proves that nothing acknowledged is lost: from then until the copy is whole nobody can commit.
    The original is migrated and the copy kept, so that a good deploy moves nothing.

    Effect: a closed copy ``<name>__before_<run>`` whose comment says that it is ready; or a dump or snapshot called so.
    Undo: swaps the copy into place if new code may have written, keeping the failed database, closed, for diagnosis;
        drops the copy if none has.
    """

    planned: PlannedStep

    def apply(self, job: Job) -> str:
        """Take the point."""
        fallback = _fallback(job, self.planned)
        database = job.site.database
        database.checkpoint()
        database.close(timeout_s=job.site.config.timeouts.gate_s)
        if fallback is not None:
            return _take(job, fallback)
        database.clone(job.point, run=job.run)
        database.open()
        facts = database.facts(job.point)
        return f"{job.point}, {human_bytes(facts.size_bytes) if facts else 'size unknown'}"

    def undo(self, job: Job) -> str:
        """Go back to the point, or drop it."""
        fallback = _fallback(job, self.planned)
        database = job.site.database
        if database.facts(job.failed_name) is not None:
            database.open()
            return "the database is back already"
        if not job.journal.attempted(StepKind.START_COMPONENTS):
            database.open()
            _drop(job, fallback)
            return "nothing new had run: the database stays, its copy is dropped"
        stop_what_was_started(job)
        if fallback is not None:
            fallback.restore(job.point, run=job.run)
        if fallback is not None and not fallback.beside:
            database.open()
            return "database restored from the snapshot"
        return _swap(job)


def accepted_point(job: Job) -> str | None:
    """Return the name of the database that an acceptance marks, None where the way back is no database."""
    clones = job.plan_has(StepKind.TAKE_ROLLBACK_POINT) and method_in(job.plan.steps) is RollbackMethod.CLONE
    return job.point if clones else None


def _fallback(job: Job, planned: PlannedStep) -> Fallback | None:
    method = method_in((planned,))
    return None if method is RollbackMethod.CLONE else job.site.fallbacks[method]


def _take(job: Job, fallback: Fallback) -> str:
    """Take a dump of the open database, for a closed one lets nobody in; a snapshot while nobody is in."""
    if fallback.beside:
        job.site.database.open()
        return fallback.take(job.point, run=job.run)
    note = fallback.take(job.point, run=job.run)
    job.site.database.open()
    return note


def _drop(job: Job, fallback: Fallback | None) -> None:
    """Drop the point; that of a fallback only takes room, so that it must not keep the old release from coming back."""
    if fallback is None:
        job.site.database.drop(job.point)
        return
    try:
        fallback.drop(job.point)
    except ReleaseError as error:
        say(job, f"{job.point} could not be removed: {error.message}", warning=True)


def _swap(job: Job) -> str:
    database = job.site.database
    point = database.point(job.point)
    unchanged = False
    if point is not None and point.state is DatabaseState.READY:
        database.close(timeout_s=job.site.config.timeouts.gate_s)
        unchanged = database.written_since(job.point) is False
    # New code started only after the point was whole: one that is not whole now is refused here.
    database.swap(job.point, failed=job.failed_name)
    lost = database.blockers().lost_slots
    if lost:
        say(job, f"These replication slots could not be made anew: {listed(lost)}.", warning=True)
    found = " (nothing had changed)" if unchanged else ""
    return f"database swapped back{found}; the failed one is kept closed as {job.failed_name}"
