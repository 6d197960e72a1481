"""`changelog`: what happened from A to B, with the components' own words, as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from olmis_release.cli.diff import compared_as_named, component_data, value_data
from olmis_release.cli.examples import ExampleCommand
from olmis_release.cli.options import GLOBAL_HELP, global_options
from olmis_release.cli.result import NOTHING_TOUCHED, Result
from olmis_release.cli.session import Session

if TYPE_CHECKING:
    from olmis_release.manifest.changelog import Entry


@click.command(
    cls=ExampleCommand,
    short_help="what happened from A to B, as Markdown",
    epilog=GLOBAL_HELP,
    examples=[
        "olmis-release changelog 3.4.1+mw1 3.5.0+mw1",
        "olmis-release changelog 3.5.0 3.6.0 --sources ../services   their CHANGELOG.md, at the versions' tags",
        "olmis-release -q changelog 3.5.0 3.6.0 > NOTES.md",
    ],
)
@click.argument("a")
@click.argument("b")
@click.option(
    "--sources",
    multiple=True,
    metavar="DIR|COMPONENT=PATH",
    help="Where the components' repositories are; may be repeated.",
)
@global_options(hidden=True)
@click.pass_obj
def changelog(session: Session, *, a: str, b: str, sources: tuple[str, ...]) -> Result:
    """Write what happened from A to B (as `diff` takes them), component by component."""
    from olmis_release.manifest.changelog import changelog as made
    from olmis_release.manifest.changelog import markdown
    from olmis_release.manifest.sources import parse_sources

    found = parse_sources(sources)
    log = made(a, b, compared_as_named(session, a, b), changelog_of=found.changelog_of)
    text = markdown(log)
    return Result(
        text=text,
        data={
            "components": [_data(entry) for entry in log.entries],
            "configuration": [value_data(one) for one in log.compared.configuration],
            "markdown": text,
        },
        state=NOTHING_TOUCHED,
        next="Put it where your users read it.",
        brief=text.rstrip(),
    )


def _data(entry: Entry) -> dict[str, object]:
    sections = [{"version": one.version, "title": one.title, "text": "\n".join(one.lines)} for one in entry.sections]
    return {**component_data(entry.change), "sections": sections, "remark": entry.remark}
