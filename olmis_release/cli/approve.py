"""`approve`: say yes to a plan, signed."""

from __future__ import annotations

from pathlib import Path

import click

from olmis_release.cli.deciding import Typed, decided, decision_options, evidence_option
from olmis_release.cli.examples import ExampleCommand
from olmis_release.cli.options import GLOBAL_HELP, global_options
from olmis_release.cli.result import Result
from olmis_release.cli.session import Session
from olmis_release.errors import UsageError


@click.command(
    cls=ExampleCommand,
    short_help="approve a plan in a role, signed",
    epilog=GLOBAL_HELP,
    examples=[
        "olmis-release approve F7DS-JEEJ --as implementer",
        "olmis-release approve F7DS-JEEJ --as moh-product-owner --by c.phiri@health.example.org --evidence page.pdf",
        "olmis-release approve F7DS-JEEJ --as moh-product-owner --verbal-by c.phiri@health.example.org",
    ],
)
@decision_options
@evidence_option
@click.option("--until", metavar="DATE", help="When the approval lapses; default: as late as the policy lets it.")
@click.option("--verbal-by", "verbal_by", metavar="NAME", help="Who said so; on the emergency route only.")
@global_options(hidden=True)
@click.pass_obj
def approve(
    session: Session,
    *,
    code: str,
    role: str,
    comment: str,
    key: Path | None,
    by: str | None,
    evidence: Path | None,
    until: str | None,
    verbal_by: str | None,
) -> Result:
    """Approve plan CODE. What is signed names this plan and no other: any change of it makes the approval void."""
    from olmis_release.plan.approval.statement import Decision

    if by and verbal_by:
        raise UsageError("--by and --verbal-by exclude each other.", resolution="Name the person once.")
    typed = Typed(
        role=role,
        comment=comment,
        key=key,
        evidence=evidence,
        until=until,
        by=verbal_by or by,
        spoken=verbal_by is not None,
    )
    return decided(session, code, Decision.APPROVE, typed=typed)
