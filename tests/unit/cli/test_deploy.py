from collections.abc import Callable
from typing import Any

import pytest

from olmis_release.deploy.executor import Ending
from olmis_release.deploy.run import Order
from olmis_release.errors import JournalDamaged, PlanStale, PreflightRefused, StepFailed
from olmis_release.plan.model import Outcome, PlannedStep, PlanPurpose, Run, StepKind, WayBack
from tests.fakes.cli import Desk, a_run

Carry = Callable[..., list[Order]]
PROMISED = {"code", "release", "outcome", "way_back", "started", "ended", "outage_s", "exit_code", "format_version"}


@pytest.fixture
def carry(monkeypatch: pytest.MonkeyPatch) -> Carry:
    """Let every plan end as told; returns what was ordered."""

    def prepare(error: StepFailed | None = None, **values: Any) -> list[Order]:
        orders: list[Order] = []

        def carry_out(_workspace: object, _site: object, order: Order) -> tuple[Run, Ending]:
            orders.append(order)
            run = a_run(order.plan_set.code, **values)
            return run, Ending(outcome=run.outcome, failure=error)

        monkeypatch.setattr("olmis_release.deploy.run.carry_out", carry_out)
        return orders

    return prepare


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("olmis_release.deploy.gatekeeping.require_fresh", lambda *_: None)
    monkeypatch.setattr("olmis_release.plan.staleness.read_base", lambda *_: None)
    monkeypatch.setattr("olmis_release.plan.staleness.differences", lambda *_: ())


def test_the_one_open_plan_is_carried_out(desk: Desk, carry: Carry) -> None:
    plan_set, orders = desk.plan(), carry()
    told = desk.type("deploy", "uat")
    assert told.status == 0
    assert [(order.plan_set, order.operator) for order in orders] == [(plan_set, "M. Banda")]
    assert told.out.splitlines() == [
        "uat now runs 3.5.0+mw1, after 4 min 30 s; users were cut off for 48 s.",
        "STATE uat: open, serving 3.5.0+mw1.",
        "Next: olmis-release status uat",
    ]
    assert f"Code {plan_set.code}" in told.err


def test_a_plan_without_a_way_back_for_the_database_runs_only_when_that_is_typed_and_says_so(
    desk: Desk, carry: Carry
) -> None:
    plan_set, orders = desk.plan(way_back=WayBack.IMAGES), carry(way_back=WayBack.IMAGES, no_db_rollback=True)
    told = desk.type("deploy", "uat")
    assert (told.status, orders) == (2, [])
    assert f"Next: olmis-release deploy uat --plan {plan_set.code} --no-db-rollback (if that is meant)" in told.out
    told = desk.type("deploy", "uat", "--no-db-rollback")
    assert (told.status, len(orders)) == (0, 1)
    assert "what this release did to the database cannot be taken back" in told.out
    assert desk.type("deploy", "uat", "--no-db-rollback", "--json").json["no_db_rollback"] is True


def test_giving_up_the_database_is_refused_for_a_plan_that_takes_it_back(desk: Desk, carry: Carry) -> None:
    point = PlannedStep(kind=StepKind.TAKE_ROLLBACK_POINT, subject="", reason="")
    desk.plan(steps=(point,))
    orders = carry()
    told = desk.type("deploy", "uat", "--no-db-rollback")
    assert (told.status, orders) == (2, [])
    assert "olmis-release plan 3.5.0+mw1 --to uat --no-db-rollback" in told.out


def test_json_is_one_object_with_what_was_promised(desk: Desk, carry: Carry) -> None:
    desk.plan()
    carry()
    told = desk.type("deploy", "uat", "--json")
    assert set(told.json) >= PROMISED
    assert (told.json["outcome"], told.json["outage_s"], told.json["exit_code"]) == ("deployed", 48.25, 0)


