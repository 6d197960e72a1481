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
from typing import LiteralString, NoReturn

import rfc8785
from psycopg import sql as quoting

from olmis_release.errors import JournalDamaged, LockLost, StepFailed
from olmis_release.instance.ports import Fence, LedgerEntry, LedgerState
from olmis_release.instance.sql import (
    INSUFFICIENT_PRIVILEGE,
    Row,
    Sql,
    SqlFailed,
    Statement,
    ask,
    do,
    transaction,
    value,
)

OWN = "olmis_release"
"""Name of the schema, and of the database for a role that may not create a schema in the maintenance database."""

ATTEMPTS = 5
FENCED_OFF = "OL001"
MOVED = "OL002"
NO_ENTRY = "OL003"
_DUPLICATES = ("23505", "42P04", "42P06", "42P07")

_TABLES = (
    do("CREATE SCHEMA IF NOT EXISTS olmis_release"),
    do(
        "CREATE TABLE IF NOT EXISTS olmis_release.ledger (instance text NOT NULL, epoch bigint NOT NULL,"
        " run text NOT NULL, plan text NOT NULL, who text NOT NULL, at text NOT NULL, state text NOT NULL,"
        " outcome text NOT NULL DEFAULT '', prev_hash text NOT NULL, PRIMARY KEY (instance, epoch))"
    ),
    do("CREATE TABLE IF NOT EXISTS olmis_release.fence (instance text PRIMARY KEY, epoch bigint NOT NULL)"),
)
# The catalogue may be read by everybody, which is not so of a schema that another role made.
_IS_HERE = ask(
    "SELECT EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = 'olmis_release' AND c.relname = 'fence') AS here,"
    " EXISTS (SELECT 1 FROM pg_database WHERE datname = 'olmis_release') AS own"
)
_ENTRIES = (
    "SELECT instance, epoch, run, plan, who, at, state, outcome, prev_hash FROM olmis_release.ledger"
    " WHERE instance = {instance} ORDER BY epoch"
)
_RAISE_FENCE = (
    "BEGIN INSERT INTO olmis_release.fence AS f VALUES ({instance}, {epoch})"
    " ON CONFLICT (instance) DO UPDATE SET epoch = {epoch} WHERE f.epoch <= {epoch};"
    " IF NOT FOUND THEN RAISE EXCEPTION 'epoch %', (SELECT epoch FROM olmis_release.fence WHERE instance = {instance})"
    " USING ERRCODE = 'OL001'; END IF; END"
)
_APPEND = (
    "DECLARE there text; BEGIN"
    " SELECT epoch || ' ' || state || ' ' || outcome INTO there FROM olmis_release.ledger"
    " WHERE instance = {instance} ORDER BY epoch DESC LIMIT 1;"
    " IF there IS DISTINCT FROM {seen} THEN RAISE EXCEPTION 'the ledger moved' USING ERRCODE = 'OL002'; END IF;"
    " INSERT INTO olmis_release.ledger VALUES ({values}); END"
)
_ACCEPT = (
    "BEGIN UPDATE olmis_release.ledger SET state = 'accepted'"
    " WHERE instance = {instance} AND epoch = {epoch} AND state = 'begun';"
    " IF NOT FOUND AND NOT EXISTS (SELECT 1 FROM olmis_release.ledger"
    " WHERE instance = {instance} AND epoch = {epoch})"
    " THEN RAISE EXCEPTION 'no entry' USING ERRCODE = 'OL003'; END IF; END"
)


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
                self.transact(_fence_of(entry), *(() if again else (_append(entry, newest),)))
                return
        raise StepFailed(
            f"The ledger of {entry.instance} changed {ATTEMPTS} times while it was written to.",
            resolution=f"See who works on it: olmis-release status {entry.instance}",
        )

    def end(self, fence: Fence, *, outcome: str) -> None:
        """Write down how a run ended."""
        ended = do(
            "UPDATE olmis_release.ledger SET state = 'ended', outcome = {outcome}"
            " WHERE instance = {instance} AND epoch = {epoch}",
            outcome=value(outcome),
            instance=value(fence.instance),
            epoch=value(fence.epoch),
        )
        self.transact(fence, ended)

    def check(self, fence: Fence | None) -> None:
        """Raise `LockLost` if the fence stands higher; for what cannot be part of a transaction."""
        if fence is not None:
            self.transact(fence)

    def accepting(self, fence: Fence) -> Statement:
        """Return what marks the entry of an epoch accepted, for a `transact` with that fence."""
        return _block(_ACCEPT, instance=value(fence.instance), epoch=value(fence.epoch))

    def transact(self, fence: Fence | None, *statements: Statement) -> None:
        """Carry statements out as one transaction that begins with a look at the fence.

        Raises:
            LockLost: The fence stands higher: nothing happened.
        """
        if fence is None:
            self._sql.run(*transaction(*statements))
            return
        raised = _block(_RAISE_FENCE, instance=value(fence.instance), epoch=value(fence.epoch))
        try:
            self._sql.run(*transaction(raised, *statements), database=self._made())
        except SqlFailed as error:
            _translate(error, fence)

    def _stored(self, instance: str) -> tuple[_Stored, ...]:
        place = self._place()
        if place is None:
            return ()
        (rows,) = self._sql.run(ask(_ENTRIES, instance=value(instance)), database=place)
        return _chained(_read(row) for row in rows)

    def _place(self) -> str | None:
        """Return the database that has the ledger (empty for the maintenance database), None when none has."""
        if self._found is None:
            ((row,),) = self._sql.run(_IS_HERE)
            if row["here"]:
                self._found = ""
            elif row["own"] and self._sql.run(_IS_HERE, database=OWN)[0][0]["here"]:
                self._found = OWN
        return self._found

    def _made(self) -> str:
        place = self._place()
        if place is None:
            self._found = place = self._make()
        return place

    def _make(self) -> str:
        ((row,),) = self._sql.run(_IS_HERE)
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
            self._sql.run(*transaction(*_TABLES), database=place)
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


def _append(entry: LedgerEntry, newest: _Stored | None) -> Statement:
    seen = f"{newest.entry.epoch} {newest.entry.state} {newest.entry.outcome}" if newest else None
    columns = (*asdict(entry).values(), newest.hash if newest else "")
    values = quoting.SQL(", ").join(value(one if isinstance(one, int) else str(one)) for one in columns)
    return _block(_APPEND, instance=value(entry.instance), seen=value(seen), values=values)


def _block(text: LiteralString, /, **values: quoting.Composable) -> Statement:
    """Return a block of PL/pgSQL: the one way to make a transaction fail on what it finds."""
    body = quoting.SQL(text).format(**values).as_string(None)
    return do("DO {body}", body=value(body))


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
