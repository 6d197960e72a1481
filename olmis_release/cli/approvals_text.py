"""Who approved a plan and who is missing, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from olmis_release.text import safe

if TYPE_CHECKING:
    from datetime import tzinfo

    from olmis_release.plan.approval.tally import Given, Tally


def tally_text(counted: Tally, zone: tzinfo | None) -> str:
    """Return the table of roles, then whatever does not count."""
    from olmis_release.cli.tables import table

    return table(["ROLE", "APPROVED BY", "HOW", "WHEN", "UNTIL"], [_row(counted, role, zone) for role in counted.roles])


def _row(counted: Tally, role: str, zone: tzinfo | None) -> tuple[str, ...]:
    from olmis_release.cli.history import when
    from olmis_release.clock import iso

    given = counted.given.get(role)
    if given is None:
        return (role, "-", "missing", "-", "-")
    return (
        role,
        safe(given.statement.person),
        _how(given),
        when(given.statement.at, zone),
        when(iso(given.lapses), zone),
    )


def _how(given: Given) -> str:
    from olmis_release.clock import iso

    statement = given.statement
    recorded = f", recorded by {safe(statement.recorded_by)}" if statement.recorded_by != statement.person else ""
    owed = f", in writing by {iso(given.writing_due)}" if given.writing_due else ""
    return f"{statement.method}{recorded}{owed}"
