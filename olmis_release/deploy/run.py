"""Carry out a plan from the lock to the record: the one way in which an instance is changed."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from dataclasses import dataclass

from olmis_release import clock
from olmis_release.deploy.closing import after_step, announce, close
from olmis_release.deploy.entrance import consul_entrance
from olmis_release.deploy.evidence import keep_evidence
from olmis_release.deploy.executor import Ending, execute
from olmis_release.deploy.faults import as_release_error
from olmis_release.deploy.gatekeeping import (
    require_approvals,
    require_ended_elsewhere,
    require_finished,
    require_fresh,
    require_preflight,
    require_settings,
    require_still_approved,
    require_unused,
)
from olmis_release.deploy.hooks import Moment
from olmis_release.deploy.job import Job
from olmis_release.deploy.journal import Journal
from olmis_release.deploy.local_lock import locked
from olmis_release.deploy.lock import JOURNAL, KEY, RECORD, SETTINGS, Hold, take
from olmis_release.deploy.opening import require_open_now
from olmis_release.deploy.signals import held_back
from olmis_release.deploy.steps.table import steps_of
from olmis_release.errors import TargetUnreachable
from olmis_release.instance.fenced import fenced
from olmis_release.instance.settings_key import kept_key, share_key
from olmis_release.instance.site import Site
from olmis_release.manifest.lock import read_release
from olmis_release.manifest.model import ReleaseManifest
from olmis_release.plan.model import Outcome, PlanPurpose, Run
from olmis_release.plan.records import write_run
from olmis_release.plan.sets import PlanSet, load_plan
from olmis_release.workspace import Workspace


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
        ApprovalMissing, PlanStale, OutsideWindow, InstanceLocked, PreflightRefused: Nothing was touched.
    """
    plan = order.plan_set.plan
    require_approvals(workspace, site.config, order.plan_set)
    require_unused(workspace, order.plan_set)
    require_open_now(site.config, order.plan_set, now=clock.now())
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
    require_still_approved(workspace, site.config, order.plan_set, operator=order.operator)
    require_fresh(workspace, site, order.plan_set)
    require_settings(workspace, site, order.plan_set)
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
        share_key(hold.site, hold.fence)


def luggage(job: Job, record: Run) -> dict[str, bytes]:
    """Return what an operator elsewhere needs besides the plan: journal, settings of both releases, their key, record.

    The record comes last: where it arrived, the rest did.
    """
    settings = {f"{SETTINGS}/{path.name}": path.read_bytes() for path in job.site.folder.settings.glob("*.env")}
    key = kept_key(job.site).hex().encode()
    return {JOURNAL: job.journal.content(), **settings, KEY: key, RECORD: record.model_dump_json().encode()}


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
