"""The one business resource: rows that clients write and that must survive every release.

Every read and write names the column ``note``, so a release that drops it breaks the older code too.
"""

from typing import LiteralString

import psycopg
from psycopg import sql

from tests.standin.service.pool import Pool

TABLE: LiteralString = (
    "CREATE TABLE IF NOT EXISTS {} (id text PRIMARY KEY, note text, written_at timestamptz NOT NULL DEFAULT now())"
)
INSERT: LiteralString = "INSERT INTO {} (id, note) VALUES (%s, %s)"
SELECT: LiteralString = "SELECT id, note FROM {} ORDER BY written_at, id"
COUNT: LiteralString = "SELECT count(id), count(note) FROM {}"


class Records:
    """Rows of ``<schema>.records``."""

    def __init__(self, pool: Pool, schema: str) -> None:
        self._pool = pool
        self._table = sql.Identifier(schema, "records")

    def create(self, *, demo_data: bool) -> None:
        """Make the table where absent; with the profile ``demo-data`` also two demo rows."""
        with self._pool.connection() as connection:
            connection.execute(sql.SQL(TABLE).format(self._table))
            if demo_data:
                insert = sql.SQL(INSERT + " ON CONFLICT DO NOTHING").format(self._table)
                connection.cursor().executemany(insert, [("demo-1", "demo data"), ("demo-2", "demo data")])

    def add(self, record_id: str, note: str | None) -> bool:
        """Write one row.

        Returns:
            True once it is committed; False where the id is taken.
        """
        with self._pool.connection() as connection:
            try:
                connection.execute(sql.SQL(INSERT).format(self._table), [record_id, note])
            except psycopg.errors.UniqueViolation:
                return False
        return True

    def ids(self) -> list[str]:
        """List every id, oldest first."""
        with self._pool.connection() as connection:
            return [row[0] for row in connection.execute(sql.SQL(SELECT).format(self._table))]

    def count(self) -> int:
        """Count the rows."""
        with self._pool.connection() as connection:
            row = connection.execute(sql.SQL(COUNT).format(self._table)).fetchone()
        return int(row[0]) if row else 0
