"""What a database holds and what hangs on it, as values that two databases can be compared by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import LiteralString

import psycopg
from psycopg import sql

from tests.integration.postgres_server import Server

TABLES: LiteralString = """
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY 1, 2"""
ROWS: LiteralString = "SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM {} t"
SEQUENCES: LiteralString = "SELECT schemaname || '.' || sequencename, last_value FROM pg_sequences ORDER BY 1"
ATTRIBUTES: LiteralString = """
SELECT pg_get_userbyid(d.datdba), d.datconnlimit, d.datallowconn, d.datistemplate,
       shobj_description(d.oid, 'pg_database'),
       ARRAY(SELECT unnest(d.datacl)::text ORDER BY 1),
       ARRAY(SELECT coalesce(pg_get_userbyid(nullif(s.setrole, 0)), '') || ': ' || unnest(s.setconfig)
             FROM pg_db_role_setting s WHERE s.setdatabase = d.oid ORDER BY 1)
FROM pg_database d WHERE d.datname = %s"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """What pg_database and its neighbours say of a database by its name."""

    owner: str
    connection_limit: int
    open: bool
    template: bool
    comment: str | None
    grants: tuple[str, ...]
    settings: tuple[str, ...]


def content(server: Server, database: str) -> Mapping[str, tuple[int, ...]]:
    """Return rows and their hash for every table, the last value for every sequence; the database must be open."""
    with server.connect(database) as connection:
        tables = connection.execute(TABLES).fetchall()
        found = {f"{schema}.{table}": _rows(connection, schema, table) for schema, table in tables}
        sequences = connection.execute(SEQUENCES).fetchall()
        return {**found, **{name: (value or 0,) for name, value in sequences}}


def attributes(server: Server, database: str) -> Attributes:
    """Return what a copy does not take over by itself."""
    with server.connect("postgres") as connection:
        row = connection.execute(ATTRIBUTES, [database]).fetchone()
    assert row is not None, f"there is no database {database}"
    owner, limit, is_open, template, comment, grants, settings = row
    return Attributes(
        owner=owner,
        connection_limit=limit,
        open=is_open,
        template=template,
        comment=comment,
        grants=tuple(grants),
        settings=tuple(settings),
    )


def _rows(connection: psycopg.Connection, schema: str, table: str) -> tuple[int, int]:
    row = connection.execute(sql.SQL(ROWS).format(sql.Identifier(schema, table))).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])
