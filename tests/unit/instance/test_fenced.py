"""Every change first asks whether the lock is still held, every reading does not: for each method of each protocol."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from olmis_release.errors import LockLost, TargetUnreachable
from olmis_release.instance import ports
from olmis_release.instance.fenced import (
    FencedCompose,
    FencedConsul,
    FencedDatabase,
    FencedEngine,
    FencedFallback,
    FencedWall,
)
from olmis_release.instance.ports import Fence, LedgerEntry, LedgerState
from tests.fakes.database import FakeDatabase

ENTRY = LedgerEntry(
    instance="uat", epoch=4, run="20261128t180211", plan="F7DS-JEEJ", who="M. Banda", at="", state=LedgerState.BEGUN
)
READS: dict[type, set[str]] = {
    ports.Engine: {"info", "containers", "projects", "container", "published_ports", "image", "read_members", "logs"},
    ports.Compose: {"version", "config"},
    ports.Wall: {"state"},
    ports.Consul: set(),
    ports.Fallback: {"lacks", "has"},
    ports.Database: {
        "server", "databases", "facts", "histories", "blockers", "free_bytes", "checkpoint", "point", "points",
        "written_since",
    },
}  # fmt: skip
FENCED: dict[type, Callable[..., Any]] = {
    ports.Engine: FencedEngine,
    ports.Compose: FencedCompose,
    ports.Wall: FencedWall,
    ports.Consul: FencedConsul,
    ports.Fallback: FencedFallback,
    ports.Database: lambda inner, guard: FencedDatabase(inner, guard, ENTRY),
}
IN_TRANSACTION = {"clone", "swap", "swap_back", "accept", "drop"}


def methods_of(protocol: type) -> list[str]:
    return [name for name, one in vars(protocol).items() if inspect.isfunction(one) and not name.startswith("_")]


EVERY = [(protocol, name) for protocol in FENCED for name in methods_of(protocol)]
IDS = [f"{protocol.__name__}.{name}" for protocol, name in EVERY]


class Diary:
    """Stands for any adapter, and for the guard; writes down what was asked of it, in order."""

    def __init__(self, *, lost: bool = False) -> None:
        self.calls: list[str] = []
        self.given: dict[str, Any] = {}
        self.lost = lost
        self.name = "open_lmis"

    def guard(self) -> None:
        self.calls.append("guard")
        if self.lost:
            raise LockLost.to("uat", epoch=5)

    @property
    def ledger(self) -> Diary:
        return self

    def __getattr__(self, name: str) -> Any:
        def called(*_values: Any, **given: Any) -> None:
            self.calls.append(name)
            self.given |= given

        return called


def call(protocol: type, name: str, diary: Diary) -> None:
    wanted = list(inspect.signature(getattr(protocol, name)).parameters.values())[1:]
    values = ["x" for one in wanted if one.kind is one.POSITIONAL_OR_KEYWORD]
    named = {one.name: "x" for one in wanted if one.kind is one.KEYWORD_ONLY and one.default is one.empty}
    getattr(FENCED[protocol](diary, diary.guard), name)(*values, **named)


@pytest.mark.parametrize(("protocol", "name"), EVERY, ids=IDS)
def test_only_a_change_asks_first(protocol: type, name: str) -> None:
    diary = Diary()
    call(protocol, name, diary)
    entered = ["begin"] if protocol is ports.Database else []
    assert diary.calls == ([name] if name in READS[protocol] else ["guard", *entered, name])


@pytest.mark.parametrize(("protocol", "name"), EVERY, ids=IDS)
def test_without_the_lock_nothing_is_changed(protocol: type, name: str) -> None:
    diary = Diary(lost=True)
    if name in READS[protocol]:
        call(protocol, name, diary)
        return
    with pytest.raises(LockLost):
        call(protocol, name, diary)
    assert diary.calls == ["guard"]


@pytest.mark.parametrize("name", sorted(IN_TRANSACTION))
def test_what_changes_the_database_carries_the_epoch_into_the_transaction(name: str) -> None:
    diary = Diary()
    call(ports.Database, name, diary)
    assert diary.given["fence"] == Fence(instance="uat", epoch=4)


def test_the_run_is_entered_into_the_ledger_once_and_before_the_first_change_of_the_database() -> None:
    diary = Diary()
    database = FencedDatabase(diary, diary.guard, ENTRY)
    database.server()
    database.close(timeout_s=1)
    database.open()
    assert diary.calls == ["server", "guard", "begin", "close", "guard", "open"]


def test_an_entry_that_the_server_did_not_take_is_tried_again_and_nothing_is_changed_before() -> None:
    inner = FakeDatabase()
    inner.ledger.fails["begin"] = TargetUnreachable("The server does not answer.", resolution="Wait.")
    database = FencedDatabase(inner, lambda: None, ENTRY)
    with pytest.raises(TargetUnreachable):
        database.close(timeout_s=1)
    assert inner.calls == []
    inner.ledger.fails.clear()
    database.close(timeout_s=1)
    assert inner.ledger.newest("uat") == ENTRY
