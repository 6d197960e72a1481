"""The swap: two renames and everything that belongs to a name, in one transaction.

It takes about a tenth of a second whatever the size, and there is no moment at which half of it is done: either both
old names stand, or both new ones. OIDs do not change by a rename, so they tell which database is which.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from olmis_release.errors import RollbackRefused, StepFailed
from olmis_release.instance.database_facts import existing
from olmis_release.instance.database_note import Note, NoteState, fitting, point_prefix, read_note
from olmis_release.instance.database_point import INVALID, comment_on, guarded
from olmis_release.instance.database_slots import all_tokens
from olmis_release.instance.ports import DatabaseFacts
from olmis_release.instance.sql import Statement, do, name, value


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """A swap that passed its checks.

    Attributes:
        statements: What one transaction is made of; empty when it was carried out before.
        must_close: Whether the live database must still be closed for it.
        comes: Name that the database has which takes the place.
        slots: Replication slots that it must have, as its note remembers them and as the live database has them.
        remember: Writes these into its comment, before any of them is dropped.
    """

    statements: tuple[Statement, ...]
    must_close: bool
    comes: str = ""
    slots: tuple[str, ...] = ()
    remember: tuple[Statement, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The server's databases and the three names of a swap among them; the slots are those of the live database."""

    databases: tuple[DatabaseFacts, ...]
    slots: tuple[str, ...] = ()
    live_name: str
    point_name: str
    failed_name: str

    @property
    def live(self) -> DatabaseFacts:
        """The live database; a missing one is a `StepFailed` that tells what is there."""
        return existing(self.databases, self.live_name)

    def find(self, database: str) -> DatabaseFacts | None:
        """Return a database, None when there is none."""
        return next((one for one in self.databases if one.name == database), None)

    def oids(self) -> str:
        """Return which name has which OID now."""
        return ", ".join(f"{one.name} has OID {one.oid}" for one in self.databases)


def plan_swap(scene: Scene, *, accept_loss: bool) -> Swap:
    """Check and write down the swap of a point into the live database's place.

    Raises:
        RollbackRefused: The point is missing, unfinished, of another database, or accepted without `accept_loss`.
    """
    live, point = scene.live, scene.find(scene.point_name)
    failed = scene.find(fitting(scene.failed_name))
    if failed and point is None and _stands_for(read_note(failed.comment), live):
        return Swap(statements=(), must_close=False)
    copy, note = _usable(scene, point, accept_loss=accept_loss)
    if failed:
        raise StepFailed(
            f"{scene.failed_name} exists already, so the present database cannot be kept under that name.",
            resolution="Rename or drop it once it is not needed, then try again.",
        )
    note = replace(note, slots=all_tokens(note.slots, scene.slots))
    return _from(scene, copy, note, statements=_swap(scene, copy, note))


def plan_swap_back(scene: Scene) -> Swap:
    """Check and write down the inverse: the failed database gets its name back, the point is a point again.

    Raises:
        RollbackRefused: The failed database is missing or not the one that was put aside.
    """
    live, point, failed = scene.live, scene.find(scene.point_name), scene.find(scene.failed_name)
    note = read_note(point.comment) if point else None
    if note and note.of == live.oid and failed is None:
        return Swap(statements=(), must_close=False)
    aside = read_note(failed.comment) if failed else None
    if point or failed is None or aside is None or not _stands_for(aside, live):
        raise RollbackRefused(
            f"{scene.failed_name} cannot take the place of {scene.live_name} again: {scene.oids()}.",
            resolution="Compare the OIDs above with the comments of these databases and rename by hand.",
        )
    aside = replace(aside, slots=all_tokens(aside.slots, scene.slots))
    return _from(scene, failed, aside, statements=_swap_back(scene, failed, aside))


def _from(scene: Scene, comes: DatabaseFacts, note: Note, *, statements: tuple[Statement, ...]) -> Swap:
    return Swap(
        statements=statements,
        must_close=scene.live.open,
        comes=comes.name,
        slots=note.slots,
        remember=(comment_on(comes.name, str(note)),) if note.slots else (),
    )


def _swap(scene: Scene, point: DatabaseFacts, note: Note) -> tuple[Statement, ...]:
    live = scene.live
    aside = replace(
        note, of=point.oid, state=NoteState.FAILED, comment=live.comment, template=live.template, was=note.state
    )
    return (
        *_rename(live.name, scene.failed_name),
        comment_on(scene.failed_name, str(aside)),
        _template(point.name, wanted=note.template),
        *_rename(point.name, live.name),
        comment_on(live.name, note.comment),
        *_hand_over(scene, come=point.oid),
        _opened(live.name),
    )


def _swap_back(scene: Scene, failed: DatabaseFacts, aside: Note) -> tuple[Statement, ...]:
    live, state = scene.live, aside.was or NoteState.READY
    again = replace(aside, of=failed.oid, state=state, comment=live.comment, template=live.template, was=None)
    return (
        *_rename(live.name, scene.point_name),
        *guarded(scene.point_name),
        comment_on(scene.point_name, str(again)),
        _template(failed.name, wanted=aside.template),
        *_rename(failed.name, live.name),
        comment_on(live.name, aside.comment),
        *_hand_over(scene, come=failed.oid),
        _opened(live.name),
    )


def _rename(before: str, after: str) -> Iterator[Statement]:
    yield do("ALTER DATABASE {before} ALLOW_CONNECTIONS false", before=name(before))
    yield do("ALTER DATABASE {before} RENAME TO {after}", before=name(before), after=name(after))


def _template(database: str, *, wanted: bool) -> Statement:
    return do("ALTER DATABASE {database} IS_TEMPLATE {wanted}", database=name(database), wanted=value(wanted))


def _opened(database: str) -> Statement:
    return do("ALTER DATABASE {database} ALLOW_CONNECTIONS true", database=name(database))


def _hand_over(scene: Scene, *, come: int) -> Iterator[Statement]:
    """Make the older points those of the database that takes the place: it is a copy of the one that goes, or was."""
    for one in scene.databases:
        note = read_note(one.comment)
        older = one.name.startswith(point_prefix(scene.live_name)) and one.name != scene.point_name
        if older and note and note.of == scene.live.oid:
            yield comment_on(one.name, str(replace(note, of=come)))


def _stands_for(note: Note | None, live: DatabaseFacts) -> bool:
    return note is not None and note.state is NoteState.FAILED and note.of == live.oid


def _usable(scene: Scene, point: DatabaseFacts | None, *, accept_loss: bool) -> tuple[DatabaseFacts, Note]:
    note = read_note(point.comment) if point else None
    reason = ""
    if point is None:
        reason = "there is no such database"
    elif note is None or note.state is NoteState.FAILED or point.connection_limit == INVALID:
        reason = "it is not a complete copy"
    elif note.of != scene.live.oid:
        reason = f"it is a copy of the database with OID {note.of}; {scene.oids()}"
    elif note.state is NoteState.ACCEPTED and not accept_loss:
        reason = "its release was accepted, and users have written since"
    if point is None or note is None or reason:
        raise RollbackRefused(
            f"{scene.point_name} cannot take the place of {scene.live_name}: {reason}.",
            resolution="See `olmis-release history`; the comments of the server's databases tell what each of them is.",
        )
    return point, note
