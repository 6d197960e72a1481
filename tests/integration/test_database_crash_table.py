"""Every state in which a run can be found after a crash, and what the calls of a resume make of it.

The server's own list of databases is the journal: names, OIDs and comments tell what was done. For each state the calls
that go forward (take, accept, open) and those that go back (swap, drop, open) must both end whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import pytest

from olmis_release.errors import RollbackRefused, StepFailed
from olmis_release.instance.database import PostgresDatabase
from olmis_release.instance.ports import DatabaseState
from tests.integration.fingerprint import attributes, content
from tests.integration.postgres_server import FAILED, LIVE, POINT, RUN, Server, postgres_server

pytestmark = pytest.mark.docker

State: TypeAlias = "Callable[[Place], None]"


@dataclass
class Place:
    """A database with a row of before, and the fingerprints that a way back must bring again."""

    server: Server
    database: PostgresDatabase

    def __post_init__(self) -> None:
        self.before = (content(self.server, LIVE), attributes(self.server, LIVE))

    def now(self) -> object:
        return (content(self.server, LIVE), attributes(self.server, LIVE))

    def sql(self, statement: str, database: str = "postgres") -> None:
        self.server.sql(statement, database)

    def state(self) -> DatabaseState | None:
        point = self.database.point(POINT)
        return point.state if point else None

    def is_open(self) -> bool:
        facts = self.database.facts(LIVE)
        return facts is not None and facts.open

    def rows(self) -> list[tuple[object, ...]]:
        return self.server.sql("SELECT row FROM rows ORDER BY row", LIVE)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgres_server("fsync=off", "wal_level=logical") as running:
        running.sql("CREATE ROLE clerk")
        yield running


@pytest.fixture
def place(server: Server) -> Iterator[Place]:
    server.sql(f"CREATE DATABASE {LIVE}")
    server.sql("CREATE TABLE rows AS SELECT 'before' AS row", LIVE)
    server.sql(f"GRANT CREATE ON DATABASE {LIVE} TO clerk; ALTER DATABASE {LIVE} SET work_mem TO '9MB'")
    server.sql("SELECT pg_create_logical_replication_slot('debezium', 'test_decoding')", LIVE)
    yield Place(server=server, database=server.by_url(LIVE))
    server.clear()


def untouched(place: Place) -> None:
    """N is O and open, there is no B: nothing was done."""


def gate_shut(place: Place) -> None:
    """N is O and closed, no B: the gate is shut."""
    place.database.close(timeout_s=10)


def copied(place: Place) -> None:
    """B is there and its comment lacks `ready`: the copy is whole, what belongs to a name is missing."""
    gate_shut(place)
    place.sql(f"CREATE DATABASE {POINT} TEMPLATE {LIVE}")


def armed(place: Place) -> None:
    """B is ready, N is O: the point is good."""
    gate_shut(place)
    place.database.clone(POINT, run=RUN)


def migrated(place: Place) -> None:
    """B is ready, N is O, open, and was written to."""
    armed(place)
    place.database.open()
    place.sql("INSERT INTO rows VALUES ('since'); ALTER TABLE rows ADD n int", LIVE)


def drop_cut_off(place: Place) -> None:
    """The DROP of a point was interrupted."""
    copied(place)
    place.sql(f"UPDATE pg_database SET datconnlimit = -2 WHERE datname = '{POINT}'")


BEFORE_THE_POINT: list[State] = [untouched, gate_shut, copied, drop_cut_off]


def forward(place: Place) -> None:
    """Do what a resume does that goes on."""
    place.database.close(timeout_s=10)
    place.database.clone(POINT, run=RUN)
    place.database.open()


@pytest.mark.parametrize("state", [*BEFORE_THE_POINT, armed])
def test_going_on_takes_the_point_once_and_lets_services_in(place: Place, state: State) -> None:
    state(place)
    oid = place.database.facts(POINT)
    forward(place)
    forward(place)
    assert (place.state(), place.is_open()) == (DatabaseState.READY, True)
    after = place.database.facts(POINT)
    assert after is not None
    if state is armed:
        assert oid is not None
        assert after.oid == oid.oid
    assert place.now() == place.before


@pytest.mark.parametrize("state", BEFORE_THE_POINT)
def test_giving_up_before_the_point_drops_what_there_is_of_it_and_reopens(place: Place, state: State) -> None:
    state(place)
    for _ in range(2):
        place.database.open()
        place.database.drop(POINT)
    assert (place.state(), place.is_open()) == (None, True)
    assert place.now() == place.before


@pytest.mark.parametrize("state", [armed, migrated])
def test_going_back_after_the_point_swaps_it_in_whole_and_twice_is_once(place: Place, state: State) -> None:
    state(place)
    for _ in range(2):
        place.database.close(timeout_s=10)
        place.database.swap(POINT, failed=FAILED)
    assert place.now() == place.before
    assert place.is_open()
    assert place.server.sql("SELECT slot_name::text, database::text FROM pg_replication_slots") == [("debezium", LIVE)]
    failed = place.database.facts(FAILED)
    assert failed is not None
    assert not failed.open


def test_a_swap_that_committed_before_its_word_came_back_is_only_opened(place: Place) -> None:
    migrated(place)
    place.database.swap(POINT, failed=FAILED)
    oids = {one.name: one.oid for one in place.database.databases()}
    place.database.close(timeout_s=10)
    place.database.swap(POINT, failed=FAILED)
    assert {one.name: one.oid for one in place.database.databases()} == oids
    assert place.is_open()


def test_what_was_accepted_goes_forward_only_unless_a_person_says_so(place: Place) -> None:
    migrated(place)
    place.database.accept(POINT)
    place.database.accept(POINT)
    with pytest.raises(RollbackRefused, match="was accepted"):
        place.database.swap(POINT, failed=FAILED)
    assert place.is_open()
    assert place.rows() == [("before",), ("since",)]
    place.database.swap(POINT, failed=FAILED, accepted=True)
    assert place.rows() == [("before",)]


def test_a_database_renamed_by_hand_stops_everything_and_its_name_is_offered(place: Place) -> None:
    armed(place)
    place.sql(f"ALTER DATABASE {LIVE} RENAME TO lmis_old")
    calls: tuple[Callable[[], None], ...] = (
        lambda: place.database.swap(POINT, failed=FAILED),
        lambda: place.database.clone(POINT, run=RUN),
    )
    for call in calls:
        with pytest.raises(StepFailed, match=r"no database lmis on the server; .*lmis_old \(\d+\)") as stopped:
            call()
        assert "ALTER DATABASE lmis_old RENAME TO lmis" in stopped.value.resolution
    place.sql("DROP DATABASE lmis_old")
    with pytest.raises(StepFailed) as stopped:
        place.database.swap(POINT, failed=FAILED)
    assert f"ALTER DATABASE {POINT} RENAME TO {LIVE}" in stopped.value.resolution


def test_a_point_whose_drop_was_cut_off_is_never_swapped_in(place: Place) -> None:
    armed(place)
    place.sql(f"UPDATE pg_database SET datconnlimit = -2, datistemplate = false WHERE datname = '{POINT}'")
    place.database.open()
    with pytest.raises(RollbackRefused, match="not a complete copy"):
        place.database.swap(POINT, failed=FAILED)
    assert place.is_open()
    place.database.drop(POINT)
    assert place.state() is None


def test_files_that_a_dead_copy_left_are_told_with_their_size_and_stay(place: Place) -> None:
    assert place.database.blockers().orphans == ()
    place.sql("COPY (SELECT 1) TO PROGRAM 'mkdir base/99999 && head -c 3000000 /dev/zero > base/99999/1'")
    assert place.database.blockers().orphans == ("base/99999 (3.0 MB)",)
    place.database.close(timeout_s=10)
    place.database.clone(POINT, run=RUN)
    assert place.database.blockers().orphans == ("base/99999 (3.0 MB)",)
    place.sql("COPY (SELECT 1) TO PROGRAM 'rm -r base/99999'")


def test_whether_anything_was_written_since_the_point_is_known_to_the_row(place: Place) -> None:
    armed(place)
    assert place.database.written_since(POINT) is False
    place.database.open()
    assert place.database.written_since(POINT) is None
    place.rows()
    place.database.close(timeout_s=10)
    assert place.database.written_since(POINT) is False
    place.database.open()
    place.sql("UPDATE rows SET row = row", LIVE)
    place.database.close(timeout_s=10)
    assert place.database.written_since(POINT) is True


@pytest.mark.parametrize("change", ["CREATE TABLE more (n int)", "DELETE FROM rows", "TRUNCATE rows", "ANALYZE rows"])
def test_every_kind_of_change_counts_as_written(place: Place, change: str) -> None:
    migrated(place)
    place.database.drop(POINT)
    armed(place)
    place.database.open()
    place.sql(change, LIVE)
    place.database.close(timeout_s=10)
    assert place.database.written_since(POINT) is True
