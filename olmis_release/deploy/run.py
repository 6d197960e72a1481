"""Carry out a plan from the lock to the record: the one way in which an instance is changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

from olmis_release import clock
from olmis_release.deploy.ending import exit_code_of, failure_text
from olmis_release.deploy.evidence import keep_evidence
from olmis_release.deploy.executor import Ending, execute
from olmis_release.deploy.faults import as_release_error
from olmis_release.deploy.gatekeeping import (
    require_approvals,
    require_ended_elsewhere,
    require_finished,
    require_fresh,
    require_preflight,
    require_unused,
)
from olmis_release.deploy.hooks import Moment, run_hooks
from olmis_release.deploy.job import Job
from olmis_release.deploy.journal import Journal
from olmis_release.deploy.journal_file import release_ballast
from olmis_release.deploy.local_lock import locked
from olmis_release.deploy.lock import JOURNAL, RECORD, SETTINGS, Hold, take
from olmis_release.deploy.signals import held_back, undisturbed
from olmis_release.deploy.steps.table import steps_of
from olmis_release.deploy.telling import say
from olmis_release.errors import JournalDamaged, ReleaseError, TargetUnreachable
from olmis_release.events import Note
from olmis_release.instance.fenced import fenced
from olmis_release.instance.ports import Fence, WallState
from olmis_release.instance.site import Site
from olmis_release.manifest.lock import read_release
from olmis_release.manifest.model import ReleaseManifest
from olmis_release.plan.model import UNSETTLED, Outcome, PlannedStep, PlanPurpose, Run, StepKind
from olmis_release.plan.records import write_run
from olmis_release.plan.sets import PlanSet, load_plan
from olmis_release.workspace import Workspace

RECORDING = "The end of the run is being recorded; this takes a moment."


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Who asks for what to be carried out.

    Attributes:
        operator: Name of the person, for the record.
        reason: Why, for the record, where the plan does not say it.
        repair: Do not ask the old release for proof; it is known to be broken.
    """

    plan_set: PlanSet
    operator: str
    reason: str = ""
    repair: bool = False


def carry_out(workspace: Workspace, site: Site, order: Order) -> tuple[Run, Ending]:
    """Verify, lock, check, run, record; afterwards the instance serves the new or the old release, or is held.

    Returns:
        The run as recorded, and how its steps ended.

    Raises:
        ApprovalMissing, PlanStale, InstanceLocked, PreflightRefused: Nothing was touched.
    """
    plan = order.plan_set.plan
    require_approvals(site.config, order.plan_set)
    require_unused(workspace, order.plan_set)
    doing = f"{plan.purpose} of {plan.release} (plan {order.plan_set.code})"
    with locked(site, doing=doing):
        require_finished(workspace, plan.instance)
        hold = take(site, run=new_run(), plan=order.plan_set.code, doing=doing)
        with hold.kept():
            return _under_lock(workspace, hold, order)


def new_run() -> str:
    """Return the id of a run that begins now; it is part of database names."""
    return clock.now().strftime("%Y%m%dt%H%M%S")


def _under_lock(workspace: Workspace, hold: Hold, order: Order) -> tuple[Run, Ending]:
    plan = order.plan_set.plan
    site = fenced(hold.site, hold.guard, hold.entry)
    require_ended_elsewhere(workspace, site)
    require_unused(workspace, order.plan_set)
    require_fresh(workspace, site, order.plan_set)
    job = open_job(workspace, site, order, hold=hold)
    require_preflight(workspace, job)
    if plan.purpose is PlanPurpose.DEPLOY:  # a hook that guards deploys must not stand in the way of going back
        announce(workspace, job, Moment.PRE_DEPLOY, outcome=Outcome.RUNNING)
    record = _begin(job, order)
    job.journal.begin()
    with held_back():  # the record and the lock that guards it stand together, or neither
        write_run(workspace, record)
        hold.stays = True
    ending = _carried_out(workspace, hold, job, record=record)
    return close(workspace, hold, job, record=record, ending=ending), ending


def _carried_out(workspace: Workspace, hold: Hold, job: Job, *, record: Run) -> Ending:
    """Carry out the steps; whatever keeps them from beginning is a refusal, for nothing was touched yet."""
    with ExitStack() as entrance:
        try:
            hold.keep(luggage(job, record))
            enter_ledger(hold)
            entrance.enter_context(consul_entrance(job.site))
        except BaseException as error:  # noqa: BLE001 - whatever it was, the run must come to an end
            return Ending(outcome=Outcome.REFUSED, failure=as_release_error(error, doing="the beginning of the run"))
        return execute(
            steps_of(job.plan),
            job,
            after=lambda step: after_step(workspace, job, step),
            on_failure=lambda: keep_evidence(job),
        )


def enter_ledger(hold: Hold) -> None:
    """Enter the run into the ledger; where there is no server yet, its first change will.

    Raises:
        LockLost: The ledger knows a later run.
    """
    with suppress(TargetUnreachable):
        hold.site.database.ledger.begin(hold.entry)


