"""SQL over TCP by psycopg, for a database that no component of the instance runs (RDS and the like)."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg
from psycopg import conninfo

from olmis_release.errors import BadInput, TargetUnreachable
from olmis_release.instance.sql import APPLICATION_NAME, CONNECT_TIMEOUT_S, LOCK_TIMEOUT_S, Row, SqlFailed, Statement


class SqlByUrl:
    """Sends SQL through a connection of its own for every call; see `Sql`."""

    def __init__(self, url: str, *, maintenance: str) -> None:
        """Remember where to connect; the URL's own database name is not used."""
        self._url = url
        self._maintenance = maintenance

    def run(self, *statements: Statement, database: str = "", timeout_s: float = 60.0) -> tuple[tuple[Row, ...], ...]:
        """Run statements in one session."""
        try:
            with self._connect(database or self._maintenance) as connection:
                connection.execute(f"SET statement_timeout = {timeout_s * 1000:.0f}".encode())
                connection.execute(f"SET lock_timeout = {LOCK_TIMEOUT_S * 1000:.0f}".encode())
                return tuple(
                    rows for statement in statements if (rows := _carry_out(connection, statement)) is not None
                )
        except psycopg.Error as error:
            raise _translated(error) from error

    def _connect(self, database: str) -> psycopg.Connection:
        return psycopg.connect(
            self._url,
            autocommit=True,
            dbname=database,
            application_name=APPLICATION_NAME,
            client_encoding="UTF8",
            connect_timeout=CONNECT_TIMEOUT_S,
            keepalives=1,
            keepalives_idle=30,
            keepalives_interval=10,
            keepalives_count=3,
        )


def url_from(variable: str, environment: Mapping[str, str]) -> str:
    """Return the URL that an environment variable holds.

    Raises:
        BadInput: It is not set, or is no PostgreSQL URL; the value is never shown, it holds a password.
    """
    url = environment.get(variable, "")
    problem = _problem(url)
    if problem:
        raise BadInput.one(
            f"The environment variable {variable}, which the instance file names as database.url_from, {problem}.",
            resolution=f"export {variable}=postgresql://ROLE:PASSWORD@HOST:5432/ (a role that may create databases).",
            code="E-DATABASE-URL",
        )
    return url


def _problem(url: str) -> str:
    if not url:
        return "is not set"
    if not url.startswith(("postgresql://", "postgres://")):
        return "is no postgresql:// URL"
    try:
        conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        return "is no valid URL"
    return ""


def _carry_out(connection: psycopg.Connection, statement: Statement) -> tuple[Row, ...] | None:
    try:
        cursor = connection.execute(statement.text.encode())
    except psycopg.Error as error:
        raise _translated(error, "" if statement.returns else statement.text) from error
    if not statement.returns:
        return None
    answer = cursor.fetchone()
    return tuple(answer[0]) if answer else ()


def _translated(error: psycopg.Error, statement: str = "") -> SqlFailed | TargetUnreachable:
    told = str(error.diag.message_primary or error).strip()
    # 57P01 and its kin (terminated, crashed, starting) and class 08 mean that there is no session any more.
    lost = error.sqlstate is None or error.sqlstate.startswith(("08", "57P"))
    if lost or error.sqlstate is None:
        return TargetUnreachable(
            f"PostgreSQL gave no session: {told}",
            resolution="Check that the database server runs and that its URL, role and password are right.",
        )
    return SqlFailed(told, sqlstate=error.sqlstate, statement=statement, details=str(error).strip())
