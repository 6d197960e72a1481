"""What a deploy means for the replication slots of the database, for people."""

from __future__ import annotations

from collections.abc import Iterator

from olmis_release.instance.ports import Blockers
from olmis_release.preflight.model import Subject


def slots_in_use(subject: Subject, blockers: Blockers) -> Iterator[tuple[str, str]]:
    """Yield the slots that somebody reads: a connector writes its heartbeats, and streams what may be taken back."""
    mine = subject.site.database.name
    active = [slot.name for slot in blockers.slots if slot.active and slot.database == mine]
    if active:
        yield (
            f"Replication slots are in use: {', '.join(active)}.",
            "Stop what reads them until the deploy has ended: for Debezium PUT /connectors/NAME/stop, not pause.",
        )


def slots_to_know(subject: Subject, blockers: Blockers) -> Iterator[tuple[str, str]]:
    """Yield what happens to the slots at a rollback, and what an earlier one left."""
    mine = subject.site.database.name
    own = [f"{slot.name} ({slot.plugin})" for slot in blockers.slots if slot.database == mine]
    if own and subject.renames_database:
        yield _at_a_rollback(subject, ", ".join(own))
    yield from _left(blockers, mine)


def _at_a_rollback(subject: Subject, named: str) -> tuple[str, str]:
    server = subject.site.database.server()
    if server.superuser or server.replication:
        return (
            f"A rollback makes these replication slots anew: {named}.",
            "See beforehand whether what reads them may go on with a new slot, or needs a new snapshot.",
        )
    return (
        f"{server.role} may not make replication slots, so a rollback leaves with the failed database: {named}.",
        f"As an administrator: ALTER ROLE {server.role} REPLICATION.",
    )


def _left(blockers: Blockers, mine: str) -> Iterator[tuple[str, str]]:
    broken = [slot.name for slot in blockers.slots if slot.wal_status == "lost"]
    if broken:
        yield (
            f"These replication slots lost what they had not sent yet: {', '.join(broken)}.",
            "Drop them, and let what read them make a new snapshot.",
        )
    strays = [f"{slot.name} ({slot.database})" for slot in blockers.slots if slot.database != mine]
    if strays:
        yield (
            f"Replication slots of databases put aside keep the server's log from being freed: {', '.join(strays)}.",
            "Drop each: SELECT pg_drop_replication_slot('NAME').",
        )
    if blockers.lost_slots:
        yield (
            f"An earlier rollback could not make these replication slots anew: {', '.join(blockers.lost_slots)}.",
            "Make them, or let what read them do it.",
        )
