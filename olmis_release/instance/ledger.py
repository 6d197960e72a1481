"""The ledger: which run an instance belongs to, remembered by the database server itself.

A table in the maintenance database, so that no swap of the instance's own database takes it along; where our role may
not create a schema there, in a database of its own. Entries are appended by primary key, each with the hash of the one
before. Beside it stands the fence, one row per instance: whoever changes something first raises that row to its own
epoch in the same transaction, so a run that was taken over finds it higher and changes nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import NoReturn

import rfc8785

from olmis_release.errors import JournalDamaged, LockLost, StepFailed
from olmis_release.instance.ledger_sql import (
    FENCED_OFF,
    IS_HERE,
    KEYS,
    KEYS_ARE_HERE,
    MOVED,
    NO_ENTRY,
    TABLES,
    accepted,
    appended,
    ended,
    entries_of,
    kept_key,
    key_of,
    raised,
)
from olmis_release.instance.ports import Fence, LedgerEntry, LedgerState
from olmis_release.instance.sql import INSUFFICIENT_PRIVILEGE, Row, Sql, SqlFailed, Statement, do, transaction

OWN = "olmis_release"
"""Name of the schema, and of the database for a role that may not create a schema in the maintenance database."""

ATTEMPTS = 5
_DUPLICATES = ("23505", "42P04", "42P06", "42P07")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    entry: LedgerEntry
    prev_hash: str

    @property
    def hash(self) -> str:
        content = {**asdict(self.entry), "state": str(self.entry.state), "prev_hash": self.prev_hash}
        return hashlib.sha256(rfc8785.dumps(content)).hexdigest()


class PostgresLedger:
    """The ledger on one server; see `ports.Ledger`."""

    def __init__(self, sql: Sql) -> None:
        """Ask nothing yet."""
        self._sql = sql
        self._found: str | None = None

    def newest(self, instance: str) -> LedgerEntry | None:
        """Return the entry with the highest epoch, None when there is none."""
        return next(reversed(self.entries(instance)), None)

    def entries(self, instance: str) -> tuple[LedgerEntry, ...]:
        """Return every entry, oldest first, after a look at the chain of their hashes."""
        return tuple(one.entry for one in self._stored(instance))

    def begin(self, entry: LedgerEntry) -> None:
        """Append an entry and put up its fence; the same epoch and run again is fine."""
        for _ in range(ATTEMPTS):
            stored = self._stored(entry.instance)
            newest = stored[-1] if stored else None
            _refuse_if_later(newest, entry)
            again = newest is not None and newest.entry.epoch == entry.epoch
            with suppress(_Moved):
                self.transact(_fence_of(entry), *(() if again else (_after(newest, entry),)))
                return
        raise StepFailed(
            f"The ledger of {entry.instance} changed {ATTEMPTS} times while it was written to.",
            resolution=f"See who works on it: olmis-release status {entry.instance}",
        )

    def end(self, fence: Fence, *, outcome: str) -> None:
        """Write down how a run ended."""
        self.transact(fence, ended(fence, outcome))

    def settings_key(self, instance: str) -> str:
        """Return the key of an instance's fingerprints, empty when none was kept."""
        place = self._place()
        if place is None or not self._sql.run(KEYS_ARE_HERE, database=place)[0]:
            return ""
        (rows,) = self._sql.run(key_of(instance), database=place)
        return str(rows[0]["key"]) if rows else ""

    def keep_settings_key(self, fence: Fence, key: str) -> None:
        """Keep a key where there is none yet."""
        place = self._made()
        if not self._sql.run(KEYS_ARE_HERE, database=place)[0]:
            with _if_not_there():
                self._sql.run(KEYS, database=place)
        self.transact(fence, kept_key(fence.instance, key))

    def check(self, fence: Fence | None) -> None:
        """Raise `LockLost` if the fence stands higher; for what cannot be part of a transaction."""
        if fence is not None:
            self.transact(fence)

    def accepting(self, fence: Fence) -> Statement:
        """Return what marks the entry of an epoch accepted, for a `transact` with that fence."""
        return accepted(fence)

    def transact(self, fence: Fence | None, *statements: Statement) -> None:
        """Carry statements out as one transaction that begins with a look at the fence.

        Raises:
            LockLost: The fence stands higher: nothing happened.
        """
        if fence is None:
            self._sql.run(*transaction(*statements))
            return
        try:
            self._sql.run(*transaction(raised(fence), *statements), database=self._made())
        except SqlFailed as error:
            _translate(error, fence)

    def _stored(self, instance: str) -> tuple[_Stored, ...]:
        place = self._place()
        if place is None:
            return ()
        (rows,) = self._sql.run(entries_of(instance), database=place)
        return _chained(_read(row) for row in rows)

    def _place(self) -> str | None:
        """Return the database that has the ledger (empty for the maintenance database), None when none has."""
        if self._found is None:
            ((row,),) = self._sql.run(IS_HERE)
            if row["here"]:
                self._found = ""
            elif row["own"] and self._sql.run(IS_HERE, database=OWN)[0][0]["here"]:
                self._found = OWN
        return self._found

    def _made(self) -> str:
        place = self._place()
        if place is None:
            self._found = place = self._make()
        return place

    def _make(self) -> str:
        ((row,),) = self._sql.run(IS_HERE)
        if not row["own"]:
            try:
                return self._make_in("")
            except SqlFailed as error:
                if error.sqlstate != INSUFFICIENT_PRIVILEGE:
                    raise
            with _if_not_there():
                self._sql.run(do("CREATE DATABASE olmis_release TEMPLATE template0"))
        return self._make_in(OWN)

    def _make_in(self, place: str) -> str:
        # Two who make it at the same time: one of them is told that it is there, and then it is.
        with _if_not_there():
            self._sql.run(*transaction(*TABLES), database=place)
        return place


