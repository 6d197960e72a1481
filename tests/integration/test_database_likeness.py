"""After a swap the database is what it was: every row and everything that hangs on its name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from olmis_release.errors import BadInput
from olmis_release.instance.database import PostgresDatabase
from olmis_release.instance.ports import Applied
from tests.integration.fingerprint import attributes, content
from tests.integration.postgres_server import Server, postgres_server

pytestmark = pytest.mark.docker

LONG = "lmis_" + "é" * 17  # 39 bytes: with the suffix of a point exactly 63
HISTORY = (
    "(installed_rank int, version varchar(50), description varchar(200), type varchar(20), script varchar(1000),"
    " checksum int, installed_by varchar(100), installed_on timestamp, execution_time int, success boolean)"
)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgres_server("fsync=off") as running:
        for role in ("app", "reader", "granter"):
            running.sql(f"CREATE ROLE {role} LOGIN PASSWORD 'x'")
        yield running


def furnish(server: Server, name: str) -> None:
    """Give a new database an owner, grants passed on, settings of every kind, a limit, a comment and rows."""
    own = quoted(name)
    server.sql(f'CREATE DATABASE "{own}" OWNER app')
    for statement in (
        f'REVOKE TEMPORARY ON DATABASE "{own}" FROM PUBLIC',
        f'REVOKE CREATE ON DATABASE "{own}" FROM app',
        f'GRANT CONNECT ON DATABASE "{own}" TO granter WITH GRANT OPTION',
        f'SET ROLE granter; GRANT CONNECT ON DATABASE "{own}" TO reader',
        f"""ALTER DATABASE "{own}" SET search_path TO "$user", "Odd, name", public""",
        f"ALTER DATABASE \"{own}\" SET work_mem TO '8MB'",
        f'ALTER DATABASE "{own}" SET "my.setting" TO \'it\'\'s \\ "here", now\'',
        f"ALTER DATABASE \"{own}\" SET default_transaction_isolation TO 'repeatable read'",
        f"ALTER ROLE reader IN DATABASE \"{own}\" SET statement_timeout TO '5s'",
        f'ALTER DATABASE "{own}" CONNECTION LIMIT 77',
        f"COMMENT ON DATABASE \"{own}\" IS 'Malawi: it''s 100 % \"live\" \\ ✓'",
    ):
        server.sql(statement)
    server.sql("CREATE SCHEMA auth; CREATE SEQUENCE auth.numbers; SELECT nextval('auth.numbers')", name)
    server.sql(f"CREATE TABLE auth.schema_version {HISTORY}", name)
    server.sql(
        "INSERT INTO auth.schema_version VALUES (1, '2017', 'a', 'SQL', '2017__a.sql', -5, 'p', now(), 1, true)", name
    )
    server.sql("CREATE TABLE auth.rows AS SELECT n, md5(n::text) AS text FROM generate_series(1, 2000) n", name)


@pytest.mark.parametrize("name", ["lmis", 'Odd "na;me', LONG])
@pytest.mark.parametrize("way", ["psql", "url"])
def test_a_swap_leaves_no_trace_of_what_came_after_the_point(server: Server, name: str, way: str) -> None:
    furnish(server, name)
    database = server.by_psql(name) if way == "psql" else server.by_url(name)
    before, look, histories = content(server, name), attributes(server, name), database.histories()
    take(database, name)
    spoil(server, name)
    database.close(timeout_s=10)
    database.swap(f"{name}__before_20261128t180211", failed=f"{name}__failed_20261128t180211")
    assert (content(server, name), attributes(server, name), database.histories()) == (before, look, histories)
    failed = attributes(server, f"{name}__failed_20261128t180211")
    assert (failed.open, failed.template) == (False, False)
    for left in (name, f"{name}__failed_20261128t180211"):
        server.sql(f'DROP DATABASE "{quoted(left)}" WITH (FORCE)')


def test_a_name_without_room_for_a_suffix_is_refused_before_anything_happens(server: Server) -> None:
    database = server.by_psql(LONG + "x")
    server.sql(f'CREATE DATABASE "{LONG}x"')
    database.close(timeout_s=10)
    with pytest.raises(BadInput, match="has 64 bytes; PostgreSQL holds 63"):
        database.clone(f"{LONG}x__before_20261128t180211", run="20261128t180211")
    assert not database.points()


def test_histories_are_found_by_their_shape_in_every_schema(server: Server) -> None:
    server.sql("CREATE DATABASE shapes")
    server.sql(
        "CREATE SCHEMA buq; CREATE SCHEMA other; CREATE TABLE other.script (script text, checksum int)", "shapes"
    )
    server.sql(f"CREATE TABLE buq.flyway_schema_history {HISTORY}", "shapes")
    server.sql(
        "INSERT INTO buq.flyway_schema_history (installed_rank, version, type, script, checksum, success) VALUES"
        " (2, '2', 'SQL', '2__b.sql', 7, true), (1, NULL, 'SCHEMA', '\"buq\"', NULL, true)",
        "shapes",
    )
    (history,) = server.by_psql("shapes").histories()
    assert (history.schema, history.table) == ("buq", "flyway_schema_history")
    assert history.rows == (
        Applied(version=None, checksum=None, script='"buq"', success=True, kind="SCHEMA"),
        Applied(version="2", checksum=7, script="2__b.sql", success=True),
    )


def test_a_database_whose_collation_library_changed_can_still_be_copied(server: Server) -> None:
    server.sql("CREATE DATABASE moved")
    server.sql("UPDATE pg_database SET datcollversion = '1.0' WHERE datname = 'moved'")
    database = server.by_psql("moved")
    facts = database.facts("moved")
    assert facts is not None
    assert not facts.collation_matches
    take(database, "moved")
    assert server.sql("SELECT datcollversion FROM pg_database WHERE datname LIKE 'moved\\_\\_%'") == [("1.0",)]


def take(database: PostgresDatabase, name: str) -> None:
    database.close(timeout_s=10)
    database.clone(f"{name}__before_20261128t180211", run="20261128t180211")
    database.open()


def spoil(server: Server, name: str) -> None:
    """Do what a bad migration does, and more."""
    server.sql("ALTER TABLE auth.rows DROP COLUMN text; SELECT nextval('auth.numbers'); CREATE TABLE more ()", name)
    server.sql(
        "INSERT INTO auth.schema_version VALUES (2, '2018', 'b', 'SQL', '2018__b.sql', 6, 'p', now(), 1, true)", name
    )
    server.sql(f"ALTER DATABASE \"{quoted(name)}\" SET work_mem TO '1GB'")
    server.sql(f'COMMENT ON DATABASE "{quoted(name)}" IS NULL')


def quoted(name: str) -> str:
    return name.replace('"', '""')
