"""`schema`: the JSON Schema of a file of the workspace, for editors and other tools."""

from __future__ import annotations

import click

from olmis_release.cli.examples import ExampleCommand
from olmis_release.cli.options import GLOBAL_HELP, global_options
from olmis_release.cli.result import NOTHING_TOUCHED, Result
from olmis_release.cli.session import Session
from olmis_release.errors import UsageError


@click.command(
    cls=ExampleCommand,
    short_help="JSON Schema of a file of the workspace",
    epilog=GLOBAL_HELP,
    examples=[
        "olmis-release schema                  which there are",
        "olmis-release schema extension",
        "olmis-release schema --write          into manifests/schemas, where the manifests refer to them",
    ],
)
@click.argument("name", required=False)
@click.option("--write", is_flag=True, help="Write the schemas that manifests refer to into manifests/schemas.")
@global_options(hidden=True)
@click.pass_obj
def schema(session: Session, *, name: str | None, write: bool) -> int | Result:
    """Print the JSON Schema called NAME; without one, list them all."""
    from olmis_release.cli.schemas import SCHEMAS, schema_text
    from olmis_release.text import did_you_mean, listed

    if write:
        return _written(session)
    if name is None:
        return _listed()
    if name not in SCHEMAS:
        raise UsageError(
            f"There is no schema {name}. {did_you_mean(name, SCHEMAS)}".rstrip(),
            resolution=f"There are: {listed(SCHEMAS)}.",
        )
    session.sink.out(schema_text(name).rstrip())
    return 0


def _listed() -> Result:
    from olmis_release.cli.schemas import SCHEMAS
    from olmis_release.cli.tables import table

    return Result(
        text=table(["NAME", "OF"], [(name, files) for name, (files, _) in SCHEMAS.items()]),
        data={"schemas": [{"name": name, "files": files} for name, (files, _) in SCHEMAS.items()]},
        state=NOTHING_TOUCHED,
        next="olmis-release schema NAME",
    )


def _written(session: Session) -> Result:
    from olmis_release.cli.result import NO_INSTANCE_TOUCHED
    from olmis_release.cli.schemas import write_schemas

    paths = [session.workspace.relative(path) for path in write_schemas(session.workspace)]
    return Result(
        text="\n".join(f"Wrote {path}" for path in paths) or "Every schema was up to date; nothing written.",
        data={"written": paths},
        state=NO_INSTANCE_TOUCHED,
        next="olmis-release candidate RELEASE",
    )
