"""Looking at a lock in the moment in which the engine makes or removes its container."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from types import SimpleNamespace
from typing import Any, cast

import pytest

from olmis_release.errors import StepFailed
from olmis_release.instance import lock_container
from olmis_release.instance.engine import DockerEngine
from olmis_release.instance.lock_container import CLAIM_LABEL, LOCK_LABEL, LockContainer
from olmis_release.instance.locking import Claim
from olmis_release.instance.own_containers import NameTaken, Wanted
from olmis_release.instance.ports import ContainerStatus

CLAIM = Claim(
    instance="uat", token="t", process="p", holder="a@b", doing="deploy", epoch=1, since="2026-11-28T18:02:11Z", run="r"
)
LABELS = {LOCK_LABEL: "uat", CLAIM_LABEL: json.dumps(asdict(CLAIM))}


class BusyEngine:
    """An engine that cannot read a container so many times; then the container is gone, or can be read."""

    def __init__(self, *, refusals: int, goes: bool) -> None:
        self._left, self._goes = refusals, goes
        self.own = SimpleNamespace(read=self._read)

    def container(self, name: str) -> Any:
        gone = self._goes and not self._left
        return None if gone else SimpleNamespace(id="c1", name=name, labels=LABELS, status=ContainerStatus.RUNNING)

    def _read(self, *_: object, **__: object) -> Mapping[str, bytes]:
        if self._left:
            self._left -= 1
            raise StepFailed("RWLayer of container c1 is unexpectedly nil.", resolution="-")
        return {"sign": b"alive"}


class EngineWithDead:
    """An engine that failed to remove the container of a lock: it is dead, keeps its name, and cannot be removed."""

    def __init__(self) -> None:
        self.names = {"c1": "olmis-release-lock-uat"}
        self.own = SimpleNamespace(create=self._create, rename=self._rename, discard=self._discard, put_files=_nothing)
        self.start = _nothing

    def container(self, name_or_id: str) -> Any:
        found = next((one for one, name in self.names.items() if name_or_id in {one, name}), None)
        status = ContainerStatus.DEAD if found == "c1" else ContainerStatus.RUNNING
        return SimpleNamespace(id=found, name=self.names[found], labels=LABELS, status=status) if found else None

    def _create(self, wanted: Wanted) -> str:
        if wanted.name in self.names.values():
            raise NameTaken("taken", resolution="-")
        self.names["c2"] = wanted.name or ""
        return "c2"

    def _rename(self, container_id: str, name: str) -> None:
        self.names[container_id] = name

    def _discard(self, container_id: str) -> None:
        raise StepFailed("failed to remove root filesystem: directory not empty", resolution="-")


def _nothing(*_: object) -> None:
    """Do it."""


def lock(**manner: Any) -> LockContainer:
    engine = cast("DockerEngine", BusyEngine(**manner))
    return LockContainer(engine, "uat", project="olmis", image=lambda: "nginx")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock_container, "AGAIN_S", 0.0)


def test_a_lock_that_is_being_made_is_seen() -> None:
    seen = lock(refusals=3, goes=False).look()
    assert seen is not None
    assert seen.sign == "alive"


def test_a_lock_that_is_being_removed_is_none() -> None:
    assert lock(refusals=2, goes=True).look() is None


def test_a_lock_that_cannot_be_read_is_not_taken_for_one_without_sign_of_life() -> None:
    with pytest.raises(StepFailed, match="RWLayer"):
        lock(refusals=1000, goes=False).look()


def test_a_lock_whose_removal_the_engine_failed_is_free_and_makes_room() -> None:
    engine = EngineWithDead()
    taken = LockContainer(cast("DockerEngine", engine), "uat", project="olmis", image=lambda: "nginx")
    assert taken.look() is None
    assert taken.take(CLAIM).id == "c2"
    assert engine.names["c1"] != engine.names["c2"]
