"""The instance's database server; see `ports.Database` for what each call promises.

Nothing here is kept in memory between calls but the server's version: pg_database tells where things stand, so a later
process can go on where an earlier one died.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from olmis_release.errors import StepFailed, TargetUnreachable
from olmis_release.instance.config import DatabaseConfig
from olmis_release.instance.database_facts import all_databases, blockers_of, existing, server_facts
from olmis_release.instance.database_gate import let_in, shut
from olmis_release.instance.database_history import read_histories
from olmis_release.instance.database_note import fitting, read_note
from olmis_release.instance.database_point import Points
from olmis_release.instance.database_slots import lost_slots, move_slots, slots_of, token
from olmis_release.instance.database_space import RoomByServer, RoomInContainer
from olmis_release.instance.database_swap import Scene, Swap, plan_swap, plan_swap_back
from olmis_release.instance.database_written import counted, written
from olmis_release.instance.ledger import PostgresLedger
from olmis_release.instance.ports import Blockers, DatabaseFacts, Engine, Fence, History, RollbackPoint, ServerFacts
from olmis_release.instance.psql import DatabaseContainer, Psql
from olmis_release.instance.sql import INSUFFICIENT_PRIVILEGE, Sql, SqlFailed, do
from olmis_release.instance.sql_by_url import SqlByUrl, url_from

CHECKPOINT_TIMEOUT_S = 900.0
SWAP_GATE_S = 30.0
"""Seconds within which a swap empties a database that its caller left open."""


class Room(Protocol):
    """Whoever knows how much room the data has."""

    def free_bytes(self) -> int | None:
        """Return it, None when it cannot be known."""


class PostgresDatabase:
    """One database of a PostgreSQL server, worked on from the maintenance database beside it."""

    def __init__(self, sql: Sql, name: str, room: Room) -> None:
        """Use `open_database` instead."""
        self.name = fitting(name)
        self._sql = sql
        self._room = room
        self._version = 0
        self.ledger = PostgresLedger(sql)
        self._points = Points(sql, name, ledger=self.ledger, databases=self.databases, version=self._version_number)

    def server(self) -> ServerFacts:
        """Return the server's facts."""
        facts = server_facts(self._sql)
        self._version = facts.version_number
        return facts

    def databases(self) -> tuple[DatabaseFacts, ...]:
        """Return every database of the server."""
        return all_databases(self._sql, self._version_number())

    def facts(self, name: str) -> DatabaseFacts | None:
        """Return one database, None when it does not exist."""
        return next((one for one in self.databases() if one.name == name), None)

    def histories(self) -> tuple[History, ...]:
        """Return every Flyway history table, found by shape.

        Raises:
            StepFailed: The database is closed or missing.
        """
        try:
            return read_histories(self._sql, self.name)
        except TargetUnreachable as error:
            if existing(self.databases(), self.name).open:
                raise
            raise StepFailed(
                f"{self.name} is closed, so its migration history cannot be read.",
                resolution="A run closed it and has not ended: see `olmis-release status` and `olmis-release history`.",
            ) from error

    def blockers(self) -> Blockers:
        """Return what stands in the way of a clone."""
        found = blockers_of(self._sql, self.name, self._version_number())
        return replace(found, lost_slots=lost_slots(self.databases(), found.slots, live_name=self.name))

    def free_bytes(self) -> int | None:
        """Return room where the data lies, None where it cannot be known."""
        return self._room.free_bytes()

    def checkpoint(self) -> None:
        """Ask for a checkpoint; no right to do so is fine, the copy then makes its own."""
        try:
            self._sql.run(do("CHECKPOINT"), timeout_s=CHECKPOINT_TIMEOUT_S)
        except SqlFailed as error:
            if error.sqlstate != INSUFFICIENT_PRIVILEGE:
                raise

    def close(self, *, timeout_s: float) -> None:
        """Close the database to everybody and end every session on it; returns only when none is left."""
        shut(self._sql, self.name, timeout_s=timeout_s)

    def open(self) -> None:
        """Let sessions in again."""
        let_in(self._sql, self.name)

    def clone(self, point: str, *, run: str, fence: Fence | None = None) -> None:
        """Copy the closed database to `point` and arm it; done already is fine, half done is made anew."""
        self._points.take(point, run=run, fence=fence)

    def point(self, name: str) -> RollbackPoint | None:
        """Return the rollback point of that name, None when there is none."""
        return self._points.named(name)

    def points(self) -> tuple[RollbackPoint, ...]:
        """Return every rollback point of this database, oldest first."""
        return self._points.all()

    def make_empty(self, point: str) -> None:
        """Make an empty database under a point's name, like the live one; a half-filled one is dropped first."""
        self._points.make_empty(point)

    def arm_filled(self, point: str, *, run: str, accepted: bool) -> None:
        """Make a database that was filled from elsewhere a rollback point."""
        self._points.arm_filled(point, run=run, accepted=accepted)

    def written_since(self, point: str) -> bool | None:
        """Return whether anything was written since a point was taken, None where nobody can say."""
        there, live = self.facts(point), self.facts(self.name)
        note = read_note(there.comment) if there else None
        if note is None or live is None or live.open or note.of != live.oid:
            return None
        return written(note.written, counted(self._sql, self.name, version=self._version_number()))

    def swap(self, point: str, *, failed: str, accepted: bool = False, fence: Fence | None = None) -> None:
        """Put the point in the database's place in one transaction; the present one is kept, closed, as `failed`."""
        self._carry_out(plan_swap(self._scene(point, failed), accept_loss=accepted), fence)

    def swap_back(self, point: str, *, failed: str, fence: Fence | None = None) -> None:
        """Take a `swap` back; done already is fine."""
        self._carry_out(plan_swap_back(self._scene(point, failed)), fence)

    def accept(self, point: str | None, *, fence: Fence | None = None) -> None:
        """Mark a point and the ledger's entry accepted: no automatic swap ever again."""
        self._points.accept(point, fence=fence)

    def drop(self, name: str, *, fence: Fence | None = None) -> None:
        """Drop a point or failed database; a missing one is fine, anything else is refused."""
        self.ledger.check(fence)
        self._points.drop(name)

    def _carry_out(self, swap: Swap, fence: Fence | None) -> None:
        self.ledger.check(fence)
        if swap.must_close:
            self.close(timeout_s=SWAP_GATE_S)
        if swap.slots:
            self.ledger.transact(fence, *swap.remember)
            move_slots(self._sql, swap.slots, leaves=self.name, comes=swap.comes)
        if swap.statements:
            self.ledger.transact(fence, *swap.statements)
        else:
            self.open()

    def _scene(self, point: str, failed: str) -> Scene:
        slots = tuple(token(slot) for slot in slots_of(self._sql, self.name))
        databases = self.databases()
        return Scene(databases=databases, slots=slots, live_name=self.name, point_name=point, failed_name=failed)

    def _version_number(self) -> int:
        return self._version or self.server().version_number


