"""`history`: every run of an instance, newest first."""

from __future__ import annotations

from datetime import tzinfo
from typing import TYPE_CHECKING

import click

from olmis_release.cli.arguments import instance_argument
from olmis_release.cli.examples import ExampleCommand
from olmis_release.cli.options import GLOBAL_HELP, global_options
from olmis_release.cli.result import NOTHING_TOUCHED, Result
from olmis_release.cli.session import Session

if TYPE_CHECKING:
    from olmis_release.plan.model import Run


@click.command(
    cls=ExampleCommand,
    short_help="every deploy and rollback, newest first",
    epilog=GLOBAL_HELP,
    examples=[
        "olmis-release history uat",
        "olmis-release history uat --json",
    ],
)
@instance_argument(required=False)
@global_options(hidden=True)
@click.pass_obj
def history(session: Session, *, instance: str | None) -> Result:
    """Show every deploy and rollback of an instance (or of all), newest first, with outcome and minutes."""
    from olmis_release.cli.approvals_data import open_lines, open_tallies, tally_data
    from olmis_release.cli.run_result import run_data
    from olmis_release.cli.standing import recorded_state
    from olmis_release.plan.records import runs

    names = (session.about(instance).name,) if instance else session.workspace.instance_names()
    known = sorted(
        (run for name in names for run in runs(session.workspace, name)), key=lambda run: run.started, reverse=True
    )
    waiting = [one for name in names for one in open_tallies(session.workspace, name)]
    text = _table(session, known) if known else "No run is recorded in this workspace."
    return Result(
        text="\n".join([text, *open_lines(waiting)]),
        data={
            "instance": instance,
            "runs": [run_data(run) for run in known],
            "open_plans": [tally_data(one) for one in waiting],
        },
        state=recorded_state(session.workspace, instance) if instance else NOTHING_TOUCHED,
        next=f"olmis-release status{f' {instance}' if instance else ''}",
    )


def _table(session: Session, runs: list[Run]) -> str:
    from olmis_release.cli.tables import table

    zones = {name: session.zone_of(name) for name in {run.instance for run in runs}}
    rows = [_row(run, zones[run.instance]) for run in runs]
    return table(["WHEN", "INSTANCE", "CODE", "KIND", "RELEASE", "RESULT", "WAY BACK", "TOOK", "OFFLINE", "BY"], rows)


def _row(run: Run, zone: tzinfo | None) -> tuple[str, ...]:
    from olmis_release.cli.run_result import took
    from olmis_release.text import minutes

    return (
        when(run.started, zone),
        run.instance,
        run.code,
        str(run.kind),
        run.release,
        str(run.outcome),
        str(run.way_back),
        took(run),
        "?" if run.ended_by else minutes(run.outage_s) if run.outage_s else "-",
        run.by,
    )


def when(moment: str, zone: tzinfo | None) -> str:
    """Return a recorded moment in an instance's time."""
    from olmis_release import clock

    return f"{clock.parse_iso(moment).astimezone(zone):%d %b %Y %H:%M %Z}"
