"""A database server in memory that keeps the promises of `ports.Database`, for tests without PostgreSQL.

`tests/contract/test_database_contract.py` runs the same cases against it and against a real server.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from olmis_release.errors import ReleaseError, RollbackRefused, StepFailed
from olmis_release.instance.database_note import Note, NoteState, is_ours
from olmis_release.instance.ports import (
    Blockers,
    DatabaseFacts,
    DatabaseState,
    Fence,
    History,
    RollbackPoint,
    ServerFacts,
)
from tests.fakes.ledger import FakeLedger

NOTHING_IN_THE_WAY = Blockers(prepared=(), subscriptions=(), slots=(), base_backups=())


def some_facts(name: str, *, oid: int = 16384, size_bytes: int = 8_000_000) -> DatabaseFacts:
    """A plain open database."""
    return DatabaseFacts(
        name=name,
        oid=oid,
        owner="postgres",
        owned=True,
        open=True,
        template=False,
        connection_limit=-1,
        comment="",
        size_bytes=size_bytes,
        collation_matches=True,
        settings=(),
        acl=(),
    )


@dataclass
class Kept:
    """One database: what pg_database says of it, what is in it, what its note says."""

    facts: DatabaseFacts
    rows: list[str] = field(default_factory=list)
    histories: tuple[History, ...] = ()
    run: str = ""
    of: int = 0
    copied: int = 0
    state: DatabaseState | None = None


class FakeDatabase:
    """The instance's database and its points; `rows` of the live one stand for everything written.

    Args:
        name: The instance's database.
        histories: Flyway's tables in it.
        exists: False stands for an empty server, before a first deploy.
    """

    def __init__(self, name: str = "open_lmis", *, histories: Iterable[History] = (), exists: bool = True) -> None:
        self.name = name
        self.all = {name: Kept(facts=some_facts(name), histories=tuple(histories))} if exists else {}
        self.calls: list[str] = []
        self.fails: dict[str, ReleaseError] = {}
        self.free: int | None = 10**12
        self.in_the_way = NOTHING_IN_THE_WAY
        self.ledger = FakeLedger()
        self.facts_of_server = ServerFacts(version_number=150008, role="postgres", superuser=True, create_database=True)
        self._next_oid = 20000

    @property
    def rows(self) -> list[str]:
        """What is written in the live database."""
        return self._live.rows

    def server(self) -> ServerFacts:
        self._called("server")
        return self.facts_of_server

    def databases(self) -> tuple[DatabaseFacts, ...]:
        self._called("databases")
        return tuple(self.all[name].facts for name in sorted(self.all))

    def facts(self, name: str) -> DatabaseFacts | None:
        self._called("facts")
        return self.all[name].facts if name in self.all else None

    def histories(self) -> tuple[History, ...]:
        self._called("histories")
        if not self._live.facts.open:
            raise StepFailed(f"{self.name} is closed, so its migration history cannot be read.", resolution="Open it.")
        return self._live.histories

    def blockers(self) -> Blockers:
        self._called("blockers")
        return self.in_the_way

    def free_bytes(self) -> int | None:
        self._called("free_bytes")
        return self.free

    def checkpoint(self) -> None:
        self._called("checkpoint")

    def close(self, *, timeout_s: float) -> None:
        self._called("close")
        self._set(self._live, open=False)

    def open(self) -> None:
        self._called("open")
        self._set(self._live, open=True)

    def clone(self, point: str, *, run: str, fence: Fence | None = None) -> None:
        self._called("clone")
        self.ledger.check(fence)
        live, there = self._live, self.all.get(point)
        if live.facts.open:
            raise StepFailed(f"{self.name} is open; a copy taken now could miss writes.", resolution="Close it.")
        if there and there.state and (there.run, there.of, there.state) != (run, live.facts.oid, DatabaseState.READY):
            raise StepFailed(f"{point} exists already.", resolution="Make a new plan.")
        if there and there.state:
            return
        self._next_oid += 1
        facts = replace(live.facts, name=point, oid=self._next_oid, template=True)
        copy = Kept(facts=facts, rows=list(live.rows), histories=live.histories)
        copy.copied = len(live.rows)
        copy.run, copy.of, copy.state = run, live.facts.oid, DatabaseState.READY
        self.all[point] = copy

    def point(self, name: str) -> RollbackPoint | None:
        self._called("point")
        return next((one for one in self._points() if one.database == name), None)

    def points(self) -> tuple[RollbackPoint, ...]:
        self._called("points")
        return self._points()

    def written_since(self, point: str) -> bool | None:
        self._called("written_since")
        there = self.all.get(point)
        known = there is not None and there.of == self._live.facts.oid and not self._live.facts.open
        return len(self._live.rows) != there.copied if known and there else None

    def swap(self, point: str, *, failed: str, accepted: bool = False, fence: Fence | None = None) -> None:
        self._called("swap")
        self.ledger.check(fence)
        if failed in self.all and point not in self.all:
            self._set(self._live, open=True)
            return
        there, live = self.all.get(point), self._live
        ready = there and there.state and there.of == live.facts.oid
        if not (there and ready) or (there.state is DatabaseState.ACCEPTED and not accepted):
            raise RollbackRefused(f"{point} cannot take the place of {self.name}.", resolution="See the history.")
        self._trade(live, failed, there, point)

    def swap_back(self, point: str, *, failed: str, fence: Fence | None = None) -> None:
        self._called("swap_back")
        self.ledger.check(fence)
        if point in self.all and failed not in self.all:
            self._set(self._live, open=True)
            return
        if failed not in self.all or point in self.all:
            raise RollbackRefused(f"{failed} cannot take the place of {self.name} again.", resolution="Look.")
        live = self._live
        self._trade(live, point, self.all[failed], failed)
        self._set(live, template=True)

    def accept(self, point: str | None, *, fence: Fence | None = None) -> None:
        self._called("accept")
        self.ledger.check(fence)
        there = self.all.get(point or "")
        if point and (there is None or there.state is None):
            raise RollbackRefused(f"{point} is no complete rollback point.", resolution="Look.")
        self.ledger.accept(fence)
        if there is not None:
            there.state = DatabaseState.ACCEPTED

    def drop(self, name: str, *, fence: Fence | None = None) -> None:
        self._called("drop")
        self.ledger.check(fence)
        if name in self.all and not self._ours(name):
            raise StepFailed(f"{name} is neither a rollback point nor a failed copy.", resolution="Drop it by hand.")
        self.all.pop(name, None)

    def _ours(self, name: str) -> bool:
        note = Note(run="r", of=1, state=NoteState.READY) if self.all[name].state else ""
        return is_ours(name, str(note), live=self.name)

    @property
    def _live(self) -> Kept:
        if self.name not in self.all:
            raise StepFailed(f"There is no database {self.name} on the server.", resolution="Look.")
        return self.all[self.name]

    def _points(self) -> tuple[RollbackPoint, ...]:
        prefix = f"{self.name}__before_"
        found = [(name, one) for name, one in self.all.items() if name.startswith(prefix) and self._ours(name)]
        points = (
            RollbackPoint(
                database=name,
                run=one.run or name.removeprefix(prefix),
                of_oid=one.of,
                state=one.state or DatabaseState.COPYING,
            )
            for name, one in found
        )
        return tuple(sorted(points, key=lambda one: (one.run, one.database)))

    def _trade(self, live: Kept, aside: str, comes: Kept, name: str) -> None:
        """Put `comes`, now called `name`, in the live one's place, which is kept closed as `aside`."""
        del self.all[name]
        self._set(live, name=aside, open=False, template=False)
        self._set(comes, name=self.name, open=True, template=False)
        self.all[aside], self.all[self.name] = live, comes
        for one in self.all.values():
            if one.state and one.of == live.facts.oid and one is not comes:
                one.of = comes.facts.oid

    def _set(self, kept: Kept, **changes: object) -> None:
        kept.facts = replace(kept.facts, **changes)  # type: ignore[arg-type]

    def _called(self, what: str) -> None:
        self.calls.append(what)
        if what in self.fails:
            raise self.fails[what]
