"""`reject`: say no to a plan, signed; one no is enough."""

from __future__ import annotations

from pathlib import Path

import click

from olmis_release.cli.deciding import Typed, decided, decision_options, evidence_option
from olmis_release.cli.examples import ExampleCommand
from olmis_release.cli.options import GLOBAL_HELP, global_options
from olmis_release.cli.result import Result
from olmis_release.cli.session import Session


@click.command(
    cls=ExampleCommand,
    short_help="reject a plan in a role, signed; one is enough",
    epilog=GLOBAL_HELP,
    examples=['olmis-release reject F7DS-JEEJ --as moh-product-owner --comment "stock count on Monday"'],
)
@decision_options
@evidence_option
@global_options(hidden=True)
@click.pass_obj
def reject(
    session: Session, *, code: str, role: str, comment: str, key: Path | None, by: str | None, evidence: Path | None
) -> Result:
    """Reject plan CODE: it is not carried out, whoever approves it, until you take that back with `revoke`."""
    from olmis_release.plan.approval.statement import Decision

    typed = Typed(role=role, comment=comment, key=key, by=by, evidence=evidence)
    return decided(session, code, Decision.REJECT, typed=typed)
