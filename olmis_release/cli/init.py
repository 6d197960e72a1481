"""`init`: a new workspace with commented examples."""

from __future__ import annotations

from pathlib import Path

import click

from olmis_release.cli.examples import ExampleCommand
from olmis_release.cli.options import GLOBAL_HELP, global_options
from olmis_release.cli.result import NO_INSTANCE_TOUCHED, Result
from olmis_release.cli.session import Session


@click.command(
    cls=ExampleCommand,
    short_help="make a new workspace",
    epilog=GLOBAL_HELP,
    examples=[
        "olmis-release init malawi-releases",
    ],
)
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@global_options(hidden=True)
@click.pass_obj
def init(session: Session, *, folder: Path | None) -> Result:
    """Make a workspace in DIR (default: --repo, or here): manifests/, plans/, hooks/. Files that exist are kept."""
    from olmis_release.manifest.skeleton import write_skeleton

    target = folder or session.repo or Path()
    written = [str(path) for path in (*write_skeleton(target), *_schemas(target))]
    shown = "\n".join(f"  {path}" for path in written) or "  nothing: everything was there already"
    there = "" if folder is None and session.repo is None else f"cd {target} && "
    return Result(
        text=f"Workspace in {target.absolute()}; wrote:\n{shown}",
        data={"folder": str(target.absolute()), "written": written},
        state=NO_INSTANCE_TOUCHED,
        next=f"{there}olmis-release candidate RELEASE",
        brief=str(target.absolute()),
    )


def _schemas(folder: Path) -> tuple[Path, ...]:
    """Write the schemas that the examples refer to; editors complete and check manifests by them."""
    from olmis_release.cli.schemas import write_schemas
    from olmis_release.workspace import Workspace

    return tuple(path.relative_to(folder) for path in write_schemas(Workspace(root=folder)))
