"""The small estate that many tests share, and an empty one; the tool itself brings them up.

A test that uses the shared one leaves it serving; `small` checks that.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from lab.estate import ROOT, Estate, Wishes, make_estate, remove_project
from lab.fleet import Fleet, ensure_fleet
from tests.integration.trial import BOOT_SCALE, deploy, fresh_name, require


@pytest.fixture(scope="session")
def fleet() -> Fleet:
    """The registry with every image; fails where there is no engine."""
    return ensure_fleet()


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
    with deployed(fleet, tmp_path_factory.mktemp("small")) as estate:
        yield estate


@pytest.fixture(scope="module")
def own_estate(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    """A small estate, deployed, for one module only: what its tests do to it stays."""
    with deployed(fleet, tmp_path_factory.mktemp("own")) as estate:
        yield estate


@contextmanager
def deployed(fleet: Fleet, folder: Path) -> Iterator[Estate]:
    """Give a small estate on which the first release serves."""
    wishes = replace(small_wishes(fleet), ready_s=60)
    try:
        estate = make_estate(folder / "workspace", wishes)
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
