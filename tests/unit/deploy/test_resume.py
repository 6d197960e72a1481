"""A run that was cut off: resumed, taken back, by the one who began it, over an estate of fakes."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from olmis_release.deploy.journal import Journal, Mark
from olmis_release.deploy.lock import JOURNAL, take_by_hand
from olmis_release.deploy.presumption import PRESUMED
from olmis_release.deploy.resume import Wish, resume
from olmis_release.errors import (
    InstanceLocked,
    JournalDamaged,
    LockLost,
    NotRestored,
    StepFailed,
    TargetUnreachable,
    UsageError,
)
from olmis_release.instance.locking import LockSeen
from olmis_release.instance.ports import ContainerStatus, LedgerState, WallState
from olmis_release.plan.model import Outcome, Run
from olmis_release.plan.records import write_run
from tests.fakes.live_estate import LiveEstate, cut_off, dying, running_images, stand_still
from tests.fakes.lock import FakeLock

WISH = Wish(operator="C. Phiri")
ABORT = Wish(operator="C. Phiri", abort=True)
AGAIN = Wish(operator="C. Phiri", again=True)
SILENT = TargetUnreachable("The engine does not answer.", resolution="Wait.")
STEPS = 10
ACCEPT = 9


@pytest.fixture
def estate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LiveEstate:
    stand_still(monkeypatch)
    made = LiveEstate(root=tmp_path / "here")
    made.serve_old()
    return made


def go_on(estate: LiveEstate, wish: Wish = WISH) -> Run:
    return resume(estate.workspace, estate.site, wish)[0]


def is_settled(estate: LiveEstate) -> bool:
    """Whether nothing of a run is left open: no lock, no entry, users are let in."""
    newest = estate.database.ledger.newest("uat")
    entry_ended = newest is None or newest.state is LedgerState.ENDED
    open_to_users = estate.wall.now is WallState.OPEN and estate.database.all["open_lmis"].facts.open
    return estate.lock.standing is None and entry_ended and open_to_users


def standing(estate: LiveEstate) -> LockSeen:
    assert estate.lock.standing is not None
    return estate.lock.standing


def journal_of(estate: LiveEstate) -> Path:
    return estate.site.folder.run(estate.last.run) / JOURNAL


@pytest.mark.parametrize("moment", ["before", "intent", "effect"])
@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_wherever_it_was_cut_off_a_run_is_brought_to_its_end(
    estate: LiveEstate, monkeypatch: pytest.MonkeyPatch, step: int, moment: str
) -> None:
    cut_off(monkeypatch, estate, step=step, moment=moment)
    run = go_on(estate)
    assert run.outcome is Outcome.DEPLOYED
    assert running_images(estate)["requisition"] == "7.2.0"
    assert is_settled(estate)


@pytest.mark.parametrize("moment", ["before", "intent", "effect"])
@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_wherever_it_was_cut_off_a_run_is_taken_back_until_it_was_accepted(
    estate: LiveEstate, monkeypatch: pytest.MonkeyPatch, step: int, moment: str
) -> None:
    cut_off(monkeypatch, estate, step=step, moment=moment)
    accepted = step > ACCEPT or (step, moment) == (ACCEPT, "effect")
    run = go_on(estate, ABORT)
    old_ends = {Outcome.REFUSED, Outcome.ROLLED_BACK}
    assert run.outcome is Outcome.DEPLOYED if accepted else run.outcome in old_ends
    assert running_images(estate)["requisition"] == ("7.2.0" if accepted else "7.1.0")
    assert is_settled(estate)


def test_a_deploy_over_an_open_run_is_refused_and_points_to_resume(
    estate: LiveEstate, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off(monkeypatch, estate, step=5, moment="intent")
    with pytest.raises(NotRestored) as refusal:
        estate.really_deploy()
    assert (refusal.value.exit_code, refusal.value.resolution) == (10, "olmis-release resume uat")
    assert estate.lock.standing is not None


def test_a_clock_that_was_put_back_does_not_hide_the_open_run(estate: LiveEstate) -> None:
    estate.really_deploy()
    back, again = estate.go_back(), estate.last.model_copy(update={"started": "2099-01-01T00:00:00Z"})
    write_run(estate.workspace, again)
    write_run(estate.workspace, again.model_copy(update={"run": "20261129t080000", "outcome": Outcome.RUNNING,
        "started": "2026-01-01T00:00:00Z", "ended": None, "epoch": again.epoch + 1}))  # fmt: skip
    with pytest.raises(NotRestored):
        estate.really_deploy(back)


def test_a_resume_that_was_cut_off_before_it_did_anything_can_be_resumed_again(
    estate: LiveEstate, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off(monkeypatch, estate, step=6, moment="effect")
    for _ in range(2):  # the ledger has an entry of each epoch, and the journal nothing of the later ones
        with dying(monkeypatch, **{"resume.was_accepted": interrupted}), pytest.raises(KeyboardInterrupt):
            go_on(estate)
    assert [one.epoch for one in estate.database.ledger.entries("uat")] == [1, 2, 3]
    assert go_on(estate).outcome is Outcome.DEPLOYED
    assert is_settled(estate)


def interrupted(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("call", ["look", "take", "set_aside", "free", "put", "files"])
def test_a_target_that_falls_silent_during_a_resume_leaves_a_run_that_can_be_resumed(
    estate: LiveEstate, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    cut_off(monkeypatch, estate, step=5, moment="effect")
    with dying(monkeypatch), monkeypatch.context() as cut, suppress(TargetUnreachable):
        cut.setattr(FakeLock, call, silent)
        go_on(estate)
    if estate.last.outcome is not Outcome.DEPLOYED:
        assert go_on(estate).outcome is Outcome.DEPLOYED
    estate.lock.standing = None
    assert is_settled(estate)


def silent(*_: object, **__: object) -> None:
    raise SILENT


def test_there_is_nothing_to_resume_where_all_runs_ended_and_a_lock_that_was_left_is_freed(estate: LiveEstate) -> None:
    estate.really_deploy()
    estate.lock.standing = None
    with pytest.raises(UsageError) as refusal:
        go_on(estate)
    assert refusal.value.resolution == "olmis-release status uat"


def test_who_lives_is_not_resumed_over(estate: LiveEstate, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_off(monkeypatch, estate, step=5, moment="intent")
    alive = replace(standing(estate).claim, process="other-host m b s 1 2")
    estate.lock.standing = replace(standing(estate), claim=alive)
    with pytest.raises(InstanceLocked) as refusal:
        go_on(estate)
    assert refusal.value.resolution == "olmis-release takeover uat"


def test_a_persons_lock_is_not_set_aside_by_a_resume(estate: LiveEstate, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_off(monkeypatch, estate, step=5, moment="intent")
    estate.lock.free(standing(estate).id)
    with dying(monkeypatch):
        take_by_hand(estate.site, message="month-end")
    with pytest.raises(InstanceLocked, match="month-end") as refusal:
        go_on(estate)
    assert refusal.value.resolution == "olmis-release lock free uat"
    assert standing(estate).claim.by_hand


def test_a_damaged_journal_is_refused_before_the_lock_with_its_copy_is_touched(
    estate: LiveEstate, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off(monkeypatch, estate, step=5, moment="intent")
    before, path = standing(estate), journal_of(estate)
    path.write_bytes(path.read_bytes().replace(b"done", b"fail", 1))
    with pytest.raises(JournalDamaged):
        go_on(estate)
    assert estate.lock.standing == before
    path.rename(path.with_suffix(".damaged"))
    assert go_on(estate).outcome is Outcome.DEPLOYED


def test_what_only_the_target_was_told_counts_too(estate: LiveEstate, monkeypatch: pytest.MonkeyPatch) -> None:
    made = cut_off(monkeypatch, estate, step=6, moment="effect")
    path, lock = journal_of(estate), standing(estate)
    here = path.read_bytes()
    Journal(path, run=estate.last.run, epoch=1).write(6, made.plan.steps[5], Mark.UNDO_INTENT)
    estate.lock.put(lock.id, {JOURNAL: path.read_bytes()})
    path.write_bytes(here)  # the full disk of this workspace did not take it
    assert go_on(estate).outcome is Outcome.ROLLED_BACK


def test_a_copy_that_was_cut_short_on_its_way_spares_the_one_before_it(
    estate: LiveEstate, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off(monkeypatch, estate, step=6, moment="effect")
    kept = estate.lock.kept[standing(estate).id]
    copies = sorted((content for name, content in kept.items() if name.startswith("journal")), key=len)
    assert [content.count(b"\n") for content in copies] == [9, 11]


@pytest.mark.parametrize("step", [5, 6, ACCEPT])
def test_a_lost_journal_sends_a_run_back_and_never_forward(
    estate: LiveEstate, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    cut_off(monkeypatch, estate, step=step, moment="intent")
    journal_of(estate).unlink()
    estate.lock.free(standing(estate).id)
    run = go_on(estate)
    assert run.outcome is Outcome.ROLLED_BACK
    assert running_images(estate)["requisition"] == "7.1.0"
    assert is_settled(estate)


def test_an_accepted_run_whose_journal_is_lost_is_finished(estate: LiveEstate, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_off(monkeypatch, estate, step=ACCEPT, moment="effect")
    journal_of(estate).unlink()
    estate.lock.free(standing(estate).id)
    assert go_on(estate, ABORT).outcome is Outcome.DEPLOYED
    assert is_settled(estate)


def test_a_journal_that_was_presumed_only_in_part_is_as_uncertain_as_one_that_is_lost(
    estate: LiveEstate, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = cut_off(monkeypatch, estate, step=6, moment="effect")
    journal_of(estate).unlink()
    estate.lock.free(standing(estate).id)
    presumed = Journal(journal_of(estate), run=estate.last.run)
    presumed.write(1, made.plan.steps[0], Mark.INTENT, note=PRESUMED)
    assert go_on(estate).outcome is Outcome.ROLLED_BACK


def test_a_run_that_failed_is_taken_back_however_it_is_resumed(
    estate: LiveEstate, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = cut_off(monkeypatch, estate, step=7, moment="intent")
    Journal(journal_of(estate), run=estate.last.run, epoch=1).write(7, made.plan.steps[6], Mark.FAIL)
    assert go_on(estate).outcome is Outcome.ROLLED_BACK
    assert is_settled(estate)


def test_evidence_that_cannot_be_kept_does_not_stop_a_run_from_being_taken_back(
    estate: LiveEstate, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off(monkeypatch, estate, step=6, moment="effect")

    def full(_job: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("olmis_release.deploy.resume.keep_evidence", full)
    assert go_on(estate, ABORT).outcome is Outcome.ROLLED_BACK


def test_what_was_tried_too_often_asks_for_a_person_and_says_how_to_go_on(
    estate: LiveEstate, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = cut_off(monkeypatch, estate, step=6, moment="effect")
    for epoch in range(1, 4):
        journal = Journal(journal_of(estate), run=estate.last.run, epoch=epoch)
        journal.write(6, made.plan.steps[5], Mark.UNDO_INTENT)
    with dying(monkeypatch), pytest.raises(NotRestored) as refusal:
        go_on(estate)
    assert refusal.value.resolution == "olmis-release resume uat --again"
    assert estate.lock.standing is not None
    assert go_on(estate, AGAIN).outcome is Outcome.ROLLED_BACK
    assert is_settled(estate)


def test_a_run_that_could_not_be_restored_may_not_be_begun_over_while_it_is_resumed(
    estate: LiveEstate, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off(monkeypatch, estate, step=6, moment="effect")
    write_run(estate.workspace, estate.last.model_copy(update={"outcome": Outcome.NOT_RESTORED}))
    with dying(monkeypatch, **{"resume.recall_outage": interrupted}), pytest.raises(KeyboardInterrupt):
        go_on(estate)
    with pytest.raises(NotRestored, match="cut off"):
        estate.really_deploy()


def test_an_engine_that_was_killed_at_the_acceptance_gets_its_containers_back(
    estate: LiveEstate, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off(monkeypatch, estate, step=ACCEPT, moment="intent")
    for name, one in estate.engine.all.items():
        estate.engine.all[name] = replace(one, status=ContainerStatus.EXITED, exit_code=137)
    assert go_on(estate).outcome is Outcome.DEPLOYED
    assert running_images(estate)["requisition"] == "7.2.0"


@pytest.mark.parametrize("wish", [WISH, ABORT])
def test_a_wall_that_fell_meanwhile_is_put_up_again_closed(
    estate: LiveEstate, monkeypatch: pytest.MonkeyPatch, wish: Wish
) -> None:
    cut_off(monkeypatch, estate, step=6, moment="effect")
    estate.wall.now = WallState.ABSENT
    run = go_on(estate, wish)
    assert run.outcome in {Outcome.DEPLOYED, Outcome.ROLLED_BACK}
    assert ("ensure", True) in estate.wall.calls
    assert is_settled(estate)


def test_a_lock_that_was_taken_over_stops_a_resume_before_it_changes_anything(
    estate: LiveEstate, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off(monkeypatch, estate, step=5, moment="intent")
    before = (running_images(estate), len(estate.wall.calls))

    def gone(_self: object, _lock_id: str) -> None:
        raise LockLost.to("uat", epoch=9)

    monkeypatch.setattr(FakeLock, "require", gone)
    with pytest.raises(LockLost) as refusal:
        go_on(estate)
    assert refusal.value.exit_code == 8
    assert (running_images(estate), len(estate.wall.calls)) == before


def test_a_run_that_cannot_even_begin_ends_as_a_refusal_and_leaves_nothing_open(
    estate: LiveEstate, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = StepFailed("The wall does not answer.", resolution="Look at it.")

    def fails(_run_pass: str = "") -> None:
        raise broken

    with monkeypatch.context() as bad:
        bad.setattr(estate.wall, "open", fails)
        run, ending = estate.really_deploy()
    assert (run.outcome, ending.failure) == (Outcome.REFUSED, broken)
    assert is_settled(estate)


def test_the_ledger_knows_a_run_before_its_database_is_changed(estate: LiveEstate) -> None:
    seen: list[tuple[int, ...]] = []
    close = estate.database.close

    def watched(*, timeout_s: float) -> None:
        seen.append(tuple(one.epoch for one in estate.database.ledger.entries("uat")))
        close(timeout_s=timeout_s)

    estate.database.close = watched  # type: ignore[method-assign]
    estate.really_deploy()
    assert seen[0] == (1,)


def test_the_lock_stands_while_a_run_is_held_and_is_freed_when_it_has_ended(
    estate: LiveEstate, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = estate.made()
    with dying(monkeypatch, **{"steps.await_ready.prove_new": interrupted}):
        run, _ = estate.really_deploy(made)
    assert run.outcome is Outcome.HELD
    assert run.exit_code == 130
    assert estate.lock.standing is not None
    assert go_on(estate).outcome is Outcome.DEPLOYED
    assert is_settled(estate)


def test_an_end_that_the_server_did_not_hear_of_is_told_by_the_next_deploy(estate: LiveEstate) -> None:
    estate.database.ledger.fails["end"] = SILENT
    estate.really_deploy()
    newest = estate.database.ledger.newest("uat")
    assert newest is not None
    assert newest.state is LedgerState.ACCEPTED
    estate.database.ledger.fails.clear()
    made = estate.go_back()
    assert estate.really_deploy(made)[0].outcome is Outcome.DEPLOYED
    assert [one.state for one in estate.database.ledger.entries("uat")] == [LedgerState.ENDED] * 2


def test_the_ends_of_old_locks_do_not_bring_an_epoch_back(estate: LiveEstate) -> None:
    estate.really_deploy()
    estate.database.ledger.all.clear()
    estate.database.ledger.fences.clear()
    assert estate.really_deploy(estate.go_back())[0].epoch == 2
