"""Two estates that many tests share: the full Malawi one, and a small one for everything that needs few components.

Both are brought up by the tool itself. A test that uses one leaves it serving; `small` checks that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from lab.estate import ROOT, Estate, Wishes, make_estate, remove_project
from lab.fleet import Fleet, ensure_fleet
from tests.integration.trial import (
    FIRST,
    GOOD,
    WRITTEN_TO,
    Finished,
    Watched,
    deploy,
    fresh_name,
    require,
    watched,
)

BOOT_SCALE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class First:
    """The full estate and its first deploy."""

    estate: Estate
    done: Finished


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgraded:
    """The full estate after a good deploy that was watched; `before` are containers by component from before it."""

    estate: Estate
    watched: Watched
    before: dict[str, str]


@pytest.fixture(scope="session")
def fleet() -> Fleet:
    """The registry with every image; fails where there is no engine."""
    return ensure_fleet()


@pytest.fixture(scope="session")
def first(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[First]:
    """The full estate, deployed for the first time onto nothing."""
    name = fresh_name()
    wishes = Wishes(
        project=f"olmis-{name}", instance=name, registry=fleet.registry, boot_scale=BOOT_SCALE, ready_s=90, steady_s=0
    )
    try:
        estate = make_estate(tmp_path_factory.mktemp("full") / "workspace", wishes)
        require(estate.candidate(FIRST))
        yield First(estate=estate, done=require(estate.tool("deploy", estate.instance)))
    finally:
        remove_project(wishes.project)


@pytest.fixture(scope="session")
def upgraded(first: First) -> Upgraded:
    """The full estate at the good release, deployed while clients wrote."""
    estate = first.estate
    before = {name: estate.container(name) for name in ("redis", "nginx", "consul", "db", "auth")}
    require(estate.candidate(GOOD))
    require(estate.tool("plan", GOOD, "--to", estate.instance))
    return Upgraded(estate=estate, watched=watched(estate, WRITTEN_TO, "deploy", estate.instance), before=before)


@pytest.fixture
def empty_estate(fleet: Fleet, tmp_path: Path) -> Iterator[Estate]:
    """A small estate of its own on which nothing was deployed yet."""
    wishes = small_wishes(fleet)
    try:
        yield make_estate(tmp_path / "workspace", wishes)
    finally:
        remove_project(wishes.project)


@pytest.fixture(scope="session")
def small_estate(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    """The small estate, deployed."""
    wishes = replace(small_wishes(fleet), ready_s=60)
    try:
        estate = make_estate(tmp_path_factory.mktemp("small") / "workspace", wishes)
        require(deploy(estate))
        yield estate
    finally:
        remove_project(wishes.project)


@pytest.fixture
def small(small_estate: Estate) -> Iterator[Estate]:
    """The small estate for one test, which must leave it serving."""
    yield small_estate
    for path in ("/", "/auth", "/api/requisition/records?count=1"):
        assert small_estate.status(path) == 200, f"the test left {path} unserved"


@pytest.fixture
def hooks(small: Estate) -> Iterator[Path]:
    """The hooks folder of the small estate; what a test puts there is removed afterwards."""
    folder = small.folder / "hooks"
    before = set(folder.rglob("*"))
    yield folder
    for path in sorted(set(folder.rglob("*")) - before, reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()


def small_wishes(fleet: Fleet) -> Wishes:
    """Say what a small estate is like."""
    name = fresh_name()
    return Wishes(
        project=f"olmis-{name}",
        instance=name,
        registry=fleet.registry,
        boot_scale=BOOT_SCALE,
        ready_s=20,
        steady_s=0,
        manifests=ROOT / "tests" / "integration" / "small",
    )
