"""Data files that belong to no database: a server that dies while it copies one leaves them, and never looks again."""

from __future__ import annotations

from olmis_release.instance.sql import INSUFFICIENT_PRIVILEGE, Sql, SqlFailed, ask
from olmis_release.text import human_bytes

# While a database is being made its folder is there and its row is not; then nothing is said.
_ORPHANS = ask(
    "SELECT folder, (SELECT coalesce(sum((pg_stat_file('base/' || folder || '/' || file, true)).size), 0)"
    " FROM pg_ls_dir('base/' || folder, true, false) file)::bigint AS size_bytes FROM pg_ls_dir('base') folder"
    " WHERE folder ~ '^[0-9]+$' AND NOT EXISTS (SELECT 1 FROM pg_database d WHERE d.oid::text = folder)"
    " AND NOT EXISTS (SELECT 1 FROM pg_stat_activity a WHERE a.query ILIKE 'create database%' AND a.state = 'active')"
    " ORDER BY folder"
)


def orphan_files(sql: Sql) -> tuple[str, ...]:
    """Return ``base/16390 (1.2 GB)`` for each, nothing where our role may not look; they are never removed by us."""
    try:
        (rows,) = sql.run(_ORPHANS)
    except SqlFailed as error:
        if error.sqlstate != INSUFFICIENT_PRIVILEGE:
            raise
        return ()
    return tuple(f"base/{row['folder']} ({human_bytes(row['size_bytes'])})" for row in rows)
