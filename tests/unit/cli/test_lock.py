"""`lock`, `resume`, `takeover` and `deploy` over an open run, typed: exit status, STATE, and the one way out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from olmis_release.cli import wiring
from olmis_release.errors import StepFailed, TargetUnreachable
from olmis_release.events import Reporter
from olmis_release.instance.site import Site
from olmis_release.plan.model import Outcome
from olmis_release.plan.records import write_run
from olmis_release.workspace import Workspace
from tests.fakes.cli import INSTANCE, Desk
from tests.fakes.live_estate import LiveEstate, cut_off, dying, stand_still
from tests.fakes.lock import FakeLock
from tests.fakes.preflight import Place

SILENT = TargetUnreachable("The engine does not answer.", resolution="Check that it runs with `docker info`.")


@pytest.fixture
def estate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LiveEstate:
    stand_still(monkeypatch)
    made = LiveEstate(root=tmp_path / "here")
    made.write("manifests/instances/uat.yml", INSTANCE.format(name="uat", purpose="uat", approvals="[]"))
    made.serve_old()

    def open_site(_workspace: Workspace, _name: str, reporter: Reporter) -> Site:
        return replace(made.site, reporter=reporter)

    monkeypatch.setattr(wiring, "open_site", open_site)
    monkeypatch.setenv("OLMIS_RELEASE_OPERATOR", "C. Phiri")
    monkeypatch.setenv("COLUMNS", "120")
    return made


@pytest.fixture
def desk(estate: LiveEstate, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(root=estate.root, capsys=capsys, place=Place(root=estate.root))


def test_who_holds_an_instance_is_said_by_hand_taken_and_given_back(desk: Desk, estate: LiveEstate) -> None:
    assert "Nobody holds uat." in desk.type("lock", "status", "uat").out
    told = desk.type("lock", "take", "uat", "-m", "month-end")
    assert told.status == 0
    assert "uat is locked: month-end by " in told.out
    assert told.out.splitlines()[-1] == "Next: olmis-release lock free uat"
    assert desk.type("lock", "take", "uat", "-m", "again").status == 8
    assert desk.type("lock", "free", "uat").out.startswith("Nobody holds uat.")
    assert estate.lock.standing is None
    assert desk.type("lock", "free", "uat").status == 0


def test_a_lock_in_json_tells_everything_but_the_secret_of_its_workspace(desk: Desk) -> None:
    desk.type("lock", "take", "uat", "-m", "month-end")
    lock = desk.type("lock", "status", "uat", "--json").json["lock"]
    assert (lock["doing"], lock["epoch"], lock["run"], lock["token"]) == ("month-end", 1, "", None)


def test_a_deploy_is_kept_away_by_a_person_and_told_by_whom(desk: Desk) -> None:
    desk.type("lock", "take", "uat", "-m", "month-end")
    told = desk.type("deploy", "uat")
    assert told.status == 8
    assert "uat is locked: month-end by " in told.err
    assert told.out.splitlines()[-1] == "Next: olmis-release lock free uat"


def test_the_lock_of_a_run_is_freed_by_its_id_only(
    desk: Desk, estate: LiveEstate, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off(monkeypatch, estate, step=5, moment="intent")
    assert desk.type("lock", "free", "uat").status == 8
    assert desk.type("lock", "free", "uat", "--id", "000000000000").status == 8
    assert estate.lock.standing is not None
    assert desk.type("lock", "free", "uat", "--id", estate.lock.standing.id).status == 0
    assert estate.lock.standing is None


def test_a_deploy_over_an_open_run_ends_with_10_and_resume_leads_out(
    desk: Desk, estate: LiveEstate, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off(monkeypatch, estate, step=5, moment="intent")
    told = desk.type("deploy", "uat")
    assert (told.status, told.out.splitlines()[-1]) == (10, "Next: olmis-release resume uat")
    told = desk.type("resume", "uat")
    assert told.status == 0
    assert "STATE uat: open, serving 3.5.0+mw1." in told.out


@pytest.mark.parametrize("words", [("resume", "uat", "--abort"), ("rollback", "uat")])
def test_being_back_is_success_where_that_was_wanted(
    desk: Desk, estate: LiveEstate, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    cut_off(monkeypatch, estate, step=6, moment="effect")
    told = desk.type(*words)
    assert told.status == 0
    assert "STATE uat: open, serving 3.4.1+mw1, verified" in told.out


def test_status_and_takeover_lead_out_of_what_another_operator_left(
    desk: Desk, estate: LiveEstate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cut_off(monkeypatch, estate, step=6, moment="effect")
    there = estate.elsewhere(tmp_path / "there")
    monkeypatch.setattr(wiring, "open_site", lambda _w, _n, reporter: replace(there.site, reporter=reporter))
    other = Desk(root=there.root, capsys=capsys, place=desk.place)
    assert other.type("status", "uat").out.splitlines()[-1] == "Next: olmis-release takeover uat"
    assert other.type("resume", "uat").out.splitlines()[-1] == "Next: olmis-release takeover uat"
    told = other.type("takeover", "uat")
    assert (told.status, told.out.splitlines()[-1]) == (0, "Next: olmis-release status uat")


def test_a_target_that_is_silent_while_a_run_is_open_leaves_resume_as_the_way_out(
    desk: Desk, estate: LiveEstate, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off(monkeypatch, estate, step=6, moment="effect")
    estate.lock.silent = SILENT
    told = desk.type("resume", "uat")
    assert (told.status, told.out.splitlines()[-1]) == (17, "Next: olmis-release resume uat")
    assert "  Check that it runs with `docker info`." in told.err


@pytest.mark.parametrize(
    "error",
    [KeyboardInterrupt(), RuntimeError("a fault"), OSError(28, "No space left"), StepFailed("x", resolution="Look.")],
)
def test_whatever_ends_a_resume_the_next_line_leads_out(
    desk: Desk, estate: LiveEstate, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    cut_off(monkeypatch, estate, step=6, moment="effect")

    def ends(*_: object) -> None:
        raise error

    with dying(monkeypatch, **{"resume.recall_outage": ends}):
        told = desk.type("resume", "uat")
    assert told.status != 0
    assert told.out.splitlines()[-1] == "Next: olmis-release resume uat"
    assert desk.type("resume", "uat").status == 0


@pytest.mark.parametrize("known", [True, False])
def test_whatever_ends_a_takeover_the_next_line_is_a_takeover(
    desk: Desk,
    estate: LiveEstate,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    known: bool,
) -> None:
    cut_off(monkeypatch, estate, step=6, moment="effect")
    there = estate.elsewhere(tmp_path / "there")
    monkeypatch.setattr(wiring, "open_site", lambda _w, _n, reporter: replace(there.site, reporter=reporter))
    other = Desk(root=there.root, capsys=capsys, place=desk.place)

    def silent(*_: object) -> None:
        raise TargetUnreachable("The engine does not answer.", resolution="Check that it runs.")

    with dying(monkeypatch, **{"resume._lock_anew" if known else "resume.bring_here": silent}):
        told = other.type("takeover", "uat")
    assert (told.status, told.out.splitlines()[-1]) == (17, "Next: olmis-release takeover uat")
    assert other.type("takeover", "uat").status == 0


def test_a_record_that_could_not_be_written_at_the_end_is_completed_by_resume(
    desk: Desk, estate: LiveEstate, monkeypatch: pytest.MonkeyPatch
) -> None:
    estate.made()
    write = write_run

    def full(workspace: Workspace, run: object) -> None:
        if getattr(run, "outcome", None) is Outcome.DEPLOYED:
            raise OSError(28, "No space left on device")
        write(workspace, run)  # type: ignore[arg-type]

    with dying(monkeypatch, **{"closing.write_run": full}):
        told = desk.type("deploy", "uat")
    assert told.out.splitlines()[-1] == "Next: olmis-release resume uat"
    assert desk.type("resume", "uat").status == 0
    assert estate.last.outcome is Outcome.DEPLOYED


def test_a_run_that_lost_its_lock_says_who_has_it_now(
    desk: Desk, estate: LiveEstate, monkeypatch: pytest.MonkeyPatch
) -> None:
    estate.made()
    put, turns = FakeLock.put, iter(range(99))

    def lost_at_the_fifth(self: FakeLock, lock_id: str, files: dict[str, bytes]) -> None:
        put(self, lock_id, files)
        if next(turns) == 5:
            self.standing = None

    monkeypatch.setattr(FakeLock, "put", lost_at_the_fifth)
    told = desk.type("deploy", "uat")
    assert told.status == 8
    assert "STATE uat: held between 3.4.1+mw1 and 3.5.0+mw1" in told.out
    assert told.out.splitlines()[-1] == "Next: olmis-release resume uat"
    monkeypatch.setattr(FakeLock, "put", put)
    assert desk.type("resume", "uat").status == 0
