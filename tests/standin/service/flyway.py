"""The Flyway step of a boot, on a real PostgreSQL: own schema, history table, verdict, a transaction per migration."""

import time
from typing import LiteralString

import psycopg
from psycopg import sql

from tests.standin.service.spec import Migration, Spec
from tests.standin.service.verdict import Applied, Verdict, judge

HISTORY_TABLE: LiteralString = """
CREATE TABLE {table} (
    installed_rank integer NOT NULL CONSTRAINT {key} PRIMARY KEY,
    version varchar(50),
    description varchar(200) NOT NULL,
    type varchar(20) NOT NULL,
    script varchar(1000) NOT NULL,
    checksum integer,
    installed_by varchar(100) NOT NULL,
    installed_on timestamp NOT NULL DEFAULT now(),
    execution_time integer NOT NULL,
    success boolean NOT NULL
)"""
ADD_ROW: LiteralString = """
INSERT INTO {table}
    (installed_rank, version, description, type, script, checksum, installed_by, execution_time, success)
VALUES (
    coalesce((SELECT max(installed_rank) + 1 FROM {table}), {first_rank}), %s, %s, %s, %s, %s, current_user, %s, true
)"""


class FlywayError(Exception):
    """Flyway refuses to start, or a migration failed; the service exits 1."""


class Flyway:
    """Migrates one schema through one connection.

    Args:
        connection: In autocommit mode; transactions are opened here.
        spec: Says schema, history table and rules.
    """

    def __init__(self, connection: psycopg.Connection, spec: Spec) -> None:
        self._connection = connection
        self._spec = spec
        self._schema = spec.schema or "public"

    def clean(self) -> None:
        """Drop the schema with everything in it: every start does so without the profile ``production``."""
        self._connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(self._schema)))
        print(f'Successfully cleaned schema "{self._schema}"', flush=True)

    def migrate(self, migrations: tuple[Migration, ...]) -> int:
        """Apply what is pending.

        Returns:
            How many migrations were applied.

        Raises:
            FlywayError: History and files do not fit, or a migration failed; earlier ones of this run stay applied.
        """
        self._create_schema()
        verdict = self._verdict(migrations)
        for warning in verdict.warnings:
            print(f"WARN {warning}", flush=True)
        if verdict.refusals:
            raise FlywayError("Validate failed: " + "; ".join(verdict.refusals))
        for migration in verdict.pending:
            self._apply(migration)
        print(f'Successfully applied {len(verdict.pending)} migrations to schema "{self._schema}"', flush=True)
        return len(verdict.pending)

    def _create_schema(self) -> None:
        """Make schema and history table where absent, under a lock that two starting containers share."""
        self._connection.execute("SELECT pg_advisory_lock(hashtext(%s))", ["flyway " + self._schema])
        created = self._connection.execute(
            "SELECT to_regnamespace(quote_ident(%s)) IS NULL", [self._schema]
        ).fetchone() == (True,)
        with self._connection.transaction():
            self._connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(self._schema)))
            if not self._existing_table():
                self._create_history(marked=created)
        self._connection.execute(sql.SQL("SET search_path TO {}, public").format(sql.Identifier(self._schema)))

    def _create_history(self, *, marked: bool) -> None:
        name = self._spec.history_tables[0]
        self._connection.execute(sql.SQL(HISTORY_TABLE).format(table=self._table, key=sql.Identifier(f"{name}_pk")))
        index = sql.SQL("CREATE INDEX {} ON {} (success)").format(sql.Identifier(f"{name}_s_idx"), self._table)
        self._connection.execute(index)
        if marked:
            self._add_row(
                None, "<< Flyway Schema Creation >>", kind="SCHEMA", script=f'"{self._schema}"', checksum=None
            )

    def _existing_table(self) -> str | None:
        for name in self._spec.history_tables:
            found = self._connection.execute(
                "SELECT 1 FROM pg_tables WHERE schemaname = %s AND tablename = %s", [self._schema, name]
            )
            if found.fetchone():
                return name
        return None

    @property
    def _table(self) -> sql.Identifier:
        return sql.Identifier(self._schema, self._existing_table() or self._spec.history_tables[0])

    def _verdict(self, migrations: tuple[Migration, ...]) -> Verdict:
        select = sql.SQL("SELECT version, checksum, success FROM {} WHERE version IS NOT NULL").format(self._table)
        rows = self._connection.execute(select).fetchall()
        applied = [
            Applied(version=int(version), checksum=checksum, success=success) for version, checksum, success in rows
        ]
        return judge(applied, migrations, flyway=self._spec.flyway)

    def _apply(self, migration: Migration) -> None:
        print(f'Migrating schema "{self._schema}" to version {migration.version} - {migration.name}', flush=True)
        started = time.monotonic()
        try:
            with self._connection.transaction():
                self._connection.execute(migration.sql.encode())
                spent_ms = int((time.monotonic() - started) * 1000)
                self._add_row(
                    migration.version,
                    migration.name,
                    script=migration.script,
                    checksum=migration.checksum,
                    spent_ms=spent_ms,
                )
        except psycopg.Error as error:
            raise FlywayError(f"Migration {migration.script} failed: SQL State {error.sqlstate}: {error}") from error

    def _add_row(
        self,
        version: int | None,
        description: str,
        *,
        script: str,
        checksum: int | None,
        kind: str = "SQL",
        spent_ms: int = 0,
    ) -> None:
        # Flyway 4 counts ranks from 1; later ones give the schema marker rank 0.
        first_rank = sql.Literal(0 if kind == "SCHEMA" and not self._spec.flyway.startswith("4") else 1)
        statement = sql.SQL(ADD_ROW).format(table=self._table, first_rank=first_rank)
        number = None if version is None else str(version)
        self._connection.execute(statement, [number, description, kind, script, checksum, spent_ms])