class _Moved(Exception):
    """Another run wrote to the ledger between our look and our word."""


class _if_not_there:  # noqa: N801 - read as a phrase: `with _if_not_there():`
    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: object, trace: object) -> bool:
        return isinstance(error, SqlFailed) and error.sqlstate in _DUPLICATES


def _translate(error: SqlFailed, fence: Fence) -> NoReturn:
    if error.sqlstate == FENCED_OFF:
        epoch = re.search(r"epoch (\d+)", error.message)
        raise LockLost.to(fence.instance, epoch=int(epoch[1]) if epoch else fence.epoch + 1) from error
    if error.sqlstate in {MOVED, "23505"}:
        raise _Moved from error
    if error.sqlstate == NO_ENTRY:
        raise StepFailed(
            f"The ledger of {fence.instance} has no entry of epoch {fence.epoch}.",
            resolution="This is a fault of the tool, please report it.",
        ) from error
    raise error


def _refuse_if_later(newest: _Stored | None, entry: LedgerEntry) -> None:
    if newest is None or newest.entry.epoch < entry.epoch:
        return
    if (newest.entry.epoch, newest.entry.run) != (entry.epoch, entry.run):
        raise LockLost.to(entry.instance, epoch=newest.entry.epoch)


def _fence_of(entry: LedgerEntry) -> Fence:
    return Fence(instance=entry.instance, epoch=entry.epoch)


def _after(newest: _Stored | None, entry: LedgerEntry) -> Statement:
    if newest is None:
        return appended(entry, after=None, prev_hash="")
    return appended(entry, after=newest.entry, prev_hash=newest.hash)


def _read(row: Row) -> _Stored:
    content = {**row, "state": LedgerState(row["state"])}
    prev_hash = content.pop("prev_hash")
    return _Stored(entry=LedgerEntry(**content), prev_hash=prev_hash)


def _chained(every: Iterable[_Stored]) -> tuple[_Stored, ...]:
    before, found = "", list[_Stored]()
    for one in every:
        if one.prev_hash != before:
            raise JournalDamaged(
                f"The ledger of {one.entry.instance} was altered: epoch {one.entry.epoch} does not follow from the one "
                "before it.",
                resolution="Nothing is done on its word. Find out who changed olmis_release.ledger, and put it back.",
            )
        found.append(one)
        before = one.hash
    return tuple(found)
