"""Replication slots across a swap, on a server that really streams."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from olmis_release.instance.ports import Fence, LedgerEntry, LedgerState
from tests.integration.postgres_server import FAILED, LIVE, POINT, RUN, Server, postgres_server, take

pytestmark = pytest.mark.docker

OURS = Fence(instance="uat", epoch=1)


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with postgres_server("fsync=off", "wal_level=logical") as server:
        server.sql("CREATE ROLE mw_user LOGIN CREATEDB PASSWORD 'x'")
        yield server


@pytest.fixture
def server(running: Server) -> Iterator[Server]:
    running.sql(f"CREATE DATABASE {LIVE} OWNER mw_user")
    running.sql("CREATE TABLE rows (n int); CREATE PUBLICATION everything FOR ALL TABLES", LIVE)
    running.sql("ALTER TABLE rows OWNER TO mw_user", LIVE)
    yield running
    running.clear()


def make_slot(server: Server, name: str, plugin: str = "test_decoding") -> None:
    server.sql(f"SELECT pg_create_logical_replication_slot('{name}', '{plugin}')", LIVE)


def slots(server: Server) -> set[tuple[object, ...]]:
    return set(server.sql("SELECT slot_name::text, plugin::text, database::text FROM pg_replication_slots"))


@contextmanager
def reading(server: Server, slot: str) -> Iterator[None]:
    """Read a slot as a connector does, until it is cut off."""
    command = ("exec", server.container, "pg_recvlogical", "-U", "postgres", "-d", LIVE, "--slot", slot, "--no-loop")
    reader = subprocess.Popen(
        ("docker", *command, "--start", "-f", "-"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 20
        while server.sql(f"SELECT active FROM pg_replication_slots WHERE slot_name = '{slot}'") != [(True,)]:
            assert time.monotonic() < deadline, "the reader never began"
            time.sleep(0.05)
        yield
    finally:
        reader.kill()
        reader.wait()


def test_a_swap_makes_the_slots_anew_in_the_database_that_comes_back(server: Server) -> None:
    database = server.by_psql(LIVE)
    make_slot(server, "debezium", "pgoutput")
    take(database)
    make_slot(server, "late")
    database.swap(POINT, failed=FAILED)
    assert slots(server) == {("debezium", "pgoutput", LIVE), ("late", "test_decoding", LIVE)}
    server.sql("INSERT INTO rows VALUES (7)", LIVE)
    seen = server.sql("SELECT data FROM pg_logical_slot_get_changes('late', NULL, NULL)", LIVE)
    assert any("7" in str(row) for row in seen)
    assert database.blockers().lost_slots == ()
    facts = database.facts(FAILED)
    assert facts is not None
    assert not facts.open


def test_a_swap_that_is_taken_back_moves_them_back(server: Server) -> None:
    database = server.by_url(LIVE)
    make_slot(server, "debezium", "pgoutput")
    take(database)
    database.swap(POINT, failed=FAILED)
    database.swap_back(POINT, failed=FAILED)
    assert slots(server) == {("debezium", "pgoutput", LIVE)}
    database.swap(POINT, failed=FAILED)
    assert slots(server) == {("debezium", "pgoutput", LIVE)}
    database.drop(FAILED)


def test_a_slot_that_is_being_read_is_told_and_does_not_stop_a_swap(server: Server) -> None:
    database = server.by_url(LIVE)
    make_slot(server, "debezium")
    take(database)
    with reading(server, "debezium"):
        assert [one.active for one in database.blockers().slots] == [True]
        database.swap(POINT, failed=FAILED)
    assert slots(server) == {("debezium", "test_decoding", LIVE)}


@pytest.mark.parametrize("dropped", [(), ("debezium",), ("debezium", "late")], ids=str)
def test_a_swap_that_was_cut_off_between_the_slots_goes_on_with_all_of_them(
    server: Server, dropped: tuple[str, ...]
) -> None:
    database = server.by_url(LIVE)
    make_slot(server, "debezium")
    make_slot(server, "late")
    take(database)
    database.close(timeout_s=10)
    for one in dropped:
        server.sql(f"SELECT pg_drop_replication_slot('{one}')")
    if dropped:  # and died with the point open, the first slot made there
        server.sql(f"ALTER DATABASE {POINT} ALLOW_CONNECTIONS true")
        server.sql("SELECT pg_create_logical_replication_slot('debezium', 'test_decoding')", POINT)
    database.swap(POINT, failed=FAILED)
    assert slots(server) == {("debezium", "test_decoding", LIVE), ("late", "test_decoding", LIVE)}


def test_a_role_that_may_not_make_slots_goes_back_without_them_and_says_which(server: Server) -> None:
    make_slot(server, "debezium")
    database = server.by_url(LIVE, user="mw_user", password="x")
    database.ledger.begin(
        LedgerEntry(instance="uat", epoch=1, run=RUN, plan="p", who="me", at="now", state=LedgerState.BEGUN)
    )
    take(database)
    database.swap(POINT, failed=FAILED, fence=OURS)
    assert slots(server) == {("debezium", "test_decoding", FAILED)}
    found = database.blockers()
    assert (found.lost_slots, [one.database for one in found.slots]) == (("debezium",), [FAILED])
    assert database.server().replication is False
    server.sql("DROP DATABASE olmis_release")
