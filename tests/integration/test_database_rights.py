"""A role that is not superuser: what it can do, and what is said where it cannot."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from olmis_release.errors import StepFailed, TargetUnreachable
from olmis_release.instance.database import PostgresDatabase
from olmis_release.instance.sql import SqlFailed
from tests.integration.fingerprint import attributes, content
from tests.integration.postgres_server import Server, postgres_server

pytestmark = pytest.mark.docker

RUN = "20261128t180211"
LIVE, POINT, FAILED = "malawi", f"malawi__before_{RUN}", f"malawi__failed_{RUN}"


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with postgres_server("fsync=off") as server:
        server.sql("CREATE ROLE mw_user LOGIN CREATEDB PASSWORD 'x'")
        server.sql("CREATE ROLE plain LOGIN PASSWORD 'x'")
        yield server


@pytest.fixture
def server(running: Server) -> Iterator[Server]:
    running.sql(f"CREATE DATABASE {LIVE} OWNER mw_user")
    running.sql("CREATE TABLE rows AS SELECT 1 AS n; ALTER TABLE rows OWNER TO mw_user", LIVE)
    yield running
    for (name,) in running.sql("SELECT datname FROM pg_database WHERE datname LIKE 'malawi%'"):
        running.sql(f'ALTER DATABASE "{name}" IS_TEMPLATE false')
        running.sql(f'DROP DATABASE "{name}" WITH (FORCE)')


def as_owner(server: Server) -> PostgresDatabase:
    return server.by_url(LIVE, user="mw_user", password="x")


def test_an_owner_who_may_create_databases_can_do_everything(server: Server) -> None:
    database = as_owner(server)
    server.sql(f"REVOKE TEMPORARY ON DATABASE {LIVE} FROM PUBLIC; GRANT CONNECT ON DATABASE {LIVE} TO plain")
    server.sql(f"ALTER DATABASE {LIVE} SET work_mem TO '9MB'; COMMENT ON DATABASE {LIVE} IS 'ours'")
    before, look = content(server, LIVE), attributes(server, LIVE)
    assert database.server().superuser is False
    database.checkpoint()
    with server.connect(LIVE, user="mw_user", password="x"):
        database.close(timeout_s=10)
    database.clone(POINT, run=RUN)
    database.open()
    server.sql("DROP TABLE rows", LIVE)
    database.swap(POINT, failed=FAILED)
    assert (content(server, LIVE), attributes(server, LIVE)) == (before, look)
    database.swap_back(POINT, failed=FAILED)
    database.accept(POINT)
    database.drop(POINT)
    assert database.free_bytes() is None
    assert [one.owned for one in database.databases() if one.name == LIVE] == [True]


def test_a_session_that_it_may_not_end_is_named(server: Server) -> None:
    with (
        server.connect(LIVE),
        pytest.raises(StepFailed, match=r"role postgres .* our role may not end it") as failed,
    ):
        as_owner(server).close(timeout_s=0.3)
    assert "superuser" in failed.value.resolution


def test_settings_of_other_roles_need_a_right_that_is_told_and_the_half_made_copy_can_be_dropped(
    server: Server,
) -> None:
    server.sql(f"ALTER ROLE plain IN DATABASE {LIVE} SET work_mem TO '9MB'")
    database = as_owner(server)
    database.close(timeout_s=10)
    with pytest.raises(SqlFailed, match=f'ALTER ROLE "plain" IN DATABASE "{POINT}" .* denied') as failed:
        database.clone(POINT, run=RUN)
    assert "superuser" in failed.value.resolution
    database.open()
    database.drop(POINT)
    assert database.points() == ()


def test_a_role_that_may_not_create_databases_is_told_so(server: Server) -> None:
    server.sql(f"ALTER DATABASE {LIVE} OWNER TO plain")
    database = server.by_url(LIVE, user="plain", password="x")
    assert database.server().create_database is False
    database.close(timeout_s=10)
    with pytest.raises(SqlFailed, match="permission denied to create database"):
        database.clone(POINT, run=RUN)
    database.open()


def test_a_wrong_password_is_an_unreachable_target_and_is_not_shown(server: Server) -> None:
    with pytest.raises(TargetUnreachable) as failed:
        server.by_url(LIVE, password="secret-word").server()
    assert "secret-word" not in f"{failed.value.message} {failed.value.details}"


def test_a_database_that_is_not_there_is_told_with_those_that_are(server: Server) -> None:
    with pytest.raises(StepFailed, match="no database none on the server; there are: malawi"):
        server.by_url("none").histories()
