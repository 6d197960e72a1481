"""The rollback point: a closed copy of the database, taken while nobody could write, that says of itself what it is."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace

from psycopg import sql as quoting

from olmis_release.errors import RollbackRefused, StepFailed
from olmis_release.instance.database_empty import LOCALE, empty_command
from olmis_release.instance.database_facts import VERSION_15, existing
from olmis_release.instance.database_gate import shut
from olmis_release.instance.database_likeness import check_likeness, likeness
from olmis_release.instance.database_note import Note, NoteState, fitting, is_ours, point_prefix, read_note
from olmis_release.instance.database_slots import slots_of, token
from olmis_release.instance.database_written import counted
from olmis_release.instance.ledger import PostgresLedger
from olmis_release.instance.ports import DatabaseFacts, DatabaseState, Fence, RollbackPoint
from olmis_release.instance.sql import Sql, Statement, ask, do, name, value

COPY_TIMEOUT_S = 6 * 3600.0
"""Seconds a copy may take; a database of 100 GB on a slow disk takes about an hour."""

DROP_TIMEOUT_S = 900.0
SHUT_TIMEOUT_S = 10.0
INVALID = -2
"""Connection limit of a database whose DROP was interrupted: it can only be dropped again."""

_LOCK_CLASS = 0x0175_15
Listing = Callable[[], tuple[DatabaseFacts, ...]]


class Points:
    """Takes, lists, accepts and drops the rollback points of one database."""

    def __init__(
        self, sql: Sql, live: str, *, ledger: PostgresLedger, databases: Listing, version: Callable[[], int]
    ) -> None:
        """Work on the database named `live`; the two calls ask the server."""
        self._sql = sql
        self._live = live
        self._ledger = ledger
        self._databases = databases
        self._version = version

    def take(self, point: str, *, run: str, fence: Fence | None) -> None:
        """Copy the closed database to `point` and arm it. A half-made copy of that name is made anew."""
        self._ledger.check(fence)
        self._end_orphaned_copy()
        databases = self._databases()
        live = existing(databases, self._live)
        self._refuse_open(live)
        there = _find(databases, fitting(point))
        note = read_note(there.comment) if there else None
        if note and note.state is NoteState.READY and (note.run, note.of) == (run, live.oid):
            return
        if note:
            raise StepFailed(
                f"{point} exists already: {there.comment if there else ''}.",
                resolution="It is the way back of another run; make a new plan, whose point gets a new name.",
            )
        if there:
            self._drop(there)
        written = counted(self._sql, live.name, version=self._version())
        self._copy(live, point)
        self._arm(live, point, note=self._note(live, run=run, written=written), fence=fence)

    def make_empty(self, point: str) -> None:
        """Make an empty database under a point's name, with owner, encoding and locale of the live one.

        A half-filled one of that name is dropped first; whatever carries a note is left alone.
        """
        databases = self._databases()
        live, there = existing(databases, self._live), _find(databases, fitting(point))
        if there and read_note(there.comment):
            raise StepFailed(f"{point} exists already: {there.comment}.", resolution="See what it is, and drop it.")
        if there:
            self._drop(there)
        ((like,),) = self._sql.run(ask(LOCALE, live=value(live.name)))
        self._sql.run(empty_command(live, point, like))

    def arm_filled(self, point: str, *, run: str, accepted: bool) -> None:
        """Make a database that was filled from elsewhere a rollback point of the live one."""
        live = existing(self._databases(), self._live)
        self._sql.run(do("ANALYZE"), database=point, timeout_s=COPY_TIMEOUT_S)
        note = self._note(live, run=run, written="")
        state = NoteState.ACCEPTED if accepted else NoteState.READY
        self._arm(live, point, note=replace(note, state=state), fence=None)

    def named(self, point: str) -> RollbackPoint | None:
        """Return one point, None when there is none."""
        return next((one for one in self.all() if one.database == point), None)

    def all(self) -> tuple[RollbackPoint, ...]:
        """Return every point, oldest first; a copy without a note counts as being copied."""
        ours = (one for one in self._databases() if is_ours(one.name, one.comment, live=self._live))
        points = [one for one in ours if one.name.startswith(point_prefix(self._live))]
        found = (self._point(one, read_note(one.comment)) for one in points)
        return tuple(sorted(found, key=lambda one: (one.run, one.database)))

    def accept(self, point: str | None, *, fence: Fence | None) -> None:
        """Write into the point's comment and into the ledger that nothing goes back by itself any more."""
        marks = self._marking(point) if point is not None else ()
        entry = (self._ledger.accepting(fence),) if fence is not None else ()
        if marks or entry:
            self._ledger.transact(fence, *entry, *marks)

    def _marking(self, point: str) -> tuple[Statement, ...]:
        facts = _find(self._databases(), point)
        note = read_note(facts.comment) if facts else None
        if note is None or note.state is NoteState.FAILED:
            raise RollbackRefused(
                f"{point} is no complete rollback point, so it cannot be accepted.",
                resolution="Look at the server's databases; the run's journal tells what happened.",
            )
        return (comment_on(point, str(accepted(note))),) if note.state is NoteState.READY else ()

    def drop(self, database: str) -> None:
        """Drop a point or a failed database; a missing one is fine, one that is not the tool's is refused."""
        self._end_orphaned_copy()
        facts = _find(self._databases(), database)
        if facts is not None:
            self._drop(facts)

    def _drop(self, facts: DatabaseFacts) -> None:
        if not is_ours(facts.name, facts.comment, live=self._live):
            raise StepFailed(
                f"{facts.name} is neither a rollback point nor a failed copy of {self._live}; it is not dropped.",
                resolution="Drop it by hand if it is not needed.",
            )
        if facts.open and facts.connection_limit != INVALID:
            shut(self._sql, facts.name, timeout_s=SHUT_TIMEOUT_S)
        self._sql.run(*_dropping(facts), timeout_s=DROP_TIMEOUT_S)

    def _end_orphaned_copy(self) -> None:
        """End a copy whose client died: the server goes on with it, and it would turn up later, complete and open."""
        key = zlib.crc32(self._live.encode()) & 0x7FFF_FFFF
        holders = ask(
            "SELECT pg_terminate_backend(pid) AS told FROM pg_locks WHERE locktype = 'advisory' AND granted"
            " AND classid = {group} AND objid = {key} AND objsubid = 2 AND pid <> pg_backend_pid()",
            group=value(_LOCK_CLASS),
            key=value(key),
        )
        self._sql.run(holders, self._copy_lock())

    def _copy_lock(self) -> Statement:
        key = zlib.crc32(self._live.encode()) & 0x7FFF_FFFF
        return ask("SELECT pg_advisory_lock({group}, {key}) IS NULL AS held", group=value(_LOCK_CLASS), key=value(key))

    def _refuse_open(self, live: DatabaseFacts) -> None:
        if live.open:
            raise StepFailed(
                f"{live.name} is open; a copy taken now could miss writes.",
                resolution="Close it first; this is a fault of the tool, please report it.",
            )

    def _copy(self, live: DatabaseFacts, point: str) -> None:
        collation = None if live.collation_matches else self._stored_collation()
        command = copy_command(live, point, version=self._version(), collation=collation)
        self._sql.run(self._copy_lock(), command, timeout_s=COPY_TIMEOUT_S)

    def _stored_collation(self) -> str:
        ((row,),) = self._sql.run(
            ask("SELECT datcollversion FROM pg_database WHERE datname = {live}", live=value(self._live))
        )
        return str(row["datcollversion"])

    def _note(self, live: DatabaseFacts, *, run: str, written: str) -> Note:
        return Note(
            run=run,
            of=live.oid,
            state=NoteState.READY,
            comment=live.comment,
            template=live.template,
            slots=tuple(token(slot) for slot in slots_of(self._sql, live.name)),
            written=written,
        )

    def _arm(self, live: DatabaseFacts, point: str, *, note: Note, fence: Fence | None) -> None:
        like = likeness(self._sql, live, point)
        self._ledger.transact(fence, *like, *guarded(point), comment_on(point, str(note)))
        check_likeness(live, existing(self._databases(), point))

    def _point(self, facts: DatabaseFacts, note: Note | None) -> RollbackPoint:
        run = facts.name.removeprefix(point_prefix(self._live))
        if note is None or facts.connection_limit == INVALID:
            return RollbackPoint(database=facts.name, run=run, of_oid=0, state=DatabaseState.COPYING)
        return RollbackPoint(database=facts.name, run=note.run, of_oid=note.of, state=note.point_state)


