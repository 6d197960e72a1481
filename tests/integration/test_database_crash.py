"""Whatever dies in the middle, the next call finds a state that it can go on from."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from olmis_release.errors import ReleaseError
from olmis_release.instance.ports import DatabaseState
from tests.integration.fingerprint import attributes, content
from tests.integration.postgres_server import FAILED, LIVE, POINT, RUN, Server, postgres_server

pytestmark = pytest.mark.docker

SIZE_ROWS = 400_000  # about 200 MB: long enough to be killed while it is copied


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgres_server("fsync=off") as running:
        running.sql(f"CREATE DATABASE {LIVE}")
        running.sql(f"CREATE TABLE big AS SELECT n, repeat('x', 450) AS t FROM generate_series(1, {SIZE_ROWS}) n", LIVE)
        yield running


def copying(server: Server) -> bool:
    return bool(server.sql("SELECT 1 FROM pg_stat_activity WHERE query LIKE 'CREATE DATABASE%'"))


def kill_psql(server: Server) -> None:
    """Kill this container's psql by its id on the host, as the end of a client machine would."""
    table = subprocess.run(
        ("docker", "top", server.container, "-eo", "pid,comm"), check=True, capture_output=True, text=True, timeout=30
    )
    for line in table.stdout.splitlines()[1:]:
        pid, command = line.split(None, 1)
        if command.strip() == "psql":
            os.kill(int(pid), signal.SIGKILL)


def cut_off_clone(server: Server) -> None:
    """Begin a copy and kill its client while the server is at it.

    A lock on the database makes the server wait until the client is dead; then it copies, for nobody.
    """

    thread = threading.Thread(target=_clone_quietly, args=(server,))
    with server.connect("postgres") as holder, holder.transaction(force_rollback=True):
        holder.execute(f"COMMENT ON DATABASE {LIVE} IS 'held'")
        thread.start()
        deadline = time.monotonic() + 20
        while not copying(server):
            assert time.monotonic() < deadline, "the copy never began"
            time.sleep(0.02)
        kill_psql(server)
        thread.join()
    assert copying(server)


def test_a_copy_whose_client_was_killed_is_made_anew_and_then_works(server: Server) -> None:
    database = server.by_psql(LIVE)
    before, look = content(server, LIVE), attributes(server, LIVE)
    database.close(timeout_s=10)
    cut_off_clone(server)
    database.clone(POINT, run=RUN)
    point = database.point(POINT)
    assert point is not None
    assert point.state is DatabaseState.READY
    database.open()
    server.sql("DELETE FROM big", LIVE)
    database.swap(POINT, failed=FAILED)
    assert (content(server, LIVE), attributes(server, LIVE)) == (before, look)
    database.drop(FAILED)


def test_a_copy_whose_client_was_killed_does_not_turn_up_after_it_was_dropped(server: Server) -> None:
    database = server.by_psql(LIVE)
    database.close(timeout_s=10)
    cut_off_clone(server)
    database.open()
    database.drop(POINT)
    time.sleep(0.5)
    assert database.facts(POINT) is None
    assert not copying(server)


def test_a_server_killed_in_the_middle_of_a_copy_comes_back_closed_and_copies_again(server: Server) -> None:
    database = server.by_psql(LIVE)
    before = content(server, LIVE)
    database.close(timeout_s=10)
    thread = threading.Thread(target=_clone_quietly, args=(server,))
    thread.start()
    while not copying(server):
        time.sleep(0.005)
    server.kill_and_start()
    thread.join()
    facts = database.facts(LIVE)
    assert facts is not None
    assert not facts.open
    database.clone(POINT, run=RUN)
    database.swap(POINT, failed=FAILED)
    assert content(server, LIVE) == before
    database.drop(FAILED)


def test_an_unarmed_copy_counts_as_being_copied_and_is_replaced(server: Server) -> None:
    database = server.by_psql(LIVE)
    server.sql(f"CREATE DATABASE {POINT} TEMPLATE template0")
    point = database.point(POINT)
    assert point is not None
    assert (point.state, point.run) == (DatabaseState.COPYING, RUN)
    database.close(timeout_s=10)
    database.clone(POINT, run=RUN)
    database.open()
    assert database.points()[0].state is DatabaseState.READY
    database.drop(POINT)


def test_a_drop_that_was_cut_off_can_only_be_dropped_again(server: Server) -> None:
    database = server.by_psql(LIVE)
    server.sql(f"CREATE DATABASE {POINT} TEMPLATE template0")
    server.sql(f"UPDATE pg_database SET datconnlimit = -2 WHERE datname = '{POINT}'")
    point = database.point(POINT)
    assert point is not None
    assert point.state is DatabaseState.COPYING
    database.drop(POINT)
    assert database.facts(POINT) is None


def test_a_swap_whose_backend_is_killed_before_its_commit_leaves_both_old_names(server: Server) -> None:
    database = server.by_url(LIVE)
    database.close(timeout_s=10)
    database.clone(POINT, run=RUN)
    oids = {one.name: one.oid for one in database.databases()}
    with server.connect("postgres") as holder, holder.transaction():
        # Somebody keeps the point locked: the swap has renamed the live one already and waits.
        holder.execute(f"ALTER DATABASE {POINT} CONNECTION LIMIT 5")
        thread = threading.Thread(target=_swap_quietly, args=(server,))
        thread.start()
        _end_waiting_backend(server)
        thread.join()
    assert {one.name: one.oid for one in database.databases()} == oids
    database.swap(POINT, failed=FAILED)
    assert database.facts(FAILED) is not None
    database.drop(FAILED)


def _clone_quietly(server: Server) -> None:
    with suppress(ReleaseError):
        server.by_psql(LIVE).clone(POINT, run=RUN)


def _swap_quietly(server: Server) -> None:
    with suppress(ReleaseError):
        server.by_url(LIVE).swap(POINT, failed=FAILED)


def _end_waiting_backend(server: Server) -> None:
    waiting = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    deadline = time.monotonic() + 20
    while not server.sql(waiting):
        assert time.monotonic() < deadline, "the swap never waited"
        time.sleep(0.02)