def luggage(job: Job, record: Run) -> dict[str, bytes]:
    """Return what an operator elsewhere needs besides the plan: journal, settings of both releases, record.

    The record comes last: where it arrived, the rest did.
    """
    settings = {f"{SETTINGS}/{path.name}": path.read_bytes() for path in job.site.folder.settings.glob("*.env")}
    return {JOURNAL: job.journal.content(), **settings, RECORD: record.model_dump_json().encode()}


def close(workspace: Workspace, hold: Hold, job: Job, *, record: Run, ending: Ending) -> Run:
    """Record how a run ended, on the target too, and run the hooks of that moment.

    Returns:
        The record. The lock stays where a `resume` must go on.
    """
    with undisturbed(lambda: say(job, RECORDING, warning=True)):
        record = close_record(record, job, ending)
        keep_record(workspace, record)
        if ending.outcome not in UNSETTLED:
            end_in_ledger(hold, record)
            hold.stays = False
            release_ballast(job.journal.path)
    if ending.outcome is not Outcome.HELD:
        announce(workspace, job, last_moment(job, ending), outcome=ending.outcome)
    return record


def end_in_ledger(hold: Hold, record: Run) -> None:
    """Write the end into the ledger; if that fails the next command of this workspace does it."""
    try:
        hold.site.database.ledger.end(Fence(instance=record.instance, epoch=hold.epoch), outcome=str(record.outcome))
    except ReleaseError as error:
        text = f"The ledger on the database server still calls this run open: {error.message}"
        hold.site.reporter.report(Note(message=text, warning=True))


def open_job(workspace: Workspace, site: Site, order: Order, *, hold: Hold) -> Job:
    """Return the job of the run for which a lock is held."""
    plan, run = order.plan_set.plan, hold.seen.claim.run
    folder = site.folder.ensure(site.folder.run(run))
    previous = _previous_manifest(workspace, order.plan_set)
    return Job(
        site=site,
        plan=plan,
        run=run,
        release=read_release(workspace.root / plan.release_file, shown_as=plan.release_file),
        compose_file=order.plan_set.folder / "compose.yml",
        previous=previous,
        previous_file=order.plan_set.folder / "previous.yml" if previous else None,
        journal=Journal(folder / JOURNAL, run=run, epoch=hold.epoch, mirror=hold.mirror, redactor=site.redactor),
        folder=folder,
        repair=order.repair,
        target_restarted=hold.target_restarted,
    )


def _previous_manifest(workspace: Workspace, plan_set: PlanSet) -> ReleaseManifest | None:
    if plan_set.plan.previous_plan is None:
        return None
    file = load_plan(workspace, plan_set.plan.previous_plan).plan.release_file
    return read_release(workspace.root / file, shown_as=file)


def keep_record(workspace: Workspace, record: Run) -> None:
    """Write down how a run ended.

    Raises:
        JournalDamaged: It cannot be written; says how the run ended, and how its record is finished later.
    """
    try:
        write_run(workspace, record)
    except JournalDamaged as error:
        raise JournalDamaged(
            f"The {record.kind} of {record.release} ended ({record.outcome}) without record: {error.message} "
            "Make room or correct the rights; `resume` then completes the record.",
            resolution=f"olmis-release resume {record.instance}",
        ) from error


@contextmanager
def consul_entrance(site: Site) -> Iterator[None]:
    """Keep the tool's own way to Consul open in the wall while a run needs it; a closed wall gets this run's pass."""
    match site.wall.state():
        case WallState.OPEN:
            site.wall.open(site.run_pass)
        case WallState.CLOSED:
            site.wall.close(site.run_pass)
        case WallState.ABSENT:
            pass  # a first deploy has not made it yet
    try:
        yield
    finally:
        _close_entrance(site)


def _close_entrance(site: Site) -> None:
    """Take the pass back; that it fails must not hide how the run ended. The pass of a run is good for nobody else."""
    try:
        with undisturbed(lambda: None):
            if site.wall.state() is WallState.OPEN:
                site.wall.open()
    except ReleaseError as error:
        site.reporter.report(Note(message=f"The wall keeps its entrance to Consul: {error.message}", warning=True))


def after_step(workspace: Workspace, job: Job, step: PlannedStep) -> None:
    """Run the hooks that follow a step."""
    migrated = any(change.pending for change in job.plan.changes)
    if step.kind is StepKind.AWAIT_READY and migrated:
        announce(workspace, job, Moment.POST_MIGRATE, outcome=Outcome.RUNNING)


def last_moment(job: Job, ending: Ending) -> Moment:
    """Return the moment at the end of a run: after a deploy that was accepted, or after any way of going back."""
    deployed = job.plan.purpose is PlanPurpose.DEPLOY and ending.outcome is Outcome.DEPLOYED
    return Moment.POST_DEPLOY if deployed else Moment.POST_ROLLBACK


def _begin(job: Job, order: Order) -> Run:
    return Run(
        code=order.plan_set.code,
        run=job.run,
        kind=job.plan.purpose,
        instance=job.plan.instance,
        release=job.plan.release,
        previous=job.plan.previous,
        outcome=Outcome.RUNNING,
        way_back=job.plan.way_back,
        started=clock.iso(clock.now()),
        by=order.operator,
        reason=job.site.redactor.redact(order.reason),
        settings=job.plan.base.settings,
        no_db_rollback=job.plan.gives_up_database,
        epoch=job.journal.epoch,
    )


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
