"""Is there room for the rollback point?"""

from __future__ import annotations

from olmis_release.instance.database_note import failed_databases
from olmis_release.preflight.databases import in_the_way, no_such_database, not_there_yet
from olmis_release.preflight.model import Check, Finding, Subject, passed, warned
from olmis_release.text import human_bytes

GROWTH = 1.15
"""A clone as large as the database, and what migrations rewrite meanwhile."""

WAL_BYTES = 1024**3
"""PostgreSQL's default max_wal_size: a file copy writes little WAL, the migrations after it may fill this."""


def rollback_point_has_room(subject: Subject) -> Finding:
    """Compare the database's size with the room where its data lies."""
    if (new := not_there_yet(subject)) is not None:
        return new
    if not subject.clones_database:
        return passed("This plan takes no rollback point.")
    if subject.database is None:
        return no_such_database(subject)
    free = subject.site.database.free_bytes()
    needed = int(subject.database.size_bytes * GROWTH) + WAL_BYTES
    if free is None:
        return warned(
            f"The rollback point needs {human_bytes(needed)}; free room cannot be measured there.",
            resolution="Look at the database's disk yourself before you deploy.",
        )
    text = f"The rollback point needs {human_bytes(needed)}; {human_bytes(free)} are free where the data lies."
    if free < needed:
        return in_the_way(subject, text, resolution=_how_to_make_room(subject))
    return passed(text)


def _how_to_make_room(subject: Subject) -> str:
    database = subject.site.database
    failed = failed_databases(database.databases(), live=database.name)
    named = ", ".join((*(point.database for point in database.points()), *failed))
    kept = f" Copies kept from earlier runs: {named}." if named else ""
    return f"Enlarge that disk or free room on it.{kept}"


CHECK = Check(id="rollback-point-room", question="Is there room for the rollback point?", ask=rollback_point_has_room)
