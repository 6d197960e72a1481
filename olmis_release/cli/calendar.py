"""`calendar`: what is to come on every instance, and where it clashes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from olmis_release.cli.arguments import instance_argument
from olmis_release.cli.examples import ExampleCommand
from olmis_release.cli.options import GLOBAL_HELP, global_options
from olmis_release.cli.result import NOTHING_TOUCHED, Result
from olmis_release.cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from olmis_release.instance.config import InstanceConfig
    from olmis_release.plan.agenda import Entry, Planned
    from olmis_release.plan.sets import PlanSet


@click.command(
    cls=ExampleCommand,
    short_help="plans, windows and freezes to come, and where they clash",
    epilog=GLOBAL_HELP,
    examples=[
        "olmis-release calendar",
        "olmis-release calendar prod --days 120",
        "olmis-release calendar --ics releases.ics    for a calendar program",
    ],
)
@instance_argument(required=False)
@click.option("--days", type=click.IntRange(1, 366), default=60, show_default=True, help="How far ahead to look.")
@click.option(
    "--ics",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the dates of every open plan as a calendar file.",
)
@global_options(hidden=True)
@click.pass_obj
def calendar(session: Session, *, instance: str | None, days: int, ics: Path | None) -> Result:
    """Show the open plans, windows and freezes of an instance (or of all), and what of it clashes."""
    from olmis_release.plan.agenda import Planned, clashes

    names = (session.about(instance).name,) if instance else session.workspace.instance_names()
    configs = [session.about(name) for name in names]
    if instance is None:
        session.instance = None
    plans = [Planned(plan=one.plan, code=one.code) for name in names for one in _open(session, name)]
    if ics is not None:
        _write(session, plans, ics)
    rows = _entries(configs, plans, days=days)
    clashing = clashes(configs, plans)
    zones = {config.name: config for config in configs}
    return Result(
        text="\n".join([_text(rows, clashing, zones, days=days), *([f"Wrote {ics}"] if ics else [])]),
        data={"entries": [_data(row) for row in rows], "clashes": list(clashing)},
        state=NOTHING_TOUCHED,
        next="olmis-release plan RELEASE --to INSTANCE --window 'YYYY-MM-DD HH:MM'",
    )


def _open(session: Session, name: str) -> Sequence[PlanSet]:
    from olmis_release.plan.sets import open_plans

    return open_plans(session.workspace, name)


def _entries(configs: Sequence[InstanceConfig], plans: Sequence[Planned], *, days: int) -> list[Entry]:
    from olmis_release import clock
    from olmis_release.plan.agenda import entries

    now, ahead = clock.now(), timedelta(days=days)
    found = [
        entry
        for config in configs
        for entry in entries(config, [one for one in plans if one.plan.instance == config.name], now=now, ahead=ahead)
    ]
    return sorted(found, key=lambda entry: (entry.span, entry.instance))


def _text(rows: Sequence[Entry], clashing: Sequence[str], configs: Mapping[str, InstanceConfig], *, days: int) -> str:
    from olmis_release.cli.tables import table
    from olmis_release.plan.window_choice import shown
    from olmis_release.text import safe

    lines = [(shown(configs[row.instance], row.span), row.instance, str(row.kind), row.what) for row in rows]
    found = table(["WHEN", "INSTANCE", "WHAT", "OF"], lines) if lines else f"Nothing is to come within {days} days."
    return "\n".join([found, *(f"CLASH: {safe(one)}" for one in clashing)])


def _data(row: Entry) -> dict[str, str]:
    from olmis_release import clock

    return {
        "kind": str(row.kind),
        "instance": row.instance,
        "start": clock.iso(row.span.start),
        "end": clock.iso(row.span.end),
        "what": row.what,
        "code": row.code,
    }


def _write(session: Session, plans: Sequence[Planned], file: Path) -> None:
    from olmis_release.plan.documents.calendar_file import Dated, calendar_of
    from olmis_release.plan.sets import revision_of

    dated = [Dated(plan=one.plan, code=one.code, revision=revision_of(session.workspace, one.plan)) for one in plans]
    file.write_bytes(calendar_of(dated))
