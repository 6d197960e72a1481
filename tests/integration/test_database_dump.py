"""A dump as the way back, by a real pg_dump in a helper container, restored into a database of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from olmis_release.errors import RollbackRefused, StepFailed
from olmis_release.instance.database_dump import FOLDER, Access, Dumps
from olmis_release.instance.ports import DatabaseState
from tests.integration.fingerprint import attributes, content
from tests.integration.postgres_server import COMPONENT, FAILED, LIVE, PASSWORD, POINT, RUN, Server, postgres_server

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with postgres_server("fsync=off") as server:
        server.sql("CREATE ROLE clerk")
        yield server
        docker("volume", "rm", "--force", f"{server.project}-release-dumps")


@pytest.fixture
def server(running: Server) -> Iterator[Server]:
    running.sql(f"CREATE DATABASE {LIVE} TEMPLATE template0 LC_COLLATE 'C'")
    running.sql("CREATE TABLE rows AS SELECT n, repeat('x', 400) AS row FROM generate_series(1, 2000) n", LIVE)
    running.sql("CREATE SEQUENCE numbers START 7; SELECT nextval('numbers'); SELECT lo_from_bytea(0, 'large')", LIVE)
    running.sql(f"GRANT CREATE ON DATABASE {LIVE} TO clerk; ALTER DATABASE {LIVE} SET work_mem TO '9MB'")
    yield running
    running.clear()


@pytest.fixture
def dumps(server: Server) -> Iterator[Dumps]:
    access = Access(project=server.project, user="postgres", password=PASSWORD)
    ours = Dumps(server.engine, server.by_psql(LIVE), component=COMPONENT, access=access)
    yield ours
    ours.keep_newest(0)


def docker(*arguments: str) -> str:
    return subprocess.run(("docker", *arguments), check=True, capture_output=True, text=True, timeout=120).stdout


def in_volume(server: Server, script: str) -> str:
    volume = f"{server.project}-release-dumps:{FOLDER}"
    image = docker("inspect", "--format", "{{.Image}}", server.container).strip()
    return docker("run", "--rm", "--volume", volume, "--entrypoint", "sh", image, "-c", f"cd {FOLDER} && {script}")


def helpers(server: Server) -> list[str]:
    named = docker("ps", "--all", "--format", "{{.Names}}", "--filter", f"name={server.project}-release-dump-")
    return named.split()


def test_a_dump_brings_everything_back_by_the_same_swap(server: Server, dumps: Dumps) -> None:
    database = server.by_psql(LIVE)
    before, look = content(server, LIVE), attributes(server, LIVE)
    assert dumps.lacks(8_000_000) == ""
    note = dumps.take(POINT, run=RUN)
    assert "sha256" in note
    server.sql("DROP TABLE rows", LIVE)
    assert (dumps.has(POINT), dumps.has("other")) == (True, False)
    for _ in range(2):
        dumps.restore(POINT, run=RUN)
    point = database.point(POINT)
    assert point is not None
    assert point.state is DatabaseState.READY
    database.swap(POINT, failed=FAILED)
    assert (content(server, LIVE), attributes(server, LIVE)) == (before, look)
    assert server.sql("SELECT reltuples::int FROM pg_class WHERE relname = 'rows'", LIVE) == [(2000,)]
    assert helpers(server) == []


def test_a_whole_dump_is_kept_and_a_half_one_is_made_anew(server: Server, dumps: Dumps) -> None:
    first = dumps.take(POINT, run=RUN)
    assert dumps.take(POINT, run=RUN) == first
    in_volume(server, f"rm {POINT}.sha256 && truncate -s 100 {POINT}.dump")
    assert "sha256" in dumps.take(POINT, run=RUN)
    in_volume(server, f"sha256sum -c {POINT}.sha256")


def test_a_helper_that_a_dead_run_left_is_replaced(server: Server, dumps: Dumps) -> None:
    with dumps._helper(RUN) as left:
        dumps.take(POINT, run=RUN)
        assert server.engine.container(left) is None
    assert helpers(server) == []


@pytest.mark.parametrize("harm", ["truncate -s 100 {}.dump", "rm {}.sha256", "rm {}.dump"])
def test_a_damaged_dump_is_never_restored(server: Server, dumps: Dumps, harm: str) -> None:
    dumps.take(POINT, run=RUN)
    in_volume(server, harm.format(POINT))
    with pytest.raises(RollbackRefused, match="missing or damaged"):
        dumps.restore(POINT, run=RUN)
    assert server.by_psql(LIVE).facts(POINT) is None


def test_a_half_filled_database_is_filled_anew(server: Server, dumps: Dumps) -> None:
    before = content(server, LIVE)
    dumps.take(POINT, run=RUN)
    server.sql(f"CREATE DATABASE {POINT} TEMPLATE template0")
    server.sql("CREATE TABLE rows AS SELECT 'half' AS row", POINT)
    dumps.restore(POINT, run=RUN)
    server.by_psql(LIVE).swap(POINT, failed=FAILED)
    assert content(server, LIVE) == before


def test_a_restore_that_fails_leaves_the_live_database_and_no_point(server: Server, dumps: Dumps) -> None:
    server.sql("CREATE ROLE gone; ALTER TABLE rows OWNER TO gone", LIVE)
    dumps.take(POINT, run=RUN)
    server.sql("ALTER TABLE rows OWNER TO postgres; DROP ROLE gone", LIVE)
    with pytest.raises(StepFailed, match="pg_restore failed"):
        dumps.restore(POINT, run=RUN)
    point = server.by_psql(LIVE).point(POINT)
    assert point is not None
    assert point.state is DatabaseState.COPYING
    with pytest.raises(RollbackRefused, match="not a complete copy"):
        server.by_psql(LIVE).swap(POINT, failed=FAILED)


def test_room_that_is_missing_is_told_for_the_dump_and_for_what_is_filled_from_it(dumps: Dumps) -> None:
    lacking = dumps.lacks(10**15)
    assert "a dump may take 500" in lacking
    assert "the database filled from it takes 1" in lacking


def test_dumps_of_earlier_runs_are_removed_but_the_newest(server: Server, dumps: Dumps) -> None:
    for run in ("20261101t080000", "20261102t080000"):
        dumps.take(f"lmis__before_{run}", run=run)
    dumps.keep_newest(1)
    assert in_volume(server, "ls").split() == [f"lmis__before_20261102t080000.{one}" for one in ("dump", "sha256")]
    dumps.drop("lmis__before_20261102t080000")
    assert in_volume(server, "ls") == ""
