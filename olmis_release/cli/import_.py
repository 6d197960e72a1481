"""`import`: manifests from distributions as they are in the field."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from olmis_release.cli.examples import ExampleCommand, write_examples
from olmis_release.cli.options import GLOBAL_HELP, global_options
from olmis_release.cli.result import Result
from olmis_release.cli.session import Session
from olmis_release.errors import BadInput, UsageError

if TYPE_CHECKING:
    from olmis_release.manifest.image import ImageRef
    from olmis_release.manifest.importers.importing import Imported, Request
    from olmis_release.workspace import Workspace

Command = TypeVar("Command", bound=Callable[..., Any])
STAGES = ("development", "uat", "release")


EXAMPLES = (
    "olmis-release import core v3.19.2 --from ref-distro.bundle",
    "olmis-release import extension mw --from mw-deployment --dir deployment/prod_env",
)


class ImportGroup(click.Group):
    """The group, with examples in its help."""

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help text, then the examples."""
        super().format_help_text(ctx, formatter)
        write_examples(formatter, EXAMPLES)


@click.group(cls=ImportGroup, name="import", short_help="make manifests from a Core or country distribution")
def import_() -> None:
    """Read compose files and .env at a ref of a repository (nothing is checked out), and write the manifest."""


def _source_options(command: Command) -> Command:
    options = [
        click.option(
            "--from", "source", required=True, metavar="SOURCE", help="Git URL, repository, bundle or folder."
        ),
        click.option("--dir", "folder", metavar="FOLDER", help="Folder inside the source."),
        click.option("--file", "files", multiple=True, metavar="FILE", help="Compose file; several override in order."),
        click.option("--env", "env_files", multiple=True, metavar="FILE", help="Instead of the folder's own .env."),
        click.option("--stage", type=click.Choice(STAGES), default="development", help="Judge problems as for this."),
        click.option("-n", "--dry-run", is_flag=True, help="Only read and tell; write nothing."),
        click.option("--replace", "replaces", is_flag=True, help="Also write over a manifest that a person changed."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@import_.command(
    cls=ExampleCommand,
    name="core",
    short_help="a Core release, at its tag",
    epilog=GLOBAL_HELP,
    examples=[
        "olmis-release import core v3.19.2 --from https://github.com/OpenLMIS/openlmis-ref-distro",
        "olmis-release import core v3.19.2 --from ref-distro.bundle",
    ],
)
@click.argument("tag")
@_source_options
@global_options(hidden=True)
@click.pass_obj
def import_core(session: Session, /, *, tag: str, **given: Any) -> Result:
    """Write the manifest of a Core release from the reference distribution at TAG."""
    from olmis_release.manifest.importers.importing import import_core as carry_out

    return _carried_out(session, given, lambda workspace, request: carry_out(workspace, tag, request))


@import_.command(
    cls=ExampleCommand,
    name="extension",
    short_help="a country's distribution, against its nearest Core release",
    epilog=GLOBAL_HELP,
    examples=[
        "olmis-release import extension mw --from mw-deployment --ref master --dir deployment/prod_env",
        "olmis-release import extension ao --from ao-distro --file docker-compose.yml --file docker-compose.tls.yml",
    ],
)
@click.argument("name")
@_source_options
@click.option("--ref", metavar="REF", help="Tag, branch or commit; default: HEAD, or the folder as it is.")
@click.option("--core", metavar="VERSION", help="Write it against this Core release instead of the nearest.")
@click.option("--core-source", metavar="SOURCE", help="Compare with every tag of this Core repository as well.")
@click.option(
    "--built",
    "stand_ins",
    multiple=True,
    metavar="SERVICE=IMAGE",
    help="Finished image of a service built on the spot.",
)
@global_options(hidden=True)
@click.pass_obj
def import_extension(session: Session, /, *, name: str, stand_ins: tuple[str, ...], **given: Any) -> Result:
    """Write the extension NAME that makes a country's distribution out of Core: adds, replaces, removes, pins, sets."""
    import re

    from olmis_release.manifest.importers.importing import import_extension as carry_out

    if not re.fullmatch(r"[a-z][a-z-]{0,30}", name):
        raise UsageError(f"{name!r} is no name of an extension ([a-z][a-z-]*).", resolution="For example: mw")
    images = dict(_stand_in(text) for text in stand_ins)
    return _carried_out(
        session, {**given, "stand_ins": images}, lambda workspace, request: carry_out(workspace, name, request)
    )


def _stand_in(text: str) -> tuple[str, ImageRef]:
    from olmis_release.manifest.image import ImageRef

    service, _, image = text.partition("=")
    try:
        return service, ImageRef.parse(image)
    except ValueError:
        raise UsageError(f"--built {text}: write SERVICE=IMAGE.", resolution="For example log=org/rsyslog:3") from None


def _carried_out(
    session: Session, given: dict[str, Any], carry_out: Callable[[Workspace | None, Request], Imported]
) -> Result:
    """Import and tell; a refusal tells the same with its problems."""
    from olmis_release.cli.import_text import refused, told
    from olmis_release.manifest.importers.importing import Request
    from olmis_release.manifest.policy import Stage

    stage, writes = Stage(given.pop("stage")), not given.pop("dry_run")
    request = Request(**given, stage=stage, writes=writes)
    workspace = _workspace(session)
    try:
        found = carry_out(workspace, request)
    except BadInput as error:
        return refused(error)
    if workspace and any(outcome == "written" for _, outcome in found.files):
        from olmis_release.cli.schemas import write_schemas

        write_schemas(workspace)
    return told(found, workspace, writes=writes)


def _workspace(session: Session) -> Workspace | None:
    """Return the workspace; outside of one an import only reads and tells."""
    try:
        return session.workspace
    except BadInput:
        if session.repo is not None or _is_named():
            raise
        return None


def _is_named() -> bool:
    import os

    return bool(os.environ.get("OLMIS_RELEASE_REPO"))
