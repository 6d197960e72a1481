"""SQL as values, and the one protocol by which it is sent; `psql.py` and `sql_by_url.py` carry it out.

Every text is fixed in the source; names and values enter through `name` and `value`, which quote them. A result always
travels as JSON, so that both ways of sending give the very same rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, LiteralString, Protocol, TypeAlias

from psycopg import sql

from olmis_release.errors import StepFailed

Row: TypeAlias = Mapping[str, Any]
APPLICATION_NAME = "olmis-release"
CONNECT_TIMEOUT_S = 10
LOCK_TIMEOUT_S = 20.0
SHOWN_CHARACTERS = 120

INSUFFICIENT_PRIVILEGE = "42501"
_RESOLUTIONS = {
    INSUFFICIENT_PRIVILEGE: "Use a role that may do this: a superuser, or the database's owner with CREATEDB.",
    "53100": "The disk is full: make room where PostgreSQL keeps its data, then try again.",
    "53300": "PostgreSQL has no connection left: raise max_connections or end idle sessions.",
    "55006": "Something still uses the database: end what the message names, then try again.",
    "55P03": "Another session holds a lock on the database: see pg_locks, then try again.",
    "57014": "It took longer than allowed: look at the server's load and disk, then try again.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One SQL statement; `returns` tells that its single value is a JSON list of rows."""

    text: str
    returns: bool


class Sql(Protocol):
    """A way to send SQL to the server."""

    def run(self, *statements: Statement, database: str = "", timeout_s: float = 60.0) -> tuple[tuple[Row, ...], ...]:
        """Run statements in order in one session, each its own transaction unless `transaction` made them one.

        Args:
            statements: The first that fails ends the session; an open transaction is rolled back.
            database: Where to connect; the maintenance database when empty.
            timeout_s: Seconds each statement may take.

        Returns:
            The rows of each statement made by `ask`, in order.

        Raises:
            SqlFailed: The server refused a statement.
            TargetUnreachable: No session could be had, or it was lost; what a statement under way did is unknown.
        """


class SqlFailed(StepFailed):
    """The server refused a statement.

    Attributes:
        sqlstate: PostgreSQL's five-character code.
    """

    code = "E-SQL"

    def __init__(self, told: str, *, sqlstate: str, statement: str = "", details: str = "") -> None:
        """Choose the resolution by the code; of the statement only what stands before its first value is shown."""
        resolution = _RESOLUTIONS.get(sqlstate, "Read PostgreSQL's message; its log has the details.")
        shown = statement.partition("'")[0].strip()[:SHOWN_CHARACTERS]
        message = f"PostgreSQL refused{' ' if shown else ''}{shown}: {told} ({sqlstate})."
        super().__init__(message, resolution=resolution, details=details)
        self.sqlstate = sqlstate


def name(*parts: str) -> sql.Composable:
    """Return a quoted identifier, or a dotted one."""
    return sql.Identifier(*parts)


def value(content: str | int | bool | None) -> sql.Composable:  # noqa: FBT001 - a value, not a switch
    """Return a quoted literal."""
    return sql.Literal(content)


def do(text: LiteralString, /, **values: sql.Composable) -> Statement:
    """Return a statement without a result; ``{key}`` in the text becomes the value given."""
    return Statement(text=_filled(text, values), returns=False)


def ask(text: LiteralString, /, **values: sql.Composable) -> Statement:
    """Return a query whose rows come back as JSON, in the order in which it gives them."""
    inner = _filled(text, values)
    return Statement(text=f"SELECT coalesce(json_agg(q), '[]') FROM ({inner}) q", returns=True)  # noqa: S608 - quoted above


def transaction(*statements: Statement) -> tuple[Statement, ...]:
    """Make statements one transaction: all of them happen, or none."""
    return (do("BEGIN"), *statements, do("COMMIT"))


def _filled(text: LiteralString, values: Mapping[str, sql.Composable]) -> str:
    return sql.SQL(text).format(**values).as_string(None)
