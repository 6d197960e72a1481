"""`status`: what runs on an instance, since when, how well, and whether anybody changed it by hand."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import click

from olmis_release.cli.arguments import instance_argument
from olmis_release.cli.examples import ExampleCommand
from olmis_release.cli.options import GLOBAL_HELP, global_options
from olmis_release.cli.result import NOTHING_TOUCHED, Result
from olmis_release.cli.session import Session
from olmis_release.errors import ReleaseError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from olmis_release.cli.observed import InstanceStatus


@click.command(
    cls=ExampleCommand,
    short_help="what runs, since when, how well",
    epilog=GLOBAL_HELP,
    examples=[
        "olmis-release status",
        "olmis-release status uat --json",
    ],
)
@instance_argument(required=False)
@global_options(hidden=True)
@click.pass_obj
def status(session: Session, *, instance: str | None) -> Result:
    """Show what an instance (or each of them) runs, since when, health, drift and the wall."""
    from olmis_release.cli.observed import look_at

    if instance is None:
        return _all(session)
    return _result(session, [look_at(session.workspace, session.site(instance))], instance)


def _tolerant(session: Session, name: str, errors: list[ReleaseError]) -> InstanceStatus:
    """Return what is known of one of many instances; one that does not answer must not hide the others."""
    from olmis_release.cli.observed import InstanceStatus, look_at
    from olmis_release.plan.records import last_good

    try:
        return look_at(session.workspace, session.site(name))
    except ReleaseError as error:
        errors.append(error)
        run = last_good(session.workspace, name)
        return InstanceStatus(
            instance=name,
            purpose="",
            release=run.release if run else None,
            since=run.ended if run else None,
            error=f"{error.message} {error.resolution}",
        )
    finally:
        session.instance = None


def _all(session: Session) -> Result:
    errors: list[ReleaseError] = []
    statuses = [_tolerant(session, name, errors) for name in session.workspace.instance_names()]
    result = _result(session, statuses, None)
    return replace(result, failure=_not_all(statuses, errors[0])) if errors else result


def _not_all(statuses: Sequence[InstanceStatus], first: ReleaseError) -> ReleaseError:
    """Return the failure to ask every instance, with the exit code of the first of them."""
    failed = [one for one in statuses if one.error]
    error = ReleaseError(
        f"Not every instance could be asked: {', '.join(one.instance for one in failed)}.",
        resolution=f"olmis-release status {failed[0].instance}",
        details="\n".join(f"{one.instance}: {one.error}" for one in failed),
    )
    error.exit_code, error.code = first.exit_code, first.code
    return error


def _result(session: Session, standings: Sequence[InstanceStatus], instance: str | None) -> Result:
    from olmis_release.cli.approvals_data import open_lines, open_tallies, tally_data

    waiting = {one.instance: open_tallies(session.workspace, one.instance) for one in standings}
    text = _text(session, standings) if standings else "There is no instance file in manifests/instances/."
    return Result(
        text="\n".join([text, *(line for counted in waiting.values() for line in open_lines(counted))]),
        data={
            "instances": [
                {
                    **asdict(one),
                    "is_well": one.is_well,
                    "open_plans": [tally_data(counted) for counted in waiting[one.instance]],
                }
                for one in standings
            ]
        },
        state=_state(standings[0]) if instance else NOTHING_TOUCHED,
        next=_next(standings),
    )


def _text(session: Session, standings: Sequence[InstanceStatus]) -> str:
    from olmis_release.cli.tables import table

    headers = ["INSTANCE", "PURPOSE", "RUNNING", "SINCE", "HEALTH", "DRIFT", "WALL"]
    lines = [table(headers, [_row(session, one) for one in standings])]
    lines += [f"  {one.instance}: {told}" for one in standings for told in (*one.drift, *one.silent)]
    return "\n".join(lines)


def _row(session: Session, one: InstanceStatus) -> tuple[str, ...]:
    from olmis_release.cli.history import when

    zone = session.zone_of(one.instance)
    return (
        one.instance,
        one.purpose or "-",
        one.release or "-",
        when(one.since, zone) if one.since else "-",
        f"{one.healthy}/{one.components}" if one.components else "-",
        str(len(one.drift)) if one.drift else "?" if one.error else "none",
        one.wall or "?",
    )


def _state(one: InstanceStatus) -> str:
    if one.going_on:
        return f"{one.instance}: at work: {one.going_on}."
    if one.unsettled:
        return one.unsettled
    if one.locked:
        return f"{one.instance}: locked: {one.locked}."
    serving = f"serving {one.release}" if one.release else "nothing deployed from this workspace"
    match one.wall:
        case "open":
            return f"{one.instance}: open, {serving}, {one.healthy} of {one.components} components well."
        case "closed":
            return f"{one.instance}: CLOSED to users by the wall; {serving} behind it."
        case _:
            return f"{one.instance}: no wall; {serving}."


def _next(standings: Sequence[InstanceStatus]) -> str:
    if not standings:
        return "write manifests/instances/NAME.yml; `olmis-release init` shows an example"
    unwell = next((one for one in standings if one.going_on or not one.is_well), None)
    return _remedy(unwell) if unwell else f"olmis-release history {standings[0].instance}"


def _remedy(one: InstanceStatus) -> str:
    """Return the command that helps most; an open end comes before everything that may follow from it."""
    if one.error:
        return f"olmis-release preflight {one.instance}"
    if one.going_on or one.locked or one.unsettled:
        return _way_out(one)
    if one.release is None:
        return f"olmis-release plan --to {one.instance}"
    if one.drift:
        return f"olmis-release plan {one.release} --to {one.instance}"
    return f"olmis-release smoke {one.instance}"


def _way_out(one: InstanceStatus) -> str:
    """Return the command for an open end: who is at work is left alone, who is gone is taken over."""
    if one.going_on:
        return f"olmis-release status {one.instance}"
    if one.by_hand:
        return f"olmis-release lock status {one.instance}"
    return f"olmis-release {'takeover' if one.locked else 'resume'} {one.instance}"
