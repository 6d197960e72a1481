"""`diff`: what changes from one release, file, distribution or instance to another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from olmis_release.cli.examples import ExampleCommand
from olmis_release.cli.options import GLOBAL_HELP, global_options
from olmis_release.cli.result import NOTHING_TOUCHED, Result
from olmis_release.cli.session import Session
from olmis_release.errors import DifferencesFound

if TYPE_CHECKING:
    from olmis_release.manifest.comparison import Comparison, ImageChange, ValueChange
    from olmis_release.manifest.model import ImageRef
    from olmis_release.manifest.side import Side

SIGNS = {"added": "+", "removed": "-", "changed": "~", "unchanged": "="}
UNSEEN = (
    "Of an instance the images and the environment of its containers are seen. Ports, volumes, limits, health checks "
    "and whatever else Compose was told are compared by `olmis-release plan`, drift by `olmis-release status`."
)
WORDS = {"up": "up", "down": "DOWN", "unknown": "order unknown"}


@click.command(
    cls=ExampleCommand,
    short_help="what changes from A to B",
    epilog=GLOBAL_HELP,
    examples=[
        "olmis-release diff 3.5.0+mw1 3.6.0+mw1",
        "olmis-release diff uat 3.5.0+mw1                     what a deploy would change",
        "olmis-release diff ref-distro@v3.19.1 ref-distro@v3.19.2",
        "olmis-release diff 3.19.1 country.git@main:deployment/prod_env",
    ],
)
@click.argument("a")
@click.argument("b")
@click.option("--detailed-exitcode", is_flag=True, help="End with 3 when anything differs.")
@global_options(hidden=True)
@click.pass_obj
def diff(session: Session, *, a: str, b: str, detailed_exitcode: bool) -> Result:
    """Compare A with B: each a release, a candidate (3.5.0+mw1/rc2), a file, SOURCE@REF:FOLDER, or an instance."""
    compared = compared_as_named(session, a, b)
    differs = detailed_exitcode and not compared.is_empty
    return Result(
        text="\n".join([*_lines(compared), *unseen(compared), _counts(compared)]),
        data={
            "components": [component_data(one) for one in compared.components],
            "configuration": [value_data(one) for one in compared.configuration],
            "not_seen": unseen(compared),
        },
        state=NOTHING_TOUCHED,
        next=f"olmis-release changelog {a} {b}",
        brief=_counts(compared),
        exit_code=DifferencesFound.exit_code if differs else 0,
    )


def compared_as_named(session: Session, a: str, b: str) -> Comparison:
    """Compare what two texts stand for; a release beside an instance is taken as it would be there."""
    from olmis_release.manifest.comparison import compare_sides

    sides = [_as_on(session, other, _side_of(session, text)) for text, other in ((a, b), (b, a))]
    for side in sides:
        for problem in side.problems:
            session.warn(f"{side.name}: {problem}")
    return compare_sides(*sides)


def _as_on(session: Session, other: str, side: Side) -> Side:
    if not session.has_instance(other):
        return side
    from olmis_release.cli.instance_side import as_on

    return as_on(session, other, side)


def _side_of(session: Session, text: str) -> Side:
    """Return what a text stands for: an instance of the workspace, or what `read_side` finds."""
    from olmis_release.manifest.operands import read_side

    if session.has_instance(text):
        from olmis_release.cli.instance_side import instance_side

        return instance_side(session, text)
    return read_side(lambda: session.workspace, text)


def component_data(one: ImageChange) -> dict[str, object]:
    """Return a component's change for ``--json``."""
    return {
        "name": one.name,
        "change": str(one.change),
        "from": image_text(one.before),
        "to": image_text(one.after),
        "direction": str(one.direction) if one.direction else None,
        "flags": [str(flag) for flag in one.flags],
        "from_digest": one.before.digest if one.before else None,
        "to_digest": one.after.digest if one.after else None,
        "replaces": one.replaces,
    }


def value_data(one: ValueChange) -> dict[str, object]:
    """Return a changed value for ``--json``."""
    return {
        "component": one.component,
        "path": one.path,
        "change": str(one.change),
        "from": one.before,
        "to": one.after,
    }


def image_text(image: ImageRef | None) -> str | None:
    """Return an image as its file writes it."""
    return None if image is None else image.written


def _lines(compared: Comparison) -> Iterator[str]:
    changed = compared.changed
    width = max((len(one.name) for one in changed), default=0)
    yield from (image_line(one, width) for one in changed)
    unchanged = len(compared.components) - len(changed)
    if unchanged:
        yield f"= {unchanged} unchanged"
    if compared.configuration:
        yield "Configuration:"
        yield from (_value_line(one) for one in compared.configuration)


def unseen(compared: Comparison) -> list[str]:
    """Return what this comparison cannot see, in words; nothing where it sees all."""
    return [] if compared.seen is None else [UNSEEN]


def image_line(one: ImageChange, width: int = 0) -> str:
    """Return ``~ requisition  openlmis/requisition:7.1.0 -> openlmis/requisition:7.1.1  (up)``."""
    images = [image_text(one.before) or "built", image_text(one.after) or "built"]
    moved = {"added": images[1], "removed": images[0]}.get(str(one.change), " -> ".join(images))
    notes = [WORDS[str(one.direction)]] if one.direction else []
    notes += [f"replaces {one.replaces}" if flag == "replaces" else str(flag) for flag in one.flags]
    if "tag-moved" in one.flags and one.after and one.before:
        notes += [f"{_short(one.before)} -> {_short(one.after)}"]
    return f"{SIGNS[str(one.change)]} {one.name:<{width}}  {moved}" + (f"  ({', '.join(notes)})" if notes else "")


def _short(image: ImageRef) -> str:
    return (image.digest or "open").removeprefix("sha256:")[:12]


def _value_line(one: ValueChange) -> str:
    moved = {"added": one.after, "removed": one.before}.get(str(one.change), f"{one.before} -> {one.after}")
    return f"  {SIGNS[str(one.change)]} {one.component}.{one.path}: {moved}"


def _counts(compared: Comparison) -> str:
    from olmis_release.text import plural

    changes = [str(one.change) for one in compared.components]
    counts = ", ".join(f"{changes.count(change)} {change}" for change in SIGNS)
    return f"{counts}; {plural(len(compared.configuration), 'configuration value')} differ."
