"""Logical replication slots: they belong to an OID, so a swap would leave them with the database that goes.

There a slot keeps the server from throwing away its log until the disk is full, and whoever reads it finds that it "was
not created in this database". So before a swap the slots of the database that goes are dropped and made anew in the one
that comes: still under its other name, which no service knows, so that nobody can write before they are there.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress

from olmis_release.instance.database_note import failed_prefix, read_note
from olmis_release.instance.ports import DatabaseFacts, Slot
from olmis_release.instance.sql import Sql, SqlFailed, Statement, ask, do, name, value

IN_USE = "55006"
PAUSE_S = 0.1
DROP_ATTEMPTS = 20
CREATE_TIMEOUT_S = 30.0
"""Seconds a new slot may wait for transactions elsewhere on the server; users are shut out meanwhile."""

# Columns that only some versions have are read through JSON.
_SLOTS = (
    "SELECT s.slot_name AS name, s.plugin, s.database, s.active,"
    " coalesce(to_jsonb(s) ->> 'wal_status', '') AS wal_status,"
    " coalesce(to_jsonb(s) ->> 'two_phase', '') = 'true' AS two_phase FROM pg_replication_slots s"
    " WHERE s.slot_type = 'logical' AND coalesce(to_jsonb(s) ->> 'temporary', '') <> 'true'"
    " AND (s.database = {live} OR left(s.database, length({prefix})) = {prefix}) ORDER BY s.slot_name"
)


def slots_query(live: str, prefix: str) -> Statement:
    """Return the question for the slots of a database and of those whose names begin with the prefix."""
    return ask(_SLOTS, live=value(live), prefix=value(prefix))


def slots_of(sql: Sql, database: str) -> tuple[Slot, ...]:
    """Return the slots of one database."""
    (rows,) = sql.run(slots_query(database, f"{database}\n"))
    return tuple(Slot(**row) for row in rows)


def token(slot: Slot) -> str:
    """Return what a note remembers of a slot: ``debezium:pgoutput``, and ``:two-phase`` where it has that."""
    return f"{slot.name}:{slot.plugin}{':two-phase' if slot.two_phase else ''}"


def name_in(slot_token: str) -> str:
    """Return the slot's name."""
    return slot_token.partition(":")[0]


def all_tokens(*several: Iterable[str]) -> tuple[str, ...]:
    """Return one token per slot name; a later one wins."""
    by_name = {name_in(one): one for tokens in several for one in tokens}
    return tuple(by_name[key] for key in sorted(by_name))


def lost_slots(databases: Iterable[DatabaseFacts], slots: Iterable[Slot], *, live_name: str) -> tuple[str, ...]:
    """Return the slots that the databases put aside remember and the one now in their place does not have."""
    every = tuple(databases)
    live = next((one.oid for one in every if one.name == live_name), 0)
    there = {slot.name for slot in slots if slot.database == live_name}
    notes = [
        note for one in every if one.name.startswith(failed_prefix(live_name)) and (note := read_note(one.comment))
    ]
    remembered = all_tokens(*(note.slots for note in notes if note.of == live))
    return tuple(name_in(one) for one in remembered if name_in(one) not in there)


def move_slots(sql: Sql, tokens: Iterable[str], *, leaves: str, comes: str) -> None:
    """Drop the slots of the closed database that goes, and make them in the one that comes; done already is fine.

    What the server refuses here is no reason to keep users waiting: the swap goes on, and `Blockers.lost_slots` names
    what is missing.
    """
    for slot in slots_of(sql, leaves):
        with suppress(SqlFailed):
            _drop(sql, slot)
    there = {slot.name for slot in slots_of(sql, comes)}
    missing = [one for one in tokens if name_in(one) not in there]
    if missing:
        sql.run(do("ALTER DATABASE {comes} ALLOW_CONNECTIONS true", comes=name(comes)))
        for one in missing:
            with suppress(SqlFailed):
                sql.run(_create(one), database=comes, timeout_s=CREATE_TIMEOUT_S)
        sql.run(do("ALTER DATABASE {comes} ALLOW_CONNECTIONS false", comes=name(comes)))


def _drop(sql: Sql, slot: Slot) -> None:
    """Drop a slot; its reader was told to end and may need a moment to let go."""
    statement = ask("SELECT pg_drop_replication_slot({slot}) IS NULL AS done", slot=value(slot.name))
    for attempt in range(1, DROP_ATTEMPTS + 1):
        try:
            sql.run(statement)
        except SqlFailed as error:
            if error.sqlstate != IN_USE or attempt == DROP_ATTEMPTS:
                raise
            time.sleep(PAUSE_S)
        else:
            return


def _create(slot_token: str) -> Statement:
    slot, plugin, *options = slot_token.split(":")
    if options:
        return ask(
            "SELECT slot_name FROM pg_create_logical_replication_slot({slot}, {plugin}, false, true)",
            slot=value(slot),
            plugin=value(plugin),
        )
    return ask(
        "SELECT slot_name FROM pg_create_logical_replication_slot({slot}, {plugin})",
        slot=value(slot),
        plugin=value(plugin),
    )
