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
        return None if gone else SimpleNamespace(id="c1", name=name, labels=LABELS)

    def _read(self, *_: object, **__: object) -> Mapping[str, bytes]:
        if self._left:
            self._left -= 1
            raise StepFailed("RWLayer of container c1 is unexpectedly nil.", resolution="-")
        return {"sign": b"alive"}


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
