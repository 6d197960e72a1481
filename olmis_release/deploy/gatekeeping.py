"""What must hold before a plan may touch an instance; each refusal says everything that is wrong."""

from __future__ import annotations

from olmis_release import clock
from olmis_release.deploy.job import Job
from olmis_release.errors import ApprovalMissing, NotRestored, PlanStale, PreflightRefused, TargetUnreachable
from olmis_release.instance.config import InstanceConfig, Purpose
from olmis_release.instance.ports import Fence, LedgerEntry, LedgerState
from olmis_release.instance.settings import keep_copy
from olmis_release.instance.site import Site
from olmis_release.manifest.lock import read_release
from olmis_release.plan.approval.desk import approvals_of
from olmis_release.plan.approval.owed import owed_for
from olmis_release.plan.approval.refusal import refusal_of
from olmis_release.plan.approval.signers import read_signers
from olmis_release.plan.composed import services_in, settings_copies
from olmis_release.plan.model import UNSETTLED, Outcome, Run
from olmis_release.plan.reading import settings_of
from olmis_release.plan.records import runs
from olmis_release.plan.sets import PREVIOUS, PlanSet
from olmis_release.plan.staleness import differences, read_base
from olmis_release.preflight.runner import Subject, run_checks
from olmis_release.text import listed
from olmis_release.workspace import Workspace


def require_approvals(workspace: Workspace, config: InstanceConfig, plan_set: PlanSet) -> None:
    """Refuse a plan that lacks an approval which the instance's policy asks for, or has one that is not genuine.

    Raises:
        ApprovalMissing: Names every role that is missing, and every statement that does not count, with the reason.
    """
    counted = approvals_of(workspace, config, plan_set)
    owed = owed_for(workspace, config, plan_set, now=clock.now()) if counted.roles else None
    if refusal := refusal_of(counted) or owed:
        raise refusal


def require_still_approved(workspace: Workspace, config: InstanceConfig, plan_set: PlanSet, *, operator: str) -> None:
    """Refuse, under the lock, a plan whose approval was taken back while the lock was waited for.

    Raises:
        ApprovalMissing: It was; or on production nobody but the operator has approved it.
    """
    require_approvals(workspace, config, plan_set)
    require_second_person(workspace, config, plan_set, operator=operator)


def require_second_person(workspace: Workspace, config: InstanceConfig, plan_set: PlanSet, *, operator: str) -> None:
    """Refuse on production what only the person approved who carries it out.

    Raises:
        ApprovalMissing: It is so.
    """
    counted = approvals_of(workspace, config, plan_set)
    people = {one.statement.person for one in counted.given.values()}
    if config.purpose is not Purpose.PRODUCTION or len(people) != 1:
        return
    [only] = people
    if operator.casefold() in {name.casefold() for name in read_signers(workspace).names_of(only)}:
        raise ApprovalMissing(
            f"Plan {plan_set.code} was approved by {only} alone, who is about to carry it out on production.",
            resolution=f"Have another person carry it out: {counted.then}",
        )


def require_unused(workspace: Workspace, plan_set: PlanSet) -> None:
    """Refuse a plan that ran before: what it was made from is gone.

    Raises:
        PlanStale: Says when it ran and how that ended.
    """
    earlier = [run for run in runs(workspace, plan_set.plan.instance) if run.code == plan_set.code]
    if earlier:
        last = earlier[-1]
        raise PlanStale(
            f"Plan {plan_set.code} was used on {last.started} ({last.outcome}); a plan runs once: make a new one.",
            resolution=f"olmis-release plan {plan_set.plan.release} --to {plan_set.plan.instance}",
        )


def require_fresh(workspace: Workspace, site: Site, plan_set: PlanSet) -> None:
    """Refuse a plan if anything it was made from has moved.

    Raises:
        PlanStale: Lists each thing that moved, old and new.
    """
    plan = plan_set.plan
    manifest = read_release(workspace.root / plan.release_file, shown_as=plan.release_file)
    moved = differences(plan.base, read_base(workspace, site, manifest))
    if moved:
        raise PlanStale(
            f"Plan {plan_set.code} is stale: {len(moved)} thing(s) changed since it was made. Make a new one.",
            details="\n".join(moved),
            resolution=f"olmis-release plan {plan.release} --to {plan.instance}",
        )


