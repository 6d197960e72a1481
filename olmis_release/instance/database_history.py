"""Flyway's history tables, found by their shape: services name them differently, each in a schema of its own."""

from __future__ import annotations

from olmis_release.instance.ports import Applied, History
from olmis_release.instance.sql import Row, Sql, ask, name

_BY_SHAPE = ask(
    "SELECT n.nspname AS schema, c.relname AS table FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\\_%' AND 5 = (SELECT count(*) FROM pg_attribute a"
    " WHERE a.attrelid = c.oid AND NOT a.attisdropped"
    " AND a.attname IN ('installed_rank', 'version', 'script', 'checksum', 'success'))"
    " ORDER BY n.nspname, c.relname"
)


def read_histories(sql: Sql, database: str) -> tuple[History, ...]:
    """Return every history table with its rows in the order in which they were applied."""
    (tables,) = sql.run(_BY_SHAPE, database=database)
    if not tables:
        return ()
    queries = [
        ask(
            "SELECT version, checksum, script, success, to_jsonb(h) ->> 'type' AS kind FROM {table} h"
            " ORDER BY installed_rank",
            table=name(table["schema"], table["table"]),
        )
        for table in tables
    ]
    results = sql.run(*queries, database=database)
    return tuple(_history(table, rows) for table, rows in zip(tables, results, strict=True))


def _history(table: Row, rows: tuple[Row, ...]) -> History:
    applied = tuple(Applied(**{**row, "kind": row["kind"] or "SQL"}) for row in rows)
    return History(schema=table["schema"], table=table["table"], rows=applied)
