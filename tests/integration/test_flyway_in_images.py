"""What the tool reads out of images agrees with what services really do to a database."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.fleet import Fleet, ensure_fleet
from olmis_release.instance.engine import DockerEngine
from olmis_release.instance.flyway import ImageMigration, migrations_in, verdict
from olmis_release.instance.ports import History
from tests.integration.postgres_server import LAB, PASSWORD, Server, postgres_server

pytestmark = pytest.mark.docker

OLD, NEW = "openlmis/requisition:7.1.1", "openlmis/requisition:7.1.1-hotfix.1"
STARTED_WITHIN_S = 60.0


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgres_server("fsync=off") as running:
        yield running


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return ensure_fleet()


def files(engine: DockerEngine, reference: str, cache: Path) -> tuple[ImageMigration, ...]:
    engine.pull(reference, timeout_s=120, on_progress=lambda *_: None)
    found = migrations_in(engine, reference, cache)
    assert found is not None
    return found


def start_once(server: Server, image: str) -> History:
    """Let a service migrate the database, then take its container away."""
    environment = {
        "DATABASE_URL": "jdbc:postgresql://127.0.0.1:5432/open_lmis",
        "POSTGRES_USER": "postgres",
        "POSTGRES_PASSWORD": PASSWORD,
        "BASE_URL": "http://127.0.0.1",
        "VIRTUAL_HOST": "127.0.0.1",
        "CONSUL_HOST": "127.0.0.1",
        "CONSUL_PORT": "8500",
        "spring_profiles_active": "production",
        "STANDIN_BOOT_SCALE": "0",
    }
    words = [word for name, content in environment.items() for word in ("--env", f"{name}={content}")]
    beside = f"container:{server.container}"
    run = ("docker", "run", "--detach", "--label", LAB, "--network", beside, *words, image)
    container = subprocess.run(run, check=True, capture_output=True, text=True, timeout=60).stdout.strip()
    try:
        return wait_for_history(server)
    finally:
        subprocess.run(("docker", "rm", "--force", "--volumes", container), check=True, capture_output=True, timeout=60)


def wait_for_history(server: Server) -> History:
    database, deadline, rows = server.by_url("open_lmis"), time.monotonic() + STARTED_WITHIN_S, -1
    while time.monotonic() < deadline:
        histories = database.histories()
        now = len(histories[0].rows) if histories else 0
        if now and now == rows:
            return histories[0]
        rows = now
        time.sleep(1)
    raise AssertionError("the service never migrated")


def test_after_a_start_nothing_is_pending_and_a_newer_image_has_exactly_its_own_more(
    server: Server, fleet: Fleet, tmp_path: Path
) -> None:
    old = files(server.engine, fleet.pinned(OLD), tmp_path)
    new = files(server.engine, fleet.pinned(NEW), tmp_path)
    history = start_once(server, fleet.pinned(OLD))
    assert (history.schema, history.table) == ("requisition", "schema_version")
    assert verdict(history.rows, old) == verdict([], [])
    ahead = verdict(history.rows, new)
    assert ahead.starts
    assert set(ahead.pending) == set(new) - set(old) != set()


def test_the_numbers_and_checksums_are_those_that_were_published(fleet: Fleet, server: Server, tmp_path: Path) -> None:
    published = {one.version: one.checksum for one in files(server.engine, fleet.pinned(OLD), tmp_path)}
    assert len(published) == 54
    assert published["20170208084607951"] == -1563455174
