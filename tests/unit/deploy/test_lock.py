"""Holding the lock: whose it is, what is left of it, when it is let go of."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from olmis_release.deploy.lock import (
    COPIES,
    free_by_hand,
    is_leftover,
    is_ours,
    require_free,
    take,
    take_by_hand,
    token,
)
from olmis_release.errors import InstanceLocked, ReleaseError, StepFailed, TargetUnreachable
from olmis_release.instance.config import Timeouts
from olmis_release.instance.locking import LockSeen
from olmis_release.instance.site import Site
from olmis_release.redaction import NOTHING_SECRET
from olmis_release.workspace import InstanceFolder
from tests.fakes.database import FakeDatabase
from tests.fakes.instance import FakeEngine
from tests.fakes.live_estate import GONE, dying
from tests.fakes.lock import FakeLock

RUN = "20261128t180211"
SILENT = TargetUnreachable("The engine does not answer.", resolution="Wait.")


def site_in(folder: Path, *, lock: FakeLock | None = None, lease_s: float = 90.0) -> Site:
    parts = {
        "config": SimpleNamespace(name="uat", timeouts=Timeouts(lease_s=lease_s)),
        "folder": InstanceFolder(root=folder / "uat"),
        "lock": lock or FakeLock(),
        "database": FakeDatabase(),
        "engine": FakeEngine(),
        "redactor": NOTHING_SECRET,
    }
    return cast(Site, SimpleNamespace(**parts))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return site_in(tmp_path)


def taken(site: Site) -> LockSeen:
    return take(site, run=RUN, plan="F7DS-JEEJ", doing="deploy of 3.5.0+mw1").seen


def left_behind(site: Site, patch: pytest.MonkeyPatch) -> LockSeen:
    with dying(patch):
        return taken(site)


def seen_on(site: Site) -> LockSeen | None:
    return cast(FakeLock, site.lock).standing


def test_a_lock_of_this_very_process_is_not_one_that_was_left(site: Site) -> None:
    assert not is_ours(site, taken(site))
    with pytest.raises(InstanceLocked):
        taken(site)


def test_one_that_an_ended_process_of_this_workspace_left_is_taken_anew(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = left_behind(site, monkeypatch)
    assert is_leftover(site, left)
    require_free(site)
    assert taken(site).claim.epoch == 2


def test_after_a_restart_of_this_machine_its_locks_are_its_own_still(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = left_behind(site, monkeypatch)
    host, machine, _, *rest = GONE.split(" ")
    earlier = " ".join([host, machine, "earlier", *rest])
    assert is_ours(site, replace(left, claim=replace(left.claim, process=earlier)))


def test_one_of_another_workspace_is_left_alone_though_its_process_is_gone(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_behind(site, monkeypatch)
    other = site_in(tmp_path / "other", lock=cast(FakeLock, site.lock))
    with pytest.raises(InstanceLocked) as refusal:
        taken(other)
    assert refusal.value.resolution == "olmis-release takeover uat"
    with pytest.raises(InstanceLocked):
        require_free(other)


def test_a_persons_lock_is_nobodys_leftover(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with dying(monkeypatch):
        by_hand = take_by_hand(site, message="month-end")
    assert is_ours(site, by_hand)
    assert not is_leftover(site, by_hand)
    with pytest.raises(InstanceLocked, match="month-end"):
        taken(site)


def test_a_persons_lock_is_freed_without_its_id_and_a_runs_only_by_it(site: Site) -> None:
    free_by_hand(site, take_by_hand(site, message="month-end"), typed=None)
    assert seen_on(site) is None
    held = taken(site)
    for typed in (None, "", held.id[:11], "other" + held.id):
        with pytest.raises(InstanceLocked):
            free_by_hand(site, held, typed=typed)
    free_by_hand(site, held, typed=held.id[:12])
    assert seen_on(site) is None


@pytest.mark.parametrize("stays", [False, True])
def test_it_is_let_go_of_at_the_end_unless_its_run_is_open(site: Site, *, stays: bool) -> None:
    hold = take(site, run=RUN, plan="", doing="deploy")
    with suppress(RuntimeError), hold.kept():
        hold.stays = stays
        raise RuntimeError
    assert (seen_on(site) is not None) == stays


@pytest.mark.parametrize("error", [SILENT, StepFailed("removal is already in progress", resolution="Wait.")])
def test_a_lock_that_cannot_be_freed_does_not_hide_how_the_run_ended(
    site: Site, monkeypatch: pytest.MonkeyPatch, error: ReleaseError
) -> None:
    def fails(*_: object) -> None:
        raise error

    with take(site, run=RUN, plan="", doing="deploy").kept():
        monkeypatch.setattr(site.lock, "free", fails)
    assert seen_on(site) is not None


def test_signs_of_life_are_given_whatever_goes_wrong_with_one_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, given = site_in(tmp_path, lease_s=0.9), threading.Semaphore(0)

    def shaky(_lock_id: str) -> None:
        given.release()
        raise AttributeError("the library stumbled")

    monkeypatch.setattr(site.lock, "give_sign", shaky)
    with take(site, run=RUN, plan="", doing="deploy").kept():
        assert given.acquire(timeout=30)
        assert given.acquire(timeout=30)


def test_copies_of_the_journal_take_turns_so_that_one_is_always_whole(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold, lock = take(site, run=RUN, plan="", doing="deploy"), cast(FakeLock, site.lock)
    hold.keep({COPIES[0]: b"1"})
    hold.mirror(b"12")
    with monkeypatch.context() as cut:
        cut.setattr(lock, "put", partial(cut_short, lock))
        with pytest.raises(TargetUnreachable):
            hold.mirror(b"123")
    assert lock.kept[hold.seen.id] == {COPIES[0]: b"", COPIES[1]: b"12"}
    hold.mirror(b"123")
    assert lock.kept[hold.seen.id] == {COPIES[0]: b"123", COPIES[1]: b"12"}


def cut_short(lock: FakeLock, lock_id: str, files: Mapping[str, bytes]) -> None:
    lock.kept[lock_id].update(dict.fromkeys(files, b""))
    raise SILENT


def test_the_token_of_a_workspace_stays_and_one_that_was_cut_short_is_made_anew(site: Site) -> None:
    first = token(site)
    assert token(site) == first
    path = site.folder.root / "token"
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("")
    assert len(token(site)) == 32


def test_an_epoch_is_above_all_that_the_target_or_this_workspace_knows_of(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = left_behind(site, monkeypatch)
    site.lock.set_aside(left)
    assert left_behind(site, monkeypatch).claim.epoch == 2
    cast(FakeLock, site.lock).standing, cast(FakeLock, site.lock).aside = None, []
    cast(FakeDatabase, site.database).ledger.fails["newest"] = SILENT
    assert taken(site).claim.epoch == 3
    (site.folder.root / "epoch").write_text("no number")
    site.lock.free(taken_id(site))
    assert taken(site).claim.epoch == 1


def taken_id(site: Site) -> str:
    seen = seen_on(site)
    assert seen is not None
    return seen.id
