"""A run that another operator left: taken over from a second workspace on the same target, over an estate of fakes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from olmis_release import clock
from olmis_release.cli.run_result import run_text
from olmis_release.deploy.journal import Journal, Mark, author
from olmis_release.deploy.lock import JOURNAL, RECORD, Hold
from olmis_release.deploy.resume import Wish, resume, take_over
from olmis_release.errors import (
    BadInput,
    InstanceLocked,
    JournalDamaged,
    LockLost,
    NotRestored,
    PreflightRefused,
    UsageError,
)
from olmis_release.instance.locking import LockSeen
from olmis_release.instance.ports import Fence, LedgerState
from olmis_release.instance.settings_key import kept_key, share_key
from olmis_release.plan.model import Outcome, PlannedStep, Run
from olmis_release.plan.records import runs, write_run
from olmis_release.plan.sets import load_plan
from tests.fakes.live_estate import LiveEstate, cut_off, dying, running_images, stand_still
from tests.fakes.lock import FakeLock
from tests.unit.deploy.test_resume import interrupted, is_settled, journal_of, standing

WISH = Wish(operator="C. Phiri")
ABORT = Wish(operator="C. Phiri", abort=True)
Waited = Callable[[], float]
FAR = "other-host machine boot space 12 345"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LiveEstate:
    stand_still(monkeypatch)
    made = LiveEstate(root=tmp_path / "here")
    made.serve_old()
    return made


@pytest.fixture
def there(here: LiveEstate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LiveEstate:
    """A second operator, after the first was killed when the new release had just been started."""
    cut_off(monkeypatch, here, step=6, moment="effect")
    return here.elsewhere(tmp_path / "there")


def taken_over(estate: LiveEstate, wish: Wish = WISH) -> Run:
    return take_over(estate.workspace, estate.site, wish)[0]


def from_far(estate: LiveEstate) -> None:
    """Let the holder be one of whose process nothing is known here."""
    estate.lock.standing = replace(standing(estate), claim=replace(standing(estate).claim, process=FAR))


def entries(estate: LiveEstate) -> list[tuple[int, LedgerState]]:
    return [(one.epoch, one.state) for one in estate.database.ledger.entries("uat")]


def test_another_workspace_cannot_resume_and_is_pointed_to_takeover(there: LiveEstate) -> None:
    with pytest.raises(InstanceLocked) as refusal:
        resume(there.workspace, there.site, WISH)
    assert refusal.value.resolution == "olmis-release takeover uat"


def test_another_workspace_cannot_deploy_either(there: LiveEstate) -> None:
    with pytest.raises(InstanceLocked) as refusal:
        there.really_deploy(there.another())
    assert refusal.value.resolution == "olmis-release takeover uat"


def test_a_takeover_goes_on_where_the_other_was_cut_off(there: LiveEstate) -> None:
    assert taken_over(there).outcome is Outcome.DEPLOYED
    assert is_settled(there)
    assert entries(there) == [(1, LedgerState.BEGUN), (2, LedgerState.ENDED)]


def test_the_old_lock_is_kept_as_evidence_until_the_run_has_ended(
    there: LiveEstate, monkeypatch: pytest.MonkeyPatch
) -> None:
    with dying(monkeypatch, **{"steps.await_ready.prove_new": interrupted}):
        assert taken_over(there).outcome is Outcome.HELD
    assert [one.claim.epoch for one in there.lock.aside] == [1]
    assert resume(there.workspace, there.site, WISH)[0].outcome is Outcome.DEPLOYED
    assert there.lock.aside == []


def test_a_takeover_takes_back_on_request(there: LiveEstate) -> None:
    assert taken_over(there, ABORT).outcome is Outcome.ROLLED_BACK
    assert running_images(there)["requisition"] == "7.1.0"
    assert is_settled(there)


def test_what_was_ended_elsewhere_is_only_written_down_where_it_began(here: LiveEstate, there: LiveEstate) -> None:
    taken_over(there)
    calls = list(here.engine.calls)
    run, _ = resume(here.workspace, here.site, WISH)
    assert (run.outcome, here.last.outcome) == (Outcome.DEPLOYED, Outcome.DEPLOYED)
    assert run_text(run).endswith(f"; {author()} ended it, and has on record how long users were cut off.")
    assert here.engine.calls == calls
    assert is_settled(here)
    assert here.really_deploy(here.go_back())[0].outcome is Outcome.DEPLOYED


def test_who_was_taken_over_learns_that_it_is_not_ended_and_may_take_it_back_over(
    here: LiveEstate, there: LiveEstate, monkeypatch: pytest.MonkeyPatch
) -> None:
    with dying(monkeypatch, **{"resume.recall_outage": interrupted}), pytest.raises(KeyboardInterrupt):
        taken_over(there)
    with pytest.raises(InstanceLocked) as refusal:
        resume(here.workspace, here.site, WISH)
    assert refusal.value.resolution == "olmis-release takeover uat"
    assert taken_over(here).outcome is Outcome.DEPLOYED
    assert is_settled(here)


def test_what_the_other_wrote_later_goes_before_what_was_written_here_and_never_arrived(
    here: LiveEstate, there: LiveEstate, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = cut_plan(here)
    Journal(journal_of(here), run=here.last.run, epoch=1).write(6, steps[5], Mark.UNKNOWN)
    with dying(monkeypatch, **{"steps.await_ready.prove_new": interrupted}):
        assert taken_over(there).outcome is Outcome.HELD
    assert taken_over(here).outcome is Outcome.DEPLOYED
    assert list(journal_of(here).parent.glob("journal.jsonl.until-e*"))


def cut_plan(estate: LiveEstate) -> tuple[PlannedStep, ...]:
    return load_plan(estate.workspace, estate.last.code).plan.steps


def test_without_the_lock_of_whoever_took_it_over_the_run_is_taken_back(
    here: LiveEstate, there: LiveEstate, monkeypatch: pytest.MonkeyPatch
) -> None:
    with dying(monkeypatch, **{"resume.recall_outage": interrupted}), pytest.raises(KeyboardInterrupt):
        taken_over(there)
    here.lock.standing = None
    with dying(monkeypatch), pytest.raises(NotRestored) as refusal:
        resume(here.workspace, here.site, WISH)
    assert refusal.value.resolution == "olmis-release takeover uat"
    assert taken_over(here).outcome is Outcome.ROLLED_BACK
    assert is_settled(here)


def test_a_holder_that_lives_is_not_taken_over(there: LiveEstate, monkeypatch: pytest.MonkeyPatch) -> None:
    from_far(there)
    look = FakeLock.look

    def alive(self: FakeLock) -> LockSeen | None:
        if self.standing is not None:
            self.give_sign(self.standing.id)
        return look(self)

    monkeypatch.setattr(FakeLock, "look", alive)
    with pytest.raises(InstanceLocked, match="somebody who lives") as refusal:
        taken_over(there)
    assert refusal.value.resolution == "olmis-release status uat"
    assert there.lock.aside == []


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> Waited:
    began = clock.monotonic_s()
    return lambda: clock.monotonic_s() - began


def test_a_holder_of_whom_nothing_is_known_is_waited_for_as_long_as_it_may_be_at_work(
    there: LiveEstate, waited: Waited
) -> None:
    from_far(there)
    taken_over(there)
    limits = there.config.timeouts
    assert waited() >= limits.lease_s + limits.step_s


def test_a_holder_that_died_on_this_host_is_not_listened_for(there: LiveEstate, waited: Waited) -> None:
    taken_over(there)
    assert waited() <= there.config.timeouts.step_s


def test_a_holder_that_ended_well_while_it_was_waited_for_leaves_nothing_to_take_over(
    there: LiveEstate, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended(*_: object) -> None:
        there.lock.free(standing(there).id)
        there.lock.kept.clear()
        there.database.ledger.end(Fence(instance="uat", epoch=1), outcome="deployed")

    monkeypatch.setattr("olmis_release.deploy.resume.wait_until_gone", ended)
    with pytest.raises(UsageError) as refusal:
        taken_over(there)
    assert refusal.value.resolution == "olmis-release status uat"
    assert there.lock.standing is None


def test_a_persons_lock_is_not_taken_over(there: LiveEstate) -> None:
    there.lock.standing = replace(standing(there), claim=replace(standing(there).claim, run=""))
    with pytest.raises(InstanceLocked) as refusal:
        taken_over(there)
    assert refusal.value.resolution == "olmis-release lock free uat"


def test_nothing_left_is_nothing_to_take_over(here: LiveEstate) -> None:
    with pytest.raises(UsageError, match="Nobody left an open run") as refusal:
        taken_over(here)
    assert refusal.value.resolution == "olmis-release status uat"


def test_a_lock_that_was_left_by_a_run_which_ended_here_is_removed_and_the_record_stays(
    here: LiveEstate, monkeypatch: pytest.MonkeyPatch
) -> None:
    with dying(monkeypatch), monkeypatch.context() as cut:
        cut.setattr(FakeLock, "free", lambda *_: None)
        run, _ = here.really_deploy()
    assert here.lock.standing is not None
    with pytest.raises(UsageError):
        taken_over(here)
    assert here.last == run
    assert here.lock.standing is None


def test_a_lock_without_a_record_and_an_open_entry_send_the_run_back(there: LiveEstate) -> None:
    there.lock.kept.clear()
    assert taken_over(there).outcome is Outcome.ROLLED_BACK
    assert running_images(there)["requisition"] == "7.1.0"
    assert is_settled(there)


def test_no_lock_but_an_open_entry_send_the_run_back(there: LiveEstate) -> None:
    there.lock.standing = None
    assert taken_over(there).outcome is Outcome.ROLLED_BACK
    assert is_settled(there)


def test_a_lock_that_was_taken_before_its_run_began_is_set_aside(
    here: LiveEstate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = here.made()
    instead = {"run._under_lock": interrupted, "lock.Hold._free": lambda _hold: None}
    with dying(monkeypatch, **instead), pytest.raises(KeyboardInterrupt):
        here.really_deploy(made)
    there = here.elsewhere(tmp_path / "there")
    with pytest.raises(UsageError):
        taken_over(there)
    assert there.lock.standing is None


def test_a_run_whose_journal_has_no_line_yet_had_touched_nothing(
    here: LiveEstate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off(monkeypatch, here, step=1, moment="before")
    there = here.elsewhere(tmp_path / "there")
    before = len(there.engine.calls)
    assert taken_over(there, ABORT).outcome is Outcome.REFUSED
    assert len(there.engine.calls) == before
    assert is_settled(there)


def test_the_plan_must_be_in_this_workspace_and_until_then_nothing_is_touched(there: LiveEstate) -> None:
    before = standing(there)
    for plan in (there.root / "plans").glob("*/plan.json"):
        plan.unlink()
    with pytest.raises(BadInput):
        taken_over(there)
    assert there.lock.standing == before


def test_a_copy_that_goes_on_where_the_journal_here_ends_is_taken(here: LiveEstate, there: LiveEstate) -> None:
    path = there.site.folder.run(here.last.run) / JOURNAL
    path.parent.mkdir(parents=True)
    path.write_bytes(b"".join(journal_of(here).read_bytes().splitlines(keepends=True)[:4]) + b'{"torn')
    assert taken_over(there).outcome is Outcome.DEPLOYED
    assert path.read_bytes().startswith(journal_of(here).read_bytes())


def test_two_histories_of_one_run_are_refused_and_the_lock_stays(here: LiveEstate, there: LiveEstate) -> None:
    before, steps = standing(here), cut_plan(here)
    path = journal_of(here)
    longer = path.read_bytes()
    path.write_bytes(b"")
    Journal(path, run=here.last.run, epoch=1).write(1, steps[0], Mark.INTENT, note="another past")
    assert path.read_bytes() != longer
    with pytest.raises(JournalDamaged, match="two different histories") as damage:
        taken_over(here)
    assert damage.value.exit_code == 16
    assert here.lock.standing == before


@pytest.mark.parametrize(
    "change",
    [
        {"run": "../../../../tmp/evil"},
        {"run": "20990101t000000"},
        {"code": "../../elsewhere"},
        {"instance": "prod"},
    ],
)
def test_a_record_that_is_not_that_of_the_lock_is_refused_and_writes_nothing(
    there: LiveEstate, change: dict[str, str]
) -> None:
    kept = there.lock.kept[standing(there).id]
    known = Run.model_validate_json(kept[RECORD])
    kept[RECORD] = known.model_copy(update=change).model_dump_json().encode()
    before = set(there.root.parent.rglob("*"))
    with pytest.raises(JournalDamaged):
        taken_over(there)
    new = set(there.root.parent.rglob("*")) - before
    assert {path.name for path in new} <= {"uat", "lock", "token", ".olmis-release"}


def test_what_no_version_would_keep_among_the_settings_is_not_copied(there: LiveEstate) -> None:
    kept = there.lock.kept[standing(there).id]
    for name in ("settings/../../../evil.env", "settings/..", "settings/.", "settings/", "/etc/evil.env",
                 "settings//etc/evil.env", "settings/a/b.env", "settings/authorized_keys", "evil.env"):  # fmt: skip
        kept[name] = b"evil"
    kept["settings/0123456789ab.env"] = b"MAIL_HOST='mail'\n"
    taken_over(there)
    assert not [path for path in there.root.parent.rglob("*") if path.is_file() and path.read_bytes() == b"evil"]
    copy = there.site.folder.settings / "0123456789ab.env"
    assert (copy.read_bytes(), copy.stat().st_mode & 0o777) == (b"MAIL_HOST='mail'\n", 0o600)


def test_whoever_was_taken_over_while_stopped_changes_nothing_when_it_wakes_up(
    here: LiveEstate, there: LiveEstate
) -> None:
    stopped = Hold(site=here.site, seen=standing(here))
    taken_over(there)
    with pytest.raises(LockLost):
        stopped.guard()
    with pytest.raises(LockLost):
        stopped.mirror(b"")
    with pytest.raises(LockLost):
        here.database.swap("point", failed="failed", fence=Fence(instance="uat", epoch=1))


def test_an_entry_that_somebody_else_carried_on_is_not_ended_by_who_began_it(
    here: LiveEstate, there: LiveEstate, monkeypatch: pytest.MonkeyPatch
) -> None:
    with dying(monkeypatch, **{"resume.recall_outage": interrupted}), pytest.raises(KeyboardInterrupt):
        taken_over(there)
    here.lock.standing = None
    record = here.last.model_copy(update={"outcome": Outcome.REFUSED})
    write_run(here.workspace, record)
    with pytest.raises(NotRestored) as refusal:
        here.really_deploy(here.another())
    assert refusal.value.resolution == "olmis-release takeover uat"
    assert entries(here)[-1] == (2, LedgerState.BEGUN)


def test_a_workspace_from_which_the_run_vanished_finds_it_on_the_target(there: LiveEstate) -> None:
    there.lock.standing = None
    with pytest.raises(NotRestored) as refusal:
        there.really_deploy(there.another())
    assert refusal.value.resolution == "olmis-release takeover uat"
    assert runs(there.workspace, "uat")[-1].outcome is Outcome.DEPLOYED


def test_the_journal_is_in_the_new_lock_before_the_old_one_goes(
    there: LiveEstate, monkeypatch: pytest.MonkeyPatch
) -> None:
    with dying(monkeypatch, **{"resume.recall_outage": interrupted}), pytest.raises(KeyboardInterrupt):
        taken_over(there)
    kept = there.lock.kept[standing(there).id]
    assert kept[JOURNAL].count(b"\n") == 11
    assert Run.model_validate_json(kept[RECORD]).epoch == 2


def test_a_plan_is_as_good_in_another_copy_of_the_workspace(here: LiveEstate, tmp_path: Path) -> None:
    share_key(here.site, Fence(instance="uat", epoch=0))
    made = here.made()
    there = here.elsewhere(tmp_path / "other")
    assert there.really_deploy(load_plan(there.workspace, made.code))[0].outcome is Outcome.DEPLOYED


def test_where_the_settings_of_the_old_release_are_not_there_is_no_way_back_and_so_none_forward(
    here: LiveEstate, tmp_path: Path
) -> None:
    share_key(here.site, Fence(instance="uat", epoch=0))
    here.settings(changed := "MAIL_HOST=other\nPOSTGRES_PASSWORD=open-sesame\n")
    made = here.another()
    there = here.elsewhere(tmp_path / "other")
    there.settings(changed)
    with pytest.raises(PreflightRefused, match="There is no way back from here"):
        there.really_deploy(load_plan(there.workspace, made.code))
    shutil.copytree(here.site.folder.settings, there.site.folder.settings, dirs_exist_ok=True)
    assert there.really_deploy(load_plan(there.workspace, made.code))[0].outcome is Outcome.DEPLOYED


@pytest.mark.parametrize("step", [1, 2])
def test_an_untouched_run_goes_forward_from_a_workspace_that_never_had_the_key(
    here: LiveEstate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    cut_off(monkeypatch, here, step=step, moment="intent")
    here.database.ledger.keys.clear()  # it never arrived there: only the lock has it
    there = here.elsewhere(tmp_path / "there")
    assert taken_over(there).outcome is Outcome.DEPLOYED
    assert there.database.ledger.keys["uat"] == kept_key(here.site).hex()