def test_a_release_that_was_taken_back_ends_with_9_and_the_state_on_standard_output(desk: Desk, carry: Carry) -> None:
    desk.plan()
    failure = StepFailed("requisition answered 500.", resolution="Read its log.", details="NullPointerException")
    carry(failure, outcome=Outcome.ROLLED_BACK, exit_code=9, failure="requisition answered 500.")
    told = desk.type("deploy", "uat")
    assert told.status == 9
    assert "STATE uat: open, serving 3.4.1+mw1, verified" in told.out
    assert "error: requisition answered 500. [E-ROLLED-BACK]" in told.err
    assert "  NullPointerException" in told.err
    told = desk.type("--json", "deploy", "uat")
    assert set(told.json) >= PROMISED
    assert told.json["error"]["exit_code"] == told.json["exit_code"] == 9


def test_an_end_that_could_not_be_recorded_is_the_state_all_the_same(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        error = JournalDamaged("The deploy of 3.5.0+mw1 ended without record.", resolution="olmis-release resume uat")
        error.state = "uat: open, serving 3.5.0+mw1."
        raise error

    desk.plan()
    monkeypatch.setattr("olmis_release.deploy.run.carry_out", full)
    told = desk.type("deploy", "uat")
    assert told.status == 16
    assert told.out.splitlines()[-2:] == ["STATE uat: open, serving 3.5.0+mw1.", "Next: olmis-release resume uat"]


def test_a_run_that_needs_a_person_ends_with_10(desk: Desk, carry: Carry) -> None:
    desk.plan()
    carry(outcome=Outcome.NOT_RESTORED, exit_code=10, failure="It broke.")
    told = desk.type("deploy", "uat")
    assert told.status == 10
    assert "A person must act" in told.out


def test_several_open_plans_are_listed(desk: Desk, carry: Carry) -> None:
    one, other = desk.plan(), desk.plan(created="2026-11-28T17:30:00Z", author="C. Phiri")
    orders = carry()
    told = desk.type("deploy", "uat")
    assert told.status == 2
    assert f"--plan {one.code}   3.5.0+mw1, made 2026-11-28T17:00:00Z by M. Banda" in told.err
    assert f"Next: olmis-release deploy uat --plan {other.code}" in told.out
    assert orders == []


def test_a_plan_may_be_named_in_any_case(desk: Desk, carry: Carry) -> None:
    one, _ = desk.plan(), desk.plan(author="C. Phiri")
    orders = carry()
    assert desk.type("deploy", "uat", "--plan", one.code.lower()).status == 0
    assert orders[0].plan_set.code == one.code


def test_of_several_open_plans_the_only_fresh_one_is_taken(
    desk: Desk, carry: Carry, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.plan()
    fresh = desk.plan(author="C. Phiri", base=desk.plan().plan.base.model_copy(update={"settings": "now"}))
    monkeypatch.setattr(
        "olmis_release.plan.staleness.differences", lambda old, _new: () if old.settings == "now" else ("moved",)
    )
    orders = carry()
    assert desk.type("deploy", "uat").status == 0
    assert orders[0].plan_set.code == fresh.code


def test_a_plan_of_another_instance_is_refused(desk: Desk, carry: Carry) -> None:
    desk.instance("prod", purpose="production")
    plan_set = desk.plan()
    carry()
    told = desk.type("deploy", "prod", "--plan", plan_set.code)
    assert told.status == 2
    assert f"Plan {plan_set.code} is for uat, not for prod." in told.err


def test_without_an_open_plan_one_is_made_and_shown(desk: Desk, carry: Carry, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted: list[object] = []

    def make_plan(_workspace: object, _site: object, release: str | None, *, author: str, **_: object) -> object:
        wanted.extend([release, author])
        return desk.plan()

    monkeypatch.setattr("olmis_release.plan.make.make_plan", make_plan)
    carry()
    told = desk.type("deploy", "uat", "--release", "3.5.0+mw1")
    assert told.status == 0
    assert wanted == ["3.5.0+mw1", "M. Banda"]
    assert "3.4.1+mw1 -> 3.5.0+mw1" in told.err


def test_what_runs_already_is_nothing_to_do(desk: Desk, carry: Carry, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.deployed()
    monkeypatch.setattr("olmis_release.plan.make.make_plan", lambda *_, **__: None)
    orders = carry()
    told = desk.type("deploy", "uat")
    assert told.status == 0
    assert "nothing to do" in told.out
    assert "STATE uat: untouched, serving 3.5.0+mw1." in told.out
    assert orders == []
    assert set(desk.type("deploy", "uat", "--json").json) >= PROMISED


def test_where_approvals_are_asked_for_no_plan_is_made_on_the_way(desk: Desk, carry: Carry) -> None:
    desk.instance("uat", approvals="[moh-product-owner]")
    carry()
    told = desk.type("deploy", "uat")
    assert told.status == 2
    assert "moh-product-owner" in told.err
    assert "Next: olmis-release plan RELEASE --to uat" in told.out


def test_a_missing_approval_is_told_before_anything_is_asked(desk: Desk, carry: Carry) -> None:
    desk.instance("uat", approvals="[moh-product-owner]")
    desk.plan()
    orders = carry()
    told = desk.type("deploy", "uat")
    assert told.status == 4
    assert "STATE uat: untouched" in told.out
    assert orders == []


def test_production_is_confirmed_by_its_name(desk: Desk, carry: Carry) -> None:
    desk.instance("uat", purpose="production")
    desk.plan()
    orders = carry()
    assert desk.type("deploy", "uat").status == 2
    assert desk.type("deploy", "uat", "--confirm", "prod").status == 14
    assert desk.type("deploy", "uat", "--no-input").status == 2
    assert orders == []
    assert desk.type("deploy", "uat", "--confirm", "uat").status == 0


def test_a_stale_plan_tells_what_moved(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    plan_set = desk.plan()

    def stale(*_: object) -> None:
        raise PlanStale("Plan is stale.", resolution="Make a new one.", details="auth: 1 -> 2")

    monkeypatch.setattr("olmis_release.deploy.run.carry_out", stale)
    told = desk.type("deploy", "uat", "--plan", plan_set.code)
    assert told.status == 5
    assert "  auth: 1 -> 2" in told.err
    assert told.out.startswith("STATE uat: untouched")


def test_a_run_that_was_cut_off_forbids_another(desk: Desk, carry: Carry) -> None:
    run = desk.deployed(outcome=Outcome.RUNNING, ended=None, exit_code=None)
    orders = carry()
    told = desk.type("deploy", "uat")
    assert told.status == 10
    assert f"the deploy of 3.5.0+mw1 (plan {run.code}, begun 2026-11-28T18:02:11Z) has not ended" in told.out
    assert "Next: olmis-release resume uat" in told.out
    assert orders == []


def test_a_dry_run_shows_the_steps_and_carries_nothing_out(desk: Desk, carry: Carry) -> None:
    plan_set = desk.plan()
    orders = carry()
    told = desk.type("deploy", "uat", "--dry-run")
    assert told.status == 0
    assert "  1. pull 3 images: before any downtime" in told.out
    assert f"Next: olmis-release deploy uat --plan {plan_set.code}" in told.out
    assert orders == []


def test_a_rollback_plan_is_not_deployed_by_accident(desk: Desk, carry: Carry) -> None:
    desk.plan(purpose=PlanPurpose.ROLLBACK)
    one = desk.plan()
    orders = carry()
    assert desk.type("deploy", "uat").status == 0
    assert orders[0].plan_set.code == one.code


def test_quiet_says_only_the_state(desk: Desk, carry: Carry) -> None:
    desk.plan()
    carry()
    told = desk.type("-q", "deploy", "uat")
    assert (told.out, told.err) == ("STATE uat: open, serving 3.5.0+mw1.\n", "")


def test_a_used_plan_is_refused_before_anybody_is_asked(desk: Desk, carry: Carry) -> None:
    desk.instance("uat", purpose="production")
    run, orders = desk.deployed(), carry()
    told = desk.type("deploy", "uat", "--plan", run.code)
    assert told.status == 5
    assert "a plan runs once" in told.err
    assert orders == []


def test_of_plans_that_cannot_be_judged_the_newest_is_taken(
    desk: Desk, carry: Carry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(*_: object) -> None:
        raise PreflightRefused("mode 0644", resolution="chmod 600")

    monkeypatch.setattr("olmis_release.plan.staleness.read_base", unreadable)
    desk.plan()
    newest, orders = desk.plan(created="2026-11-28T17:30:00Z"), carry()
    assert desk.type("deploy", "uat").status == 0
    assert orders[0].plan_set.code == newest.code
