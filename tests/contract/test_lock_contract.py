"""What every `locking.InstanceLock` promises: the fake, and a container on a real engine."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from secrets import token_hex

import pytest

from olmis_release.deploy.process_identity import this_process
from olmis_release.errors import EffectUnknown, InstanceLocked, LockLost, ReleaseError, StepFailed
from olmis_release.instance.config import Docker
from olmis_release.instance.engine import DockerEngine
from olmis_release.instance.lock_container import CLAIM_LABEL, LOCK_LABEL, LockContainer
from olmis_release.instance.locking import Claim, InstanceLock, LockSeen
from olmis_release.instance.own_containers import Wanted
from tests.fakes.lock import FakeLock

IMAGE = "debian:bookworm-slim"


@dataclass(frozen=True)
class Bench:
    """A lock, its instance, and a hand that removes it without asking."""

    lock: InstanceLock
    instance: str
    remove: Callable[[str], None]

    def claim(self, epoch: int = 1, run: str = "20261128t180211") -> Claim:
        return Claim(
            instance=self.instance,
            token="ours",
            process=this_process(),
            holder="chimwemwe@moh.mw",
            doing="deploy of 3.5.0+mw1 (plan F7DS-JEEJ)",
            epoch=epoch,
            since="2026-11-28T18:02:11Z",
            run=run,
            plan="F7DS-JEEJ",
        )


@dataclass(frozen=True)
class RealBench(Bench):
    """The same, with the engine behind it."""

    engine: DockerEngine


def removed(fake: FakeLock) -> Callable[[str], None]:
    def remove(_lock_id: str) -> None:
        fake.standing = None

    return remove


@pytest.fixture
def real() -> Iterator[RealBench]:
    engine, instance = DockerEngine.connect(Docker()), f"hu-{token_hex(4)}"
    lock = LockContainer(engine, instance, project=instance, image=lambda: IMAGE)
    yield RealBench(lock=lock, instance=instance, remove=engine.own.discard, engine=engine)
    for one in engine.labelled(LOCK_LABEL, instance):
        engine.own.discard(one.id)


@pytest.fixture(params=["fake", pytest.param("container", marks=pytest.mark.docker)])
def bench(request: pytest.FixtureRequest) -> Bench:
    if request.param == "fake":
        fake = FakeLock()
        return Bench(lock=fake, instance="uat", remove=removed(fake))
    found: RealBench = request.getfixturevalue("real")
    return found


def test_nobody_holds_it_before_it_is_taken(bench: Bench) -> None:
    assert bench.lock.look() is None
    assert bench.lock.highest_epoch() == 0


def test_who_looks_sees_what_the_holder_says_of_itself(bench: Bench) -> None:
    taken = bench.lock.take(bench.claim())
    seen = bench.lock.look()
    assert seen is not None
    assert (seen.id, seen.claim) == (taken.id, bench.claim())
    bench.lock.require(taken.id)


def test_a_second_one_is_refused_and_told_who_does_what_since_when(bench: Bench) -> None:
    bench.lock.take(bench.claim())
    with pytest.raises(InstanceLocked) as refusal:
        bench.lock.take(bench.claim(2, "20261129t080000"))
    told = f"{bench.instance} is locked: deploy of 3.5.0+mw1 (plan F7DS-JEEJ) by chimwemwe@moh.mw since "
    assert refusal.value.message.startswith(f"{told}2026-11-28T18:02:11Z (epoch 1)")
    assert (refusal.value.exit_code, refusal.value.resolution) == (8, f"olmis-release takeover {bench.instance}")


def test_one_that_a_person_took_is_freed_by_a_person(bench: Bench) -> None:
    bench.lock.take(replace(bench.claim(), run="", doing="month-end"))
    with pytest.raises(InstanceLocked, match="month-end") as refusal:
        bench.lock.take(bench.claim(2))
    assert refusal.value.resolution == f"olmis-release lock free {bench.instance}"


def test_asking_again_after_a_lost_answer_finds_it_held(bench: Bench) -> None:
    taken = bench.lock.take(bench.claim())
    assert bench.lock.take(bench.claim()).id == taken.id


def test_a_holder_whose_lock_was_removed_has_lost_it(bench: Bench) -> None:
    taken = bench.lock.take(bench.claim())
    bench.remove(taken.id)
    with pytest.raises(LockLost, match="its container is gone") as lost:
        bench.lock.require(taken.id)
    assert lost.value.resolution == f"olmis-release status {bench.instance}"


def test_a_holder_whose_lock_was_set_aside_has_lost_it_and_the_next_one_has_it(bench: Bench) -> None:
    old = bench.lock.take(bench.claim())
    bench.lock.set_aside(old)
    new = bench.lock.take(bench.claim(2, "20261129t080000"))
    with pytest.raises(LockLost, match=r"set aside as .*-broken-e1"):
        bench.lock.require(old.id)
    bench.lock.require(new.id)


def test_setting_aside_and_freeing_never_hit_the_next_holders(bench: Bench) -> None:
    old = bench.lock.take(bench.claim())
    bench.lock.set_aside(old)
    new = bench.lock.take(bench.claim(2))
    bench.lock.set_aside(old)
    bench.lock.free(old.id)
    bench.lock.free(old.id)
    assert bench.lock.look() == LockSeen(id=new.id, claim=bench.claim(2), sign=looked(bench).sign)


def looked(bench: Bench) -> LockSeen:
    seen = bench.lock.look()
    assert seen is not None
    return seen


def test_what_is_gone_can_be_freed_and_set_aside(bench: Bench) -> None:
    taken = bench.lock.take(bench.claim())
    bench.remove(taken.id)
    bench.lock.free(taken.id)
    bench.lock.set_aside(taken)
    assert bench.lock.look() is None


def test_freeing_makes_room(bench: Bench) -> None:
    bench.lock.free(bench.lock.take(bench.claim()).id)
    assert bench.lock.look() is None
    bench.lock.take(bench.claim(2))


def test_files_are_kept_and_replaced_one_by_one(bench: Bench) -> None:
    taken = bench.lock.take(bench.claim())
    assert dict(bench.lock.files(taken.id)) == {}
    bench.lock.put(taken.id, {"run.json": b"{}", "settings/0123456789ab.env": b"A='1'\n"})
    bench.lock.put(taken.id, {"run.json": b"{1}"})
    bench.lock.give_sign(taken.id)
    assert dict(bench.lock.files(taken.id)) == {"run.json": b"{1}", "settings/0123456789ab.env": b"A='1'\n"}


def test_files_outlive_that_a_lock_is_set_aside(bench: Bench) -> None:
    taken = bench.lock.take(bench.claim())
    bench.lock.put(taken.id, {"run.json": b"{}"})
    bench.lock.set_aside(taken)
    assert dict(bench.lock.files(taken.id)) == {"run.json": b"{}"}


def test_every_sign_of_life_differs_from_the_one_before(bench: Bench) -> None:
    taken, signs = bench.lock.take(bench.claim()), []
    for _ in range(3):
        bench.lock.give_sign(taken.id)
        signs.append(looked(bench).sign)
    assert len(set(signs)) == 3


def test_epochs_of_locks_that_were_set_aside_still_count(bench: Bench) -> None:
    bench.lock.set_aside(bench.lock.take(bench.claim(7)))
    bench.lock.take(bench.claim(3))
    assert bench.lock.highest_epoch() == 7


def test_what_was_set_aside_is_cleared_below_an_epoch_and_the_lock_that_stands_never(bench: Bench) -> None:
    bench.lock.set_aside(bench.lock.take(bench.claim(2)))
    bench.lock.set_aside(bench.lock.take(bench.claim(5)))
    standing = bench.lock.take(bench.claim(3))
    bench.lock.clear_aside(below=5)
    assert bench.lock.highest_epoch() == 5
    bench.lock.require(standing.id)
    bench.lock.clear_aside(below=6)
    bench.lock.clear_aside(below=6)
    assert bench.lock.highest_epoch() == 3
    bench.lock.require(standing.id)


@pytest.mark.docker
def test_one_that_was_created_and_never_started_is_a_lock_still(
    real: RealBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(real.engine, "start", lambda _container: None)
    real.lock.take(real.claim())
    with pytest.raises(InstanceLocked):
        real.lock.take(real.claim(2))
    assert looked(real).claim.epoch == 1


@pytest.mark.docker
def test_an_answer_that_was_lost_after_the_container_was_made_counts_as_held(
    real: RealBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = real.engine.own.create

    def cut_short(wanted: Wanted) -> str:
        create(wanted)
        raise EffectUnknown("The engine did not answer.", resolution="Wait.")

    monkeypatch.setattr(real.engine.own, "create", cut_short)
    taken = real.lock.take(real.claim())
    real.lock.require(taken.id)


@pytest.mark.docker
def test_one_that_cannot_be_started_is_not_left_behind(real: RealBench, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_container_id: str) -> None:
        raise StepFailed("no such file: sh", resolution="Take another image.")

    monkeypatch.setattr(real.engine, "start", fails)
    with pytest.raises(StepFailed):
        real.lock.take(real.claim())
    assert real.lock.look() is None


@pytest.mark.docker
def test_of_many_who_take_it_at_once_one_gets_it(real: RealBench) -> None:
    def wants(number: int) -> bool:
        try:
            real.lock.take(real.claim(number, f"run-{number}"))
        except InstanceLocked:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(wants, range(1, 7))) == 1


@pytest.mark.docker
def test_a_name_that_is_taken_does_not_keep_a_stale_lock_from_being_set_aside(real: RealBench) -> None:
    real.lock.set_aside(real.lock.take(real.claim()))
    real.lock.set_aside(real.lock.take(real.claim(1, "20261129t080000")))
    assert real.lock.look() is None
    assert len(real.engine.labelled(LOCK_LABEL, real.instance)) == 2


@pytest.mark.docker
def test_a_file_that_no_run_would_keep_is_not_read_into_memory(real: RealBench) -> None:
    taken = real.lock.take(real.claim())
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        member = tarfile.TarInfo("olmis-release/huge.env")
        member.size = 20 * 1024 * 1024
        archive.addfile(member, io.BytesIO(bytes(member.size)))
    real.engine._client.put_archive(taken.id, "/", packed.getvalue())
    with pytest.raises(StepFailed, match="too much"):
        real.lock.files(taken.id)


@pytest.mark.docker
@pytest.mark.parametrize(
    "said",
    [
        "not json",
        "[]",
        "{}",
        '{"epoch": "1"}',
        '{"lease_s": NaN}',
        '{"lease_s": Infinity}',
        '{"lease_s": -1}',
        '{"epoch": 99999999999999999999}',
        '{"process": 7}',
    ],
)
def test_a_holder_that_says_nonsense_of_itself_is_told_and_not_believed(real: RealBench, said: str) -> None:
    good = '{"instance": "x", "token": "", "process": "", "holder": "", "doing": "", "epoch": 1, "since": ""'
    whole = f"{good}, {said[1:]}" if said.startswith('{"') else said
    labels = {LOCK_LABEL: real.instance, CLAIM_LABEL: whole}
    name = f"olmis-release-lock-{real.instance}"
    real.engine.own.create(Wanted(image=IMAGE, argv=("true",), labels=labels, name=name))
    with pytest.raises(ReleaseError, match="says nothing of its holder"):
        real.lock.look()


@pytest.mark.docker
def test_a_container_that_is_no_lock_but_has_its_name_is_told_and_left_alone(real: RealBench) -> None:
    name = f"olmis-release-lock-{real.instance}"
    made = real.engine.own.create(Wanted(image=IMAGE, argv=("true",), labels={}, name=name))
    with pytest.raises(StepFailed, match="is not a lock of"):
        real.lock.take(real.claim())
    assert real.engine.container(made) is not None
    real.engine.own.discard(made)
