from typing import Any

import pytest

from olmis_release.deploy.executor import Ending
from olmis_release.deploy.resume import Wish
from olmis_release.deploy.run import Order
from olmis_release.errors import RollbackRefused
from olmis_release.plan.model import Outcome, PlanPurpose, Run
from tests.fakes.cli import Desk, a_run


@pytest.fixture
def asked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Let every rollback be planned and succeed; keeps what was asked for and ordered."""
    kept: list[Any] = []

    def make(_workspace: object, _site: object, *, to: str | None, restore_data: bool, author: str) -> object:
        kept.append((to, restore_data, author))
        return desk.plan(purpose=PlanPurpose.ROLLBACK, release="3.4.1+mw1", previous="3.5.0+mw1")

    def carry_out(_workspace: object, _site: object, order: Order) -> tuple[Run, Ending]:
        kept.append((order.operator, order.reason))
        run = a_run(
            order.plan_set.code, kind=PlanPurpose.ROLLBACK, release="3.4.1+mw1", previous="3.5.0+mw1", outage_s=0.0
        )
        return run, Ending(outcome=run.outcome)

    monkeypatch.setattr("olmis_release.plan.make.make_rollback_plan", make)
    monkeypatch.setattr("olmis_release.deploy.run.carry_out", carry_out)
    return kept


def test_back_to_the_last_good_release_with_data_kept(desk: Desk, asked: list[Any]) -> None:
    told = desk.type("rollback", "uat", "--reason", "requisitions fail")
    assert told.status == 0
    assert asked == [(None, False, "M. Banda"), ("M. Banda", "requisitions fail")]
    assert "uat now runs 3.4.1+mw1, after 4 min 30 s; users were not cut off." in told.out
    assert "STATE uat: open, serving 3.4.1+mw1." in told.out
    assert "In data this costs: Nothing is lost before the release is accepted." in told.err


def test_putting_data_back_is_always_confirmed(desk: Desk, asked: list[Any]) -> None:
    told = desk.type("rollback", "uat", "--data", "restore")
    assert told.status == 2
    assert "--confirm uat" in told.out
    assert asked == [(None, True, "M. Banda")]
    assert desk.type("rollback", "uat", "--data", "restore", "--confirm", "uat").status == 0


def test_another_release_may_be_named(desk: Desk, asked: list[Any]) -> None:
    assert desk.type("rollback", "uat", "--to", "3.4.1+mw1", "--json").json["outcome"] == "deployed"
    assert asked[0][0] == "3.4.1+mw1"


def test_a_dry_run_shows_the_plan_only(desk: Desk, asked: list[Any]) -> None:
    told = desk.type("rollback", "uat", "-n")
    assert told.status == 0
    assert "3.5.0+mw1 -> 3.4.1+mw1" in told.out
    assert "Next: olmis-release rollback uat" in told.out
    assert len(asked) == 1


def test_a_dry_run_names_the_command_that_carries_out_what_it_showed(desk: Desk, asked: list[Any]) -> None:
    told = desk.type("rollback", "uat", "-n", "--to", "3.4.1+mw1", "--data", "restore")
    assert told.out.rstrip().endswith("Next: olmis-release rollback uat --to 3.4.1+mw1 --data restore")


def test_a_refusal_ends_with_12(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RollbackRefused("There is nothing to roll back to.", resolution="olmis-release history uat")

    monkeypatch.setattr("olmis_release.plan.make.make_rollback_plan", refuse)
    told = desk.type("rollback", "uat")
    assert told.status == 12
    assert told.out.startswith("STATE uat: untouched")


@pytest.mark.parametrize("left", [Outcome.RUNNING, Outcome.NOT_RESTORED])
@pytest.mark.parametrize(
    ("outcome", "status"), [(Outcome.ROLLED_BACK, 0), (Outcome.DEPLOYED, 0), (Outcome.NOT_RESTORED, 10)]
)
def test_a_run_that_did_not_come_to_its_end_is_taken_back_or_finished(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, left: Outcome, outcome: Outcome, status: int
) -> None:
    cut_off = desk.deployed(outcome=left, ended=None, exit_code=None)

    def resume(_workspace: object, _site: object, wish: Wish) -> tuple[Run, Ending]:
        assert wish == Wish(operator="M. Banda", abort=True)
        exit_code = {Outcome.ROLLED_BACK: 9, Outcome.DEPLOYED: 0, Outcome.NOT_RESTORED: 10}[outcome]
        return a_run(cut_off.code, outcome=outcome, exit_code=exit_code), Ending(outcome=outcome)

    monkeypatch.setattr("olmis_release.deploy.resume.resume", resume)
    told = desk.type("rollback", "uat")
    assert told.status == status
    assert "did not come to its end" in told.err
    assert told.out.count("STATE uat: ") == 1


def test_a_release_that_is_named_goes_before_what_was_left_unproved(desk: Desk, asked: list[Any]) -> None:
    desk.deployed(outcome=Outcome.NOT_RESTORED, exit_code=10)
    assert desk.type("rollback", "uat", "--to", "3.4.1+mw1").status == 0
    assert asked[0][0] == "3.4.1+mw1"


def test_a_dry_run_of_taking_back_changes_nothing(desk: Desk) -> None:
    desk.deployed(outcome=Outcome.RUNNING, ended=None, exit_code=None)
    told = desk.type("rollback", "uat", "--dry-run")
    assert told.status == 0
    assert "has not ended" in told.out
