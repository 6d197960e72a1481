"""`revoke`: take one's own decision about a plan back."""

from __future__ import annotations

from pathlib import Path

import click

from olmis_release.cli.deciding import Typed, decided, decision_options
from olmis_release.cli.examples import ExampleCommand
from olmis_release.cli.options import GLOBAL_HELP, global_options
from olmis_release.cli.result import Result
from olmis_release.cli.session import Session


@click.command(
    cls=ExampleCommand,
    short_help="take your own approval or rejection back",
    epilog=GLOBAL_HELP,
    examples=['olmis-release revoke F7DS-JEEJ --as implementer --comment "the window moved"'],
)
@decision_options
@global_options(hidden=True)
@click.pass_obj
def revoke(session: Session, *, code: str, role: str, comment: str, key: Path | None, by: str | None) -> Result:
    """Take back what you decided (or recorded) about plan CODE in a role; the statements stay, and count no more."""
    from olmis_release.plan.approval.statement import Decision

    return decided(session, code, Decision.REVOKE, typed=Typed(role=role, comment=comment, key=key, by=by))