def copy_command(live: DatabaseFacts, point: str, *, version: int, collation: str | None) -> Statement:
    """Return the CREATE DATABASE that copies; it cannot stand inside a transaction.

    From version 15 the default way writes every block into the log, which fills the disk and invalidates replication
    slots; a plain file copy is also twice as fast.
    """
    options: list[quoting.Composable] = [quoting.SQL(" STRATEGY FILE_COPY")] if version >= VERSION_15 else []
    if collation is not None:
        options.append(quoting.SQL(" COLLATION_VERSION {}").format(value(collation)))
    return do(
        "CREATE DATABASE {point} TEMPLATE {live} OWNER {owner}{options}",
        point=name(point),
        live=name(live.name),
        owner=name(live.owner),
        options=quoting.Composed(options),
    )


def guarded(point: str) -> Iterator[Statement]:
    """Return what keeps a point from being written to and from being dropped by mistake."""
    yield do("ALTER DATABASE {point} ALLOW_CONNECTIONS false", point=name(point))
    yield do("ALTER DATABASE {point} IS_TEMPLATE true", point=name(point))


def comment_on(database: str, comment: str) -> Statement:
    """Return the statement that gives a database its comment; an empty one takes the comment away."""
    return do("COMMENT ON DATABASE {database} IS {comment}", database=name(database), comment=value(comment or None))


def accepted(note: Note) -> Note:
    """Return the note with the state that forbids an automatic way back."""
    return replace(note, state=NoteState.ACCEPTED)


def _dropping(facts: DatabaseFacts) -> tuple[Statement, ...]:
    drop = do("DROP DATABASE IF EXISTS {database}", database=name(facts.name))
    if facts.connection_limit == INVALID:
        return (drop,)
    return (do("ALTER DATABASE {database} IS_TEMPLATE false", database=name(facts.name)), drop)


def _find(databases: tuple[DatabaseFacts, ...], database: str) -> DatabaseFacts | None:
    return next((one for one in databases if one.name == database), None)
