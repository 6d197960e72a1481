"""The end of a run: its record, its entry in the ledger, its lock, its hooks."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from olmis_release import clock
from olmis_release.deploy.ending import closing, exit_code_of, failure_text
from olmis_release.deploy.executor import Ending
from olmis_release.deploy.hooks import Moment, run_hooks
from olmis_release.deploy.job import Job
from olmis_release.deploy.journal_file import release_ballast
from olmis_release.deploy.lock import Hold
from olmis_release.deploy.signals import undisturbed
from olmis_release.deploy.telling import say
from olmis_release.errors import JournalDamaged, ReleaseError, TargetUnreachable
from olmis_release.events import Note
from olmis_release.instance.settings_key import share_key
from olmis_release.plan.model import UNSETTLED, Outcome, PlannedStep, PlanPurpose, Run, StepKind
from olmis_release.plan.records import write_run
from olmis_release.workspace import Workspace

RECORDING = "The end of the run is being recorded; this takes a moment."


def close(workspace: Workspace, hold: Hold, job: Job, *, record: Run, ending: Ending) -> Run:
    """Record how a run ended, on the target too, and run the hooks of that moment.

    Returns:
        The record. The lock stays where a `resume` must go on.
    """
    with undisturbed(lambda: say(job, RECORDING, warning=True)):
        record = close_record(record, job, ending)
        keep_record(workspace, record, journal=job.journal.path)
        if ending.outcome not in UNSETTLED:
            end_in_ledger(hold, record)
            clear_locks(hold)
            hold.stays = False
            release_ballast(job.journal.path)
    if ending.outcome is not Outcome.HELD:
        announce(workspace, job, last_moment(job, ending), outcome=ending.outcome)
    return record


def end_in_ledger(hold: Hold, record: Run) -> None:
    """Write the end into the ledger; if that fails the next command of this workspace does it."""
    share_key(hold.site, hold.fence)
    try:
        hold.site.database.ledger.end(hold.fence, outcome=str(record.outcome))
    except ReleaseError as error:
        if isinstance(error, TargetUnreachable) and _took_its_server_down(record):
            return
        text = f"The ledger on the database server still calls this run open: {error.message}"
        hold.site.reporter.report(Note(message=text, warning=True))


def _took_its_server_down(record: Run) -> bool:
    """Tell whether a first deploy was taken back, its database server with it: no ledger is there any more."""
    return record.previous is None and record.outcome is Outcome.ROLLED_BACK


def clear_locks(hold: Hold) -> None:
    """Remove the locks that were set aside on the way: the run has ended, so nobody will ask what they keep."""
    with suppress(ReleaseError):  # they hold nothing; the next run that ends removes them
        hold.site.lock.clear_aside(below=hold.epoch)


def close_record(record: Run, job: Job, ending: Ending) -> Run:
    """Return the record with how it ended."""
    job.outage.end()  # where a person must act it goes on: what is known of it is until now
    took_point = job.plan_has(StepKind.TAKE_ROLLBACK_POINT) and ending.outcome is Outcome.DEPLOYED
    return record.model_copy(
        update={
            "outcome": ending.outcome,
            "ended": clock.iso(clock.now()),
            "outage_s": round(job.outage.total_s, 3),
            "exit_code": exit_code_of(ending),
            "failure": job.site.redactor.redact(failure_text(ending)),
            "point": job.point if took_point else None,
        }
    )


def keep_record(workspace: Workspace, record: Run, *, journal: Path) -> None:
    """Write down how a run ended; on a full disk the room that the journal set aside is for this.

    Raises:
        JournalDamaged: It cannot be written; says how the run ended, and how its record is finished later.
    """
    try:
        with suppress(JournalDamaged):
            write_run(workspace, record)
            return
        release_ballast(journal)
        write_run(workspace, record)
    except JournalDamaged as error:
        unrecorded = JournalDamaged(
            f"The {record.kind} of {record.release} ended ({record.outcome}) without record: {error.message} "
            "Make room or correct the rights; `resume` then completes the record.",
            resolution=f"olmis-release resume {record.instance}",
        )
        unrecorded.state = f"{closing(record).state} Its record is not written yet."
        raise unrecorded from error


def after_step(workspace: Workspace, job: Job, step: PlannedStep) -> None:
    """Run the hooks that follow a step."""
    migrated = any(change.pending for change in job.plan.changes)
    if step.kind is StepKind.AWAIT_READY and migrated:
        announce(workspace, job, Moment.POST_MIGRATE, outcome=Outcome.RUNNING)


def last_moment(job: Job, ending: Ending) -> Moment:
    """Return the moment at the end of a run: after a deploy that was accepted, or after any way of going back."""
    deployed = job.plan.purpose is PlanPurpose.DEPLOY and ending.outcome is Outcome.DEPLOYED
    return Moment.POST_DEPLOY if deployed else Moment.POST_ROLLBACK


def announce(workspace: Workspace, job: Job, moment: Moment, *, outcome: Outcome) -> None:
    """Run the hooks of a moment."""
    event = {
        "instance": job.plan.instance,
        "purpose": str(job.site.config.purpose),
        "url": job.site.config.url,
        "release": job.plan.release,
        "previous": job.plan.previous,
        "run": job.run,
        "outcome": str(outcome),
        "way_back": str(job.plan.way_back),
        "outage_s": round(job.outage.total_s, 1),
    }
    run_hooks(workspace.hooks, moment, event, timeout_s=job.site.config.timeouts.hook_s, reporter=job.site.reporter)
