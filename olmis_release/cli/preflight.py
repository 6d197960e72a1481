"""`preflight`: ask every check whether a deploy could begin; nothing is changed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from olmis_release.cli.arguments import instance_argument, plan_option
from olmis_release.cli.examples import ExampleCommand
from olmis_release.cli.options import GLOBAL_HELP, global_options
from olmis_release.cli.result import Result
from olmis_release.cli.session import Session
from olmis_release.errors import ApprovalMissing, PreflightRefused, ReleaseError

if TYPE_CHECKING:
    from olmis_release.instance.site import Site
    from olmis_release.preflight.model import CheckResult, Report


@click.command(
    cls=ExampleCommand,
    short_help="ask whether a deploy could begin",
    epilog=GLOBAL_HELP,
    examples=[
        "olmis-release preflight uat",
        "olmis-release preflight prod --plan F7DS-JEEJ",
    ],
)
@instance_argument()
@plan_option("Check this plan; default: the one open plan, else what would be planned.")
@global_options(hidden=True)
@click.pass_obj
def preflight(session: Session, *, instance: str, code: str | None) -> Result:
    """Ask everything that can be asked before the first step; each failure says what to do. Changes nothing."""
    from olmis_release.cli.subject import subject_of
    from olmis_release.plan.hook_files import require_hooks_inside
    from olmis_release.preflight.runner import run_checks

    require_hooks_inside(session.workspace)
    site = session.quiet_site(instance)
    subject = subject_of(session, site, code=code)
    result = _result(session, instance, run_checks(subject), release=subject.manifest.version, code=code)
    planned = subject.compose_file.parent.name if subject.plan else None
    result = _with_approvals(session, site, result, code=planned)
    return result if result.failure or code is None else _with_plan_refusal(session, site, result, code=code)


def _with_approvals(session: Session, site: Site, result: Result, *, code: str | None) -> Result:
    """Add who approved the plan, where the policy asks for that; what is missing refuses as it refuses a deploy."""
    from olmis_release.cli.approvals_data import tally_data
    from olmis_release.deploy.gatekeeping import require_approvals
    from olmis_release.plan.approval.desk import approvals_of
    from olmis_release.plan.sets import load_plan

    plan_set = load_plan(session.workspace, code) if code else None
    counted = approvals_of(session.workspace, site.config, plan_set) if plan_set else None
    if plan_set is None or counted is None or not counted.roles:
        return result
    told = replace(
        result, text=f"{result.text}\n{counted.count}.", data={**result.data, "approvals": tally_data(counted)}
    )
    try:
        require_approvals(session.workspace, site.config, plan_set)
    except ApprovalMissing as refusal:
        return told if result.failure else replace(told, failure=refusal, next=refusal.resolution)
    return told


def _with_plan_refusal(session: Session, site: Site, result: Result, *, code: str) -> Result:
    """Refuse, after all checks passed, what a deploy would refuse of the plan itself: used, stale, not approved."""
    from olmis_release.cli.choosing import named_plan, require_ready

    try:
        require_ready(session, site, named_plan(session, code, instance=site.config.name))
    except ReleaseError as error:
        return replace(result, failure=error, next=error.resolution)
    return result


def _result(session: Session, instance: str, report: Report, *, release: str, code: str | None) -> Result:
    from olmis_release.cli.standing import recorded_state

    counts = f"{report.ok} ok, {report.warned} warned, {report.failed} failed"
    again = f"olmis-release preflight {instance}{f' --plan {code}' if code else ''}"
    return Result(
        text=f"Preflight of {release} on {instance}\n{_table(report)}\n{counts}.",
        data={
            "instance": instance,
            "release": release,
            "ok": not report.refused,
            "counts": {"ok": report.ok, "warn": report.warned, "fail": report.failed},
            "checks": [_data(result) for result in report.results],
        },
        state=recorded_state(session.workspace, instance),
        next=f"correct what failed, then: {again}" if report.refused else again.replace("preflight", "deploy", 1),
        failure=PreflightRefused(f"{counts}; a deploy would be refused.", resolution=again) if report.refused else None,
    )


def _table(report: Report) -> str:
    return "\n".join(line for result in report.results for line in _lines(result))


def _lines(result: CheckResult) -> list[str]:
    shown = result.status.upper() if result.status == "fail" else result.status
    first, *rest = result.message.splitlines() or [""]
    lines = [f"  {shown:<5} {result.check}: {first}", *(f"        {line}" for line in rest)]
    return [*lines, f"        fix: {result.resolution}"] if result.resolution else lines


def _data(result: CheckResult) -> dict[str, str]:
    return {
        "check": result.check,
        "question": result.question,
        "status": str(result.status),
        "message": result.message,
        "resolution": result.resolution,
    }