def require_settings(workspace: Workspace, site: Site, plan_set: PlanSet) -> None:
    """Keep the settings that a plan of another copy of the workspace was made with here too, for Compose to read.

    Raises:
        PreflightRefused: Those which the old release runs with are not here: it could not be started again.
    """
    keep_copy(site.folder, settings_of(workspace, site))
    plan, file = plan_set.plan, plan_set.folder / PREVIOUS
    if plan.previous_compose is None:
        return
    text = file.read_text(encoding="utf-8")
    copies = settings_copies(text, services_in(text, shown_as=workspace.relative(file)))
    gone = sorted(copy for copy in copies if not site.folder.in_workspace(copy).is_file())
    if gone:
        raise PreflightRefused(
            f"There is no way back from here: the settings that {plan.previous} runs with are not in this copy of the "
            f"workspace: {listed(gone)}.",
            resolution=f"Copy that file here from the workspace that deployed {plan.previous}, or deploy from there.",
        )


def require_preflight(workspace: Workspace, job: Job) -> None:
    """Refuse to begin if a blocking check fails.

    Raises:
        PreflightRefused: Lists every failed check and what to do about it.
    """
    subject = Subject(
        workspace=workspace, site=job.site, manifest=job.release, plan=job.plan, compose_file=job.compose_file
    )
    report = run_checks(subject)
    if report.refused:
        failed = [result for result in report.results if result.status == "fail"]
        raise PreflightRefused(
            f"{len(failed)} preflight check(s) failed for {job.plan.instance}; correct these first.",
            details="\n".join(f"{result.check}: {result.message} {result.resolution}" for result in failed),
            resolution=f"olmis-release preflight {job.plan.instance}",
        )


def unsettled(workspace: Workspace, instance: str) -> Run | None:
    """Return the last run that touched an instance if it has not come to an end, else None.

    While another process holds the instance's lock the run may simply be going on.
    """
    touched = [run for run in runs(workspace, instance) if run.outcome is not Outcome.REFUSED]
    # By epoch: a clock that was put back must not hide the run that is open.
    last = max(touched, key=lambda run: (run.epoch, run.started, run.run), default=None)
    return last if last and last.outcome in UNSETTLED else None


def require_finished(workspace: Workspace, instance: str) -> None:
    """Refuse to begin over a run that was cut off or stopped; called under the lock.

    Raises:
        NotRestored: Names the run and the way out.
    """
    run = unsettled(workspace, instance)
    if run is not None and run.outcome is not Outcome.NOT_RESTORED:
        how = "was stopped" if run.outcome is Outcome.HELD else "was cut off"
        raise NotRestored(
            f"The {run.kind} of {run.release} (plan {run.code}, begun {run.started}) {how}.",
            resolution=f"olmis-release resume {instance}",
        )


def require_ended_elsewhere(workspace: Workspace, site: Site) -> None:
    """Refuse to begin over a run that another workspace began and did not end; what this one ended is written down.

    Raises:
        NotRestored: Names the run and the way out.
    """
    try:
        newest = open_in_ledger(workspace, site)
    except TargetUnreachable:
        return  # no server, no database to harm; whatever changes one looks again
    if newest is not None:
        raise NotRestored(
            f"The run {newest.run} (plan {newest.plan}) that {newest.who} began at {newest.at} has not ended.",
            resolution=f"olmis-release takeover {site.config.name}",
        )


def open_in_ledger(workspace: Workspace, site: Site) -> LedgerEntry | None:
    """Return the run that the ledger calls open, None when it calls none so.

    One that came to its end here, and that nobody carried on since, is ended there too: only its last word got lost.

    Raises:
        TargetUnreachable: There is no server, or it does not answer.
    """
    newest = site.database.ledger.newest(site.config.name)
    if newest is None or newest.state is LedgerState.ENDED:
        return None
    known = next((run for run in runs(workspace, site.config.name) if run.run == newest.run), None)
    if known is None or known.outcome in {Outcome.RUNNING, Outcome.HELD} or known.epoch < newest.epoch:
        return newest
    fence = Fence(instance=newest.instance, epoch=newest.epoch)
    site.database.ledger.end(fence, outcome=str(known.outcome))
    return None
