"""From the closing to the opening nobody writes, however hard they try."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import psycopg
import pytest

from olmis_release.errors import RollbackRefused, StepFailed
from tests.integration.postgres_server import FAILED, LIVE, POINT, RUN, Server, postgres_server

pytestmark = pytest.mark.docker

NEXT_RUN = "20261201t090000"


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with postgres_server("fsync=off", "max_prepared_transactions=5") as server:
        yield server


@pytest.fixture
def server(running: Server) -> Iterator[Server]:
    running.sql(f"CREATE DATABASE {LIVE}")
    running.sql("CREATE TABLE rows (n bigserial PRIMARY KEY, who text)", LIVE)
    yield running
    running.clear()


class LateWriter:
    """A superuser that connects again every 5 ms and writes; keeps the numbers of the rows that were acknowledged."""

    def __init__(self, server: Server) -> None:
        self.acknowledged: list[int] = []
        self.refused = 0
        self._server = server
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> LateWriter:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def wait_for_writes(self, more: int = 3) -> None:
        until, deadline = len(self.acknowledged) + more, time.monotonic() + 20
        while len(self.acknowledged) < until:
            assert time.monotonic() < deadline, "the writer never came in"
            time.sleep(0.01)

    def _work(self) -> None:
        while not self._stopped.wait(0.005):
            try:
                with self._server.connect(LIVE) as connection:
                    while not self._stopped.is_set():
                        row = connection.execute("INSERT INTO rows (who) VALUES ('late') RETURNING n").fetchone()
                        assert row is not None
                        self.acknowledged.append(int(row[0]))
            except psycopg.Error:
                self.refused += 1


def rows(server: Server, database: str) -> set[int]:
    return {int(str(n)) for (n,) in server.sql("SELECT n FROM rows", database)}


@pytest.mark.parametrize("way", ["psql", "url"])
def test_superusers_that_come_back_every_5_ms_write_nothing_between_closing_and_opening(
    server: Server, way: str
) -> None:
    database = server.by_psql(LIVE) if way == "psql" else server.by_url(LIVE)
    with LateWriter(server) as one, LateWriter(server) as two:
        one.wait_for_writes()
        database.close(timeout_s=20)
        before = {*one.acknowledged, *two.acknowledged}
        database.clone(POINT, run=RUN)
        assert {*one.acknowledged, *two.acknowledged} == before
        database.open()
        two.wait_for_writes()
        database.close(timeout_s=20)
        all_acknowledged = {*one.acknowledged, *two.acknowledged}
        database.swap(POINT, failed=FAILED)
        one.wait_for_writes()
    after_swap = ({*one.acknowledged, *two.acknowledged}, rows(server, LIVE))
    assert before <= rows(server, LIVE)
    server.sql(f"ALTER DATABASE {FAILED} ALLOW_CONNECTIONS true")
    assert all_acknowledged <= rows(server, FAILED)
    assert after_swap[1] <= after_swap[0] | before
    assert one.refused > 0


def test_a_swap_closes_a_database_that_its_caller_left_open(server: Server) -> None:
    database = server.by_url(LIVE)
    database.close(timeout_s=10)
    database.clone(POINT, run=RUN)
    database.open()
    with LateWriter(server) as writer:
        writer.wait_for_writes()
        database.swap(POINT, failed=FAILED)
    assert database.facts(FAILED) is not None


def test_a_prepared_transaction_is_named_with_what_to_do(server: Server) -> None:
    database = server.by_psql(LIVE)
    server.sql("BEGIN; INSERT INTO rows (who) VALUES ('x'); PREPARE TRANSACTION 'forgotten'", LIVE)
    assert database.blockers().prepared == ("forgotten",)
    with pytest.raises(StepFailed, match="prepared transaction forgotten of role postgres") as failed:
        database.close(timeout_s=0.3)
    assert "ROLLBACK PREPARED 'forgotten'" in failed.value.resolution
    database.open()
    server.sql("ROLLBACK PREPARED 'forgotten'", LIVE)
    database.close(timeout_s=10)


def test_a_slot_is_named_among_what_is_in_the_way(server: Server) -> None:
    with server.connect(LIVE) as connection:
        connection.execute("SELECT pg_create_logical_replication_slot('debezium', 'test_decoding')")
        (slot,) = server.by_psql(LIVE).blockers().slots
        assert (slot.name, slot.plugin, slot.active) == ("debezium", "test_decoding", False)
        connection.execute("SELECT pg_drop_replication_slot('debezium')")


def test_a_session_that_holds_a_lock_is_ended_too(server: Server) -> None:
    with suppress(psycopg.OperationalError), server.connect(LIVE) as holder:
        holder.execute("BEGIN; LOCK TABLE rows")
        server.by_psql(LIVE).close(timeout_s=10)
        with pytest.raises(psycopg.OperationalError):
            holder.execute("SELECT 1")


def test_an_older_point_still_works_after_a_failed_deploy_took_the_database_back(server: Server) -> None:
    database = server.by_url(LIVE)
    for run in (RUN, NEXT_RUN):
        database.close(timeout_s=10)
        database.clone(f"{LIVE}__before_{run}", run=run)
        database.open()
        server.sql(f"INSERT INTO rows (who) VALUES ('after {run}')", LIVE)
    database.accept(POINT)
    database.swap(f"{LIVE}__before_{NEXT_RUN}", failed=f"{LIVE}__failed_{NEXT_RUN}")
    with pytest.raises(RollbackRefused, match="was accepted"):
        database.swap(POINT, failed=FAILED)
    database.swap(POINT, failed=FAILED, accepted=True)
    assert rows(server, LIVE) == set()
    database.swap_back(POINT, failed=FAILED)
    assert server.sql("SELECT who FROM rows", LIVE) == [(f"after {RUN}",)]