def open_database(  # noqa: PLR0917 - where it is, how it is reached, what it belongs to, who knocks
    config: DatabaseConfig, engine: Engine, project: str, settings: Mapping[str, str]
) -> PostgresDatabase:
    """Return the database of an instance; nothing is asked of it yet.

    Args:
        config: Where it is.
        engine: Runs `psql` in the component's container.
        project: Compose project of that component.
        settings: The settings file's values, for the password of the role and for a URL that the environment lacks.

    Raises:
        BadInput: The URL's variable is not set, or the database's name is too long.
    """
    if config.url_from:
        by_url = SqlByUrl(url_from(config.url_from, {**settings, **os.environ}), maintenance=config.maintenance)
        return PostgresDatabase(by_url, config.name, RoomByServer(by_url))
    container = DatabaseContainer(engine, project, config.component or "db")
    password = password_of(config, settings)
    psql = Psql(container, user=config.user, maintenance=config.maintenance, password=password)
    return PostgresDatabase(psql, config.name, RoomInContainer(psql, container))


def password_of(config: DatabaseConfig, settings: Mapping[str, str]) -> str:
    """Return the password of the role that the tool uses in the component, empty where the settings do not have it."""
    own = settings.get("POSTGRES_USER", config.user) == config.user
    return settings.get("POSTGRES_PASSWORD", "") if own else ""
