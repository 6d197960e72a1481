"""A real PostgreSQL in a container of its own, as Compose would label it, for tests of the database room."""

from __future__ import annotations

import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from olmis_release.instance.config import DatabaseConfig, Docker
from olmis_release.instance.database import PostgresDatabase, open_database
from olmis_release.instance.engine import DockerEngine
from olmis_release.instance.ports import Database, Fence

QUIET = "autovacuum=off"
"""What the server does by itself counts as written, too: a test of whether anything was written needs it still."""
IMAGE = "olmis-lab/postgres:dev"
BUILD = Path(__file__).parents[1] / "standin" / "postgres"
LAB = "org.openlmis.lab=1"
PASSWORD = "lab-only"
COMPONENT = "db"
UP_WITHIN_S = 60.0
RUN = "20261128t180211"
LIVE, POINT, FAILED = "lmis", f"lmis__before_{RUN}", f"lmis__failed_{RUN}"
"""What the databases of a test are called: the instance's own, the copy of before a run, the one it took back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server and the two ways to reach it."""

    engine: DockerEngine
    container: str
    project: str
    port: int

    def url(self, *, user: str = "postgres", password: str = PASSWORD) -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/"

    def connect(self, database: str, *, user: str = "postgres", password: str = PASSWORD) -> psycopg.Connection:
        return psycopg.connect(self.url(user=user, password=password), dbname=database, autocommit=True)

    def by_psql(self, name: str, *, user: str = "postgres") -> PostgresDatabase:
        config = DatabaseConfig(component=COMPONENT, name=name, user=user)
        return open_database(config, self.engine, self.project, {})

    def by_url(self, name: str, *, user: str = "postgres", password: str = PASSWORD) -> PostgresDatabase:
        config = DatabaseConfig(url_from="LAB_DATABASE_URL", name=name)
        url = self.url(user=user, password=password)
        return open_database(config, self.engine, self.project, {"LAB_DATABASE_URL": url})

    def kill_and_start(self) -> None:
        """Kill every process of the server at once and start it again on the same data."""
        _docker("kill", self.container)
        _docker("start", self.container)
        _wait_until_up(self)

    def sql(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        with self.connect(database) as connection:
            cursor = connection.execute(statement.encode())
            return list(cursor.fetchall()) if cursor.description else []

    def clear(self, *names: str) -> None:
        """Drop what a test left, in whatever state: every database called after `LIVE`, these too, and all slots."""
        self.sql("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots")
        for (name,) in self.sql("SELECT datname FROM pg_database"):
            if str(name).startswith(LIVE) or name in names:
                self.sql(f"UPDATE pg_database SET datconnlimit = -1, datistemplate = false WHERE datname = '{name}'")
                self.sql(f'DROP DATABASE "{name}" WITH (FORCE)')


def take(database: Database, *, fence: Fence | None = None) -> None:
    """Take the point of before the run."""
    database.close(timeout_s=10)
    database.clone(POINT, run=RUN, fence=fence)
    database.open()


@contextmanager
def postgres_server(*settings: str) -> Iterator[Server]:
    """Run a server with the given ``name=value`` settings; it and its volume are removed afterwards."""
    _docker("build", "--quiet", "--label", LAB, "--tag", IMAGE, str(BUILD))
    project, port = f"d2{uuid.uuid4().hex[:8]}", _free_port()
    labels = (LAB, f"com.docker.compose.project={project}", f"com.docker.compose.service={COMPONENT}")
    container = _docker(
        "run", "--detach", "--name", f"{project}-{COMPONENT}-1", "--env", f"POSTGRES_PASSWORD={PASSWORD}",
        "--publish", f"127.0.0.1:{port}:5432", *(word for label in labels for word in ("--label", label)),
        IMAGE, "postgres", *(word for setting in (QUIET, *settings) for word in ("-c", setting)),
    ).strip()  # fmt: skip
    try:
        server = Server(engine=DockerEngine.connect(Docker()), container=container, project=project, port=port)
        _wait_until_up(server)
        yield server
    finally:
        _docker("rm", "--force", "--volumes", container)


def _wait_until_up(server: Server) -> None:
    deadline = time.monotonic() + UP_WITHIN_S
    while True:
        try:
            server.sql("SELECT 1")
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _docker(*arguments: str) -> str:
    return subprocess.run(("docker", *arguments), check=True, capture_output=True, text=True, timeout=300).stdout
