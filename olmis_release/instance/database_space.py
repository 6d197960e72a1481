"""How much room is left where PostgreSQL keeps its data."""

from __future__ import annotations

from collections.abc import Iterable

from olmis_release.errors import StepFailed
from olmis_release.instance.psql import DatabaseContainer
from olmis_release.instance.sql import INSUFFICIENT_PRIVILEGE, Sql, SqlFailed, ask, do

_PLACES = ask(
    "SELECT current_setting('data_directory') AS place UNION"
    " SELECT pg_tablespace_location(oid) FROM pg_tablespace WHERE pg_tablespace_location(oid) <> ''"
)


class RoomInContainer:
    """Asks `df` in the database's container, for the data directory and every tablespace."""

    def __init__(self, sql: Sql, container: DatabaseContainer) -> None:
        """Remember whom to ask."""
        self._sql = sql
        self._container = container

    def free_bytes(self) -> int | None:
        """Return the room of the fullest of them."""
        result = self._container.exec(("df", "-PB1", *self._places()))
        return _least(result.stdout.splitlines()) if result.exit_code == 0 else None

    def _places(self) -> Iterable[str]:
        try:
            (rows,) = self._sql.run(_PLACES)
        except SqlFailed as error:
            if error.sqlstate != INSUFFICIENT_PRIVILEGE:
                raise
            return (self._container.find().environment.get("PGDATA", "/var/lib/postgresql/data"),)
        return tuple(row["place"] for row in rows)


class RoomByServer:
    """Lets the server ask `df`, which only a superuser may; a managed database's room cannot be known this way."""

    def __init__(self, sql: Sql) -> None:
        """Remember whom to ask."""
        self._sql = sql

    def free_bytes(self) -> int | None:
        """Return the room in the data directory, None when it cannot be known."""
        try:
            (rows,) = self._sql.run(
                do("CREATE TEMPORARY TABLE olmis_release_df (line text)"),
                do("COPY olmis_release_df FROM PROGRAM 'df -PB1 .'"),
                ask("SELECT line FROM olmis_release_df"),
            )
        except SqlFailed:
            return None
        return _least(row["line"] for row in rows)


def _least(lines: Iterable[str]) -> int:
    """Return the smallest fourth column of `df -P`, whose first line is a heading."""
    sizes = [line.split()[3] for line in lines if len(line.split()) >= 6]
    try:
        return min(int(size) for size in sizes if size.isdigit())
    except ValueError as error:
        raise StepFailed("df gave no sizes.", resolution="Run df in the database's container and look.") from error
