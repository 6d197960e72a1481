"""What every ledger promises: the fake, one reached by psql, one by URL, one of a role that may only make databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from olmis_release.errors import JournalDamaged, LockLost, StepFailed
from olmis_release.instance.ports import Database, DatabaseState, Fence, LedgerEntry, LedgerState
from tests.fakes.database import FakeDatabase
from tests.integration.postgres_server import FAILED, LIVE, POINT, RUN, Server, postgres_server, take

REAL = [pytest.param(way, marks=pytest.mark.docker) for way in ("psql", "url", "owner", "owner by psql")]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgres_server("fsync=off") as running:
        running.sql("CREATE ROLE mw_user LOGIN CREATEDB PASSWORD 'x'")
        yield running


@pytest.fixture(params=["fake", *REAL])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    if request.param == "fake":
        yield FakeDatabase(LIVE)
        return
    server: Server = request.getfixturevalue("server")
    server.sql(f"CREATE DATABASE {LIVE} OWNER mw_user")
    yield _reached(server, request.param)
    server.sql("DROP SCHEMA IF EXISTS olmis_release CASCADE")
    server.clear("olmis_release")


def _reached(server: Server, way: str) -> Database:
    if "psql" in way:
        return server.by_psql(LIVE, user="mw_user" if "owner" in way else "postgres")
    return server.by_url(LIVE) if way == "url" else server.by_url(LIVE, user="mw_user", password="x")


def entry(epoch: int, run: str = RUN, *, instance: str = "uat") -> LedgerEntry:
    return LedgerEntry(
        instance=instance,
        epoch=epoch,
        run=run,
        plan="F7DS-JEEJ",
        who="chimwemwe@moh.mw",
        at="2026-11-28T18:02:11Z",
        state=LedgerState.BEGUN,
    )


def fence(epoch: int) -> Fence:
    return Fence(instance="uat", epoch=epoch)


def names(database: Database) -> set[str]:
    return {one.name for one in database.databases() if one.name.startswith(LIVE)}


def test_there_is_no_entry_before_the_first(database: Database) -> None:
    assert database.ledger.newest("uat") is None
    assert database.ledger.entries("uat") == ()


def test_entries_are_kept_in_order_and_per_instance(database: Database) -> None:
    database.ledger.begin(entry(1))
    database.ledger.begin(entry(1, "other", instance="prod"))
    database.ledger.begin(entry(4, "20261129t080000"))
    assert [one.epoch for one in database.ledger.entries("uat")] == [1, 4]
    assert database.ledger.newest("prod") == entry(1, "other", instance="prod")


def test_the_same_run_may_begin_again_and_keeps_what_it_reached(database: Database) -> None:
    database.ledger.begin(entry(1))
    database.accept(None, fence=fence(1))
    database.ledger.begin(entry(1))
    newest = database.ledger.newest("uat")
    assert newest is not None
    assert newest.state is LedgerState.ACCEPTED


@pytest.mark.parametrize("epoch", [3, 2])
def test_an_epoch_that_is_taken_or_passed_belongs_to_nobody_else(database: Database, epoch: int) -> None:
    database.ledger.begin(entry(3))
    with pytest.raises(LockLost, match=r"taken over \(epoch 3\)"):
        database.ledger.begin(entry(epoch, "20261129t080000"))
    assert database.ledger.entries("uat") == (entry(3),)


def test_an_end_is_written_down_twice_without_harm_and_the_next_run_follows_it(database: Database) -> None:
    database.ledger.begin(entry(1))
    database.ledger.end(fence(1), outcome="deployed")
    database.ledger.end(fence(1), outcome="deployed")
    database.ledger.begin(entry(2, "20261129t080000"))
    first, second = database.ledger.entries("uat")
    assert (first.state, first.outcome) == (LedgerState.ENDED, "deployed")
    assert (second.state, second.outcome) == (LedgerState.BEGUN, "")


def test_acceptance_marks_the_point_and_the_entry_together(database: Database) -> None:
    database.ledger.begin(entry(1))
    take(database, fence=fence(1))
    database.accept(POINT, fence=fence(1))
    database.accept(POINT, fence=fence(1))
    point, newest = database.point(POINT), database.ledger.newest("uat")
    assert point is not None
    assert newest is not None
    assert (point.state, newest.state) == (DatabaseState.ACCEPTED, LedgerState.ACCEPTED)


def test_acceptance_without_an_entry_is_a_fault(database: Database) -> None:
    with pytest.raises(StepFailed, match="no entry of epoch 1"):
        database.accept(None, fence=fence(1))


def test_a_run_that_was_taken_over_changes_nothing_any_more(database: Database) -> None:
    database.ledger.begin(entry(1))
    take(database, fence=fence(1))
    database.ledger.begin(entry(2, "20261129t080000"))
    late = fence(1)
    changes: tuple[Callable[[], None], ...] = (
        lambda: database.swap(POINT, failed=FAILED, fence=late),
        lambda: database.swap_back(POINT, failed=FAILED, fence=late),
        lambda: database.accept(POINT, fence=late),
        lambda: database.clone(POINT, run=RUN, fence=late),
        lambda: database.drop(POINT, fence=late),
        lambda: database.ledger.end(late, outcome="deployed"),
    )
    for change in changes:
        with pytest.raises(LockLost, match=r"taken over \(epoch 2\)"):
            change()
    point = database.point(POINT)
    assert point is not None
    assert point.state is DatabaseState.READY
    assert names(database) == {LIVE, POINT}
    live = database.facts(LIVE)
    assert live is not None
    assert live.open
    assert [one.state for one in database.ledger.entries("uat")] == [LedgerState.BEGUN, LedgerState.BEGUN]


def test_the_run_that_took_over_swaps_what_the_other_left(database: Database) -> None:
    database.ledger.begin(entry(1))
    take(database, fence=fence(1))
    database.ledger.begin(entry(2, "20261129t080000"))
    database.swap(POINT, failed=FAILED, fence=fence(2))
    database.swap_back(POINT, failed=FAILED, fence=fence(2))
    database.swap(POINT, failed=FAILED, fence=fence(2))
    database.drop(FAILED, fence=fence(2))
    assert names(database) == {LIVE}


@pytest.mark.docker
def test_a_role_that_may_not_write_to_the_maintenance_database_keeps_the_ledger_in_its_own(server: Server) -> None:
    ledger = server.by_url("postgres", user="mw_user", password="x").ledger
    ledger.begin(entry(1))
    assert server.by_psql("postgres").ledger.newest("uat") == entry(1)
    server.by_psql("postgres").ledger.begin(entry(2, "20261129t080000"))
    assert [one.epoch for one in ledger.entries("uat")] == [1, 2]
    assert server.sql("SELECT to_regnamespace('olmis_release') IS NULL") == [(True,)]
    server.sql("DROP DATABASE olmis_release")


@pytest.mark.docker
@pytest.mark.parametrize("user", ["postgres", "mw_user"])
def test_of_many_who_want_the_same_epoch_at_once_one_gets_it(server: Server, user: str) -> None:
    server.sql("ALTER ROLE mw_user PASSWORD 'lab-only'")

    def wants(number: int) -> bool:
        try:
            server.by_url("postgres", user=user).ledger.begin(entry(1 + number // 8, f"run-{number}"))
        except LockLost:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        got = [number for number, has in enumerate(pool.map(wants, range(24))) if has]
    entries = server.by_url("postgres", user=user).ledger.entries("uat")
    assert [one.run for one in entries] == [f"run-{number}" for number in got]
    assert entries[-1].epoch == 3
    server.sql("ALTER ROLE mw_user PASSWORD 'x'; DROP SCHEMA IF EXISTS olmis_release CASCADE")
    server.sql("DROP DATABASE IF EXISTS olmis_release")


@pytest.mark.docker
@pytest.mark.parametrize(
    "change", ["UPDATE {} SET outcome = 'deployed' WHERE epoch = 1", "DELETE FROM {} WHERE epoch = 1"]
)
def test_a_ledger_that_was_altered_is_told_and_not_believed(server: Server, change: str) -> None:
    ledger = server.by_url("postgres").ledger
    ledger.begin(entry(1))
    ledger.begin(entry(2, "20261129t080000"))
    server.sql(change.format("olmis_release.ledger"))
    with pytest.raises(JournalDamaged, match="epoch 2 does not follow"):
        ledger.newest("uat")
    server.sql("DROP SCHEMA olmis_release CASCADE")


def test_the_key_of_the_settings_is_kept_once_for_each_instance_and_never_by_who_was_taken_over(
    database: Database,
) -> None:
    ledger = database.ledger
    assert ledger.settings_key("uat") == ""
    ledger.keep_settings_key(fence(1), "ab" * 32)
    ledger.keep_settings_key(fence(2), "cd" * 32)
    ledger.keep_settings_key(Fence(instance="prod", epoch=1), "ef" * 32)
    assert [ledger.settings_key(name) for name in ("uat", "prod", "dev")] == ["ab" * 32, "ef" * 32, ""]
    with pytest.raises(LockLost):
        ledger.keep_settings_key(fence(1), "cd" * 32)
