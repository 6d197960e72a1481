"""What the tool writes into the comments of databases: pg_database is the journal, and names alone would not do.

`olmis-release run=20261128t180211 of=16384 state=ready comment=Malawi%20UAT`. The original's own comment is kept in it,
because a comment is one of the things that a clone does not take over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote, unquote

from olmis_release.errors import BadInput
from olmis_release.instance.ports import DatabaseFacts, DatabaseState

NAME_LIMIT_BYTES = 63
"""PostgreSQL cuts longer names off without an error, so that two of them may become one."""

_RUN = re.compile(r"\d{8}t\d{6}")
_WORDS = re.compile(r"olmis-release((?: [a-z]+=\S*)+)\Z")


class NoteState(StrEnum):
    """What a database that carries a note is."""

    READY = "ready"
    ACCEPTED = "accepted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """The comment on a rollback point or on a failed database.

    Attributes:
        run: The run that made it.
        of: OID of the database that a point is a copy of; on a failed database, of the one now in its place.
        state: What it is.
        comment: The comment that the database itself carries when it is the live one.
        template: Whether it is a template when it is the live one.
        was: On a failed database, the state that the point had which took its place.
        written: What `database_written.counted` found when the point was taken.
        slots: The logical replication slots that the live database has or had, as `database_slots.token` writes them.
    """

    run: str
    of: int
    state: NoteState
    comment: str = ""
    template: bool = False
    was: NoteState | None = None
    slots: tuple[str, ...] = ()
    written: str = ""

    def __str__(self) -> str:
        """Return the comment's text."""
        words = [f"run={quote(self.run, safe='')}", f"of={self.of}", f"state={self.state}"]
        words += [f"was={self.was}"] if self.was else []
        words += ["template=yes"] if self.template else []
        words += [f"written={self.written}"] if self.written else []
        words += [f"slots={','.join(quote(slot, safe=':') for slot in self.slots)}"] if self.slots else []
        words += [f"comment={quote(self.comment, safe='')}"] if self.comment else []
        return " ".join(["olmis-release", *words])

    @property
    def point_state(self) -> DatabaseState:
        """The state as the rooms above know it."""
        return DatabaseState(self.state) if self.state is not NoteState.FAILED else DatabaseState.COPYING


def read_note(comment: str) -> Note | None:
    """Return the note that a comment holds, None when it holds none of ours."""
    match = _WORDS.fullmatch(comment)
    if match is None:
        return None
    words = dict(word.split("=", 1) for word in match.group(1).split())
    try:
        return Note(
            run=unquote(words["run"]),
            of=int(words["of"]),
            state=NoteState(words["state"]),
            comment=unquote(words.get("comment", "")),
            template=words.get("template") == "yes",
            was=NoteState(words["was"]) if "was" in words else None,
            written=words.get("written", ""),
            slots=tuple(unquote(slot) for slot in words["slots"].split(",")) if "slots" in words else (),
        )
    except (KeyError, ValueError):
        return None


def point_prefix(live: str) -> str:
    """Return how the names of a database's rollback points begin; the run follows."""
    return f"{live}__before_"


def is_ours(database: str, comment: str, *, live: str) -> bool:
    """Tell whether a database is the tool's: by its note, or as a half-made copy by a name that ends in a run.

    A person may well have called a copy of their own ``open_lmis__before_training``; that one is left alone.
    """
    prefix = next((one for one in (point_prefix(live), failed_prefix(live)) if database.startswith(one)), None)
    if prefix is None:
        return False
    return read_note(comment) is not None or bool(_RUN.fullmatch(database.removeprefix(prefix)))


def failed_databases(databases: Iterable[DatabaseFacts], *, live: str) -> tuple[str, ...]:
    """Return the names of the databases that were put aside by the tool, oldest first."""
    prefix = failed_prefix(live)
    ours = (one.name for one in databases if one.name.startswith(prefix) and is_ours(one.name, one.comment, live=live))
    return tuple(sorted(ours))


def failed_prefix(live: str) -> str:
    """Return how the names of its failed databases begin; the run follows."""
    return f"{live}__failed_"


def fitting(database: str) -> str:
    """Return a database name that PostgreSQL can hold.

    Raises:
        BadInput: It is too long.
    """
    size = len(database.encode())
    if size > NAME_LIMIT_BYTES:
        raise BadInput.one(
            f"The database name {database} has {size} bytes; PostgreSQL holds {NAME_LIMIT_BYTES}.",
            resolution="Give the instance's database a name of at most 39 bytes, so that its rollback points fit too.",
            code="E-DATABASE-NAME",
        )
    return database
