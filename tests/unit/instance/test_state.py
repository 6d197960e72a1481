from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from olmis_release.errors import TargetUnreachable
from olmis_release.events import Silent
from olmis_release.instance.config import InstanceConfig
from olmis_release.instance.ports import Applied, Container, ContainerStatus, History, Image, WallState
from olmis_release.instance.site import Site
from olmis_release.instance.state import digest_of, fingerprint_history, observe
from olmis_release.workspace import Workspace
from tests.fakes.database import FakeDatabase
from tests.fakes.instance import FakeCompose, FakeConsul, FakeEngine, FakeFrontDoor, FakeRegistry, FakeWall, a_container
from tests.fakes.lock import FakeLock

DIGEST, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64
ROWS = (Applied(version="1", checksum=5, script="1__a.sql", success=True),)
HISTORY = History(schema="auth", table="schema_version", rows=ROWS)


def image(*digests: str) -> Image:
    return Image(id="sha256:" + "0" * 64, digests=digests, tags=(), size_bytes=1, labels={})


def site(engine: FakeEngine, database: FakeDatabase, tmp: Workspace) -> Site:
    config = InstanceConfig.model_validate(
        {
            "kind": "instance",
            "name": "uat",
            "purpose": "uat",
            "url": "http://127.0.0.1:1",
            "project": "uat",
            "settings": "uat.env",
            "database": {"component": "db"},
            "wall": {"image": "nginx:1.22", "publish": "127.0.0.1:1"},
        }
    )
    return Site(
        config=config,
        folder=tmp.folder("uat"),
        engine=engine,
        compose=FakeCompose(),
        database=database,
        registry=FakeRegistry(),
        front=FakeFrontDoor(),
        wall=FakeWall(),
        consul=FakeConsul(),
        lock=FakeLock(),
        reporter=Silent(),
        run_pass="",
    )


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(root=tmp_path)


def auth(**changes: object) -> Container:
    return replace(a_container("auth", image="openlmis/auth:4.2.0"), **changes)  # type: ignore[arg-type]


def engine_with(container: Container, known: Image) -> FakeEngine:
    return FakeEngine(container, images={container.image_id: known})


def test_an_instance_is_read_in_one_go(workspace: Workspace) -> None:
    engine = engine_with(auth(), image(f"openlmis/auth@{DIGEST}"))
    seen = observe(site(engine, FakeDatabase(histories=[HISTORY]), workspace))
    assert seen.digests == {"auth": DIGEST}
    assert (seen.histories, seen.wall, seen.database_problem) == ((HISTORY,), WallState.ABSENT, "")


def test_an_empty_host_has_nothing_and_is_no_error(workspace: Workspace) -> None:
    database = FakeDatabase(exists=False)
    database.fails["facts"] = TargetUnreachable("The database component db does not run.", resolution="Start it.")
    seen = observe(site(FakeEngine(), database, workspace))
    assert (seen.containers, seen.database, seen.histories) == ({}, None, ())
    assert seen.database_problem == "The database component db does not run."


def test_a_closed_database_is_told_and_its_facts_are_there(workspace: Workspace) -> None:
    database = FakeDatabase(histories=[HISTORY])
    database.close(timeout_s=1)
    seen = observe(site(FakeEngine(), database, workspace))
    assert seen.database is not None
    assert "is closed" in seen.database_problem


def test_of_two_containers_of_a_component_the_running_one_counts(workspace: Workspace) -> None:
    old = auth(id="old", status=ContainerStatus.EXITED)
    engine = FakeEngine(auth(id="new"), old, images={old.image_id: image()})
    assert observe(site(engine, FakeDatabase(), workspace)).containers["auth"].id == "new"


@pytest.mark.parametrize(
    ("name", "digests", "digest"),
    [
        (f"openlmis/auth:4.2.0@{DIGEST}", (f"openlmis/auth@{OTHER}",), DIGEST),
        ("openlmis/auth:4.2.0", (f"mirror:5000/x@{OTHER}", f"openlmis/auth@{DIGEST}"), DIGEST),
        ("openlmis/auth", (f"openlmis/auth@{DIGEST}",), DIGEST),
        ("sha256:0", (f"openlmis/auth@{DIGEST}",), DIGEST),
        ("openlmis/auth:4.2.0", (), None),
    ],
)
def test_the_digest_is_that_of_the_repository_it_was_made_from(
    name: str, digests: tuple[str, ...], digest: str | None
) -> None:
    container = auth(image_name=name)
    assert digest_of(engine_with(container, image(*digests)), container) == digest


def test_an_image_that_is_gone_has_no_digest() -> None:
    assert digest_of(FakeEngine(), auth()) is None


def test_a_history_has_another_fingerprint_when_any_row_differs() -> None:
    repaired = replace(HISTORY, rows=(replace(ROWS[0], checksum=6),))
    prints = {fingerprint_history(one) for one in (HISTORY, repaired, replace(HISTORY, table="other"))}
    assert len(prints) == 3
    assert fingerprint_history(HISTORY) == fingerprint_history(replace(HISTORY))
