"""What every `ports.Database` promises: the fake, a server reached by psql in its container, and one reached by URL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import pytest

from olmis_release.errors import RollbackRefused, StepFailed
from olmis_release.instance.ports import Database, DatabaseState
from tests.fakes.database import FakeDatabase, Kept, some_facts
from tests.integration.postgres_server import FAILED, LIVE, POINT, RUN, Server, postgres_server

THEIRS = "lmis__before_training"


class World(Protocol):
    """A database together with a way to write to it as a service does."""

    @property
    def database(self) -> Database: ...
    def write(self, row: str) -> None: ...
    def rows(self) -> list[str]: ...
    def somebody_makes(self, name: str) -> None: ...


class Faked:
    def __init__(self) -> None:
        self.database = FakeDatabase(LIVE)

    def write(self, row: str) -> None:
        self.database.rows.append(row)

    def rows(self) -> list[str]:
        return list(self.database.rows)

    def somebody_makes(self, name: str) -> None:
        self.database.all[name] = Kept(facts=some_facts(name))


@dataclass
class Real:
    server: Server
    database: Database

    def write(self, row: str) -> None:
        with self.server.connect(LIVE) as connection:
            connection.execute("INSERT INTO rows VALUES (%s)", [row])

    def rows(self) -> list[str]:
        return [str(row) for (row,) in self.server.sql("SELECT row FROM rows ORDER BY row", LIVE)]

    def somebody_makes(self, name: str) -> None:
        self.server.sql(f"CREATE DATABASE {name} TEMPLATE template0")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgres_server("fsync=off") as running:
        yield running


@pytest.fixture(
    params=["fake", pytest.param("psql", marks=pytest.mark.docker), pytest.param("url", marks=pytest.mark.docker)]
)
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "fake":
        yield Faked()
        return
    server: Server = request.getfixturevalue("server")
    server.sql(f"CREATE DATABASE {LIVE}")
    server.sql("CREATE TABLE rows (row text PRIMARY KEY)", LIVE)
    yield Real(server=server, database=server.by_psql(LIVE) if request.param == "psql" else server.by_url(LIVE))
    server.clear(THEIRS)


def take(world: World) -> None:
    world.database.close(timeout_s=10)
    world.database.clone(POINT, run=RUN)
    world.database.open()


def names(world: World) -> set[str]:
    return {one.name for one in world.database.databases() if one.name.startswith(LIVE)}


def test_a_point_is_taken_of_a_closed_database_only(world: World) -> None:
    with pytest.raises(StepFailed, match="is open"):
        world.database.clone(POINT, run=RUN)
    take(world)
    point, facts = world.database.point(POINT), world.database.facts(POINT)
    assert point is not None
    assert facts is not None
    assert (point.run, point.state) == (RUN, DatabaseState.READY)
    assert (facts.open, facts.template) == (False, True)
    assert world.database.points() == (point,)


def test_taking_the_same_point_again_keeps_the_first(world: World) -> None:
    take(world)
    before = world.database.point(POINT)
    world.database.close(timeout_s=10)
    world.database.clone(POINT, run=RUN)
    assert world.database.point(POINT) == before


def test_a_swap_brings_the_old_rows_back_and_keeps_the_new_ones_aside(world: World) -> None:
    world.write("before")
    take(world)
    world.write("after")
    world.database.close(timeout_s=10)
    world.database.swap(POINT, failed=FAILED)
    assert world.rows() == ["before"]
    assert names(world) == {LIVE, FAILED}
    world.database.swap(POINT, failed=FAILED)
    assert world.rows() == ["before"]


def test_a_swap_can_be_taken_back_with_every_row(world: World) -> None:
    take(world)
    world.write("after")
    world.database.accept(POINT)
    world.database.close(timeout_s=10)
    world.database.swap(POINT, failed=FAILED, accepted=True)
    world.database.close(timeout_s=10)
    world.database.swap_back(POINT, failed=FAILED)
    world.database.swap_back(POINT, failed=FAILED)
    point = world.database.point(POINT)
    assert world.rows() == ["after"]
    assert point is not None
    assert point.state is DatabaseState.ACCEPTED


def test_an_accepted_point_never_comes_back_by_itself(world: World) -> None:
    take(world)
    world.database.accept(POINT)
    world.database.accept(POINT)
    with pytest.raises(RollbackRefused):
        world.database.swap(POINT, failed=FAILED)
    assert names(world) == {LIVE, POINT}


def test_a_point_that_is_missing_cannot_be_swapped_or_accepted(world: World) -> None:
    with pytest.raises(RollbackRefused):
        world.database.swap(POINT, failed=FAILED)
    with pytest.raises(RollbackRefused):
        world.database.accept(POINT)
    assert world.database.point(POINT) is None


def test_points_are_dropped_twice_without_harm_and_the_live_database_never(world: World) -> None:
    take(world)
    world.database.drop(POINT)
    world.database.drop(POINT)
    assert names(world) == {LIVE}
    with pytest.raises(StepFailed):
        world.database.drop(LIVE)


def test_a_copy_that_somebody_made_by_hand_is_left_alone(world: World) -> None:
    world.somebody_makes(THEIRS)
    assert world.database.points() == ()
    with pytest.raises(StepFailed, match="neither a rollback point"):
        world.database.drop(THEIRS)
    assert THEIRS in names(world)


def test_a_half_made_copy_is_known_by_its_name_and_made_anew(world: World) -> None:
    world.somebody_makes(POINT)
    world.write("kept")
    point = world.database.point(POINT)
    assert point is not None
    assert (point.run, point.state) == (RUN, DatabaseState.COPYING)
    take(world)
    world.database.swap(POINT, failed=FAILED)
    assert world.rows() == ["kept"]


def test_a_closed_database_cannot_be_asked_for_its_history(world: World) -> None:
    assert world.database.histories() == ()
    world.database.close(timeout_s=10)
    with pytest.raises(StepFailed, match="closed"):
        world.database.histories()
    world.database.open()
    world.write("again")


def test_whether_anything_was_written_since_a_point_is_known_of_a_closed_database(world: World) -> None:
    assert world.database.written_since(POINT) is None
    take(world)
    world.database.close(timeout_s=10)
    assert world.database.written_since(POINT) is False
    world.database.open()
    assert world.database.written_since(POINT) is None
    world.write("since")
    world.database.close(timeout_s=10)
    assert world.database.written_since(POINT) is True


def test_the_server_tells_who_we_are_and_what_room_there_is(world: World) -> None:
    facts = world.database.server()
    assert (facts.superuser, facts.create_database) == (True, True)
    assert (world.database.free_bytes() or 0) > 1_000_000
    assert world.database.blockers().prepared == ()
    world.database.checkpoint()
