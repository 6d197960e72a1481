"""Approvals at the gates: deploy, preflight, status, and what an emergency leaves behind."""

from __future__ import annotations

from typing import Any

import pytest

from olmis_release import clock
from olmis_release.cli import wiring
from olmis_release.deploy.executor import Ending
from olmis_release.deploy.gatekeeping import require_approvals, require_still_approved
from olmis_release.deploy.run import Order
from olmis_release.errors import ApprovalMissing
from olmis_release.plan.approval.desk import case_of, judged_in
from olmis_release.plan.approval.judging import Filed, judge
from olmis_release.plan.codes import sha256
from olmis_release.plan.model import Outcome, PlanPurpose, Run
from olmis_release.plan.records import write_run
from olmis_release.plan.sets import PlanSet
from olmis_release.preflight.model import CheckResult, Report, Status
from tests.fakes.approvals import BANDA, DOE, MWALE, PHIRI, Office, in_hours
from tests.fakes.cli import Desk, a_run
from tests.unit.plan.approval.test_routes import PATCH, SPOKEN

GOOD = CheckResult(check="disk", question="Is there room?", status=Status.OK, message="61 GB free", resolution="")


@pytest.fixture
def reached(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Office:
    """Return an office whose instance may be asked, and answers that all is well and nothing has moved."""
    monkeypatch.setattr("olmis_release.preflight.runner.run_checks", lambda _: Report(results=(GOOD,)))
    for module in ("plan.staleness", "deploy.gatekeeping"):
        monkeypatch.setattr(f"olmis_release.{module}.read_base", lambda *_: None)
        monkeypatch.setattr(f"olmis_release.{module}.differences", lambda *_: ())
    office = Office(desk=desk)
    office.policy()
    return office


def test_preflight_counts_the_approvals_of_the_open_plan(reached: Office) -> None:
    plan = reached.desk.plan()
    reached.approve(plan, PHIRI, "moh")
    told = reached.desk.type("preflight", "uat")
    assert told.status == 4, told.everything
    assert "approvals 1/2." in told.out
    assert "tech: no approval" in told.err
    assert f"Next: olmis-release approve {plan.code} --as tech" in told.everything
    reached.approve(plan, DOE, "tech")
    assert reached.desk.type("preflight", "uat", "--plan", plan.code).status == 0
    assert reached.desk.type("preflight", "uat", "--json").json["approvals"]["complete"] is True


def test_a_plan_that_everybody_approved_is_carried_out(reached: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    orders: list[Order] = []

    def carry_out(_workspace: object, _site: object, order: Order) -> tuple[Run, Ending]:
        orders.append(order)
        return a_run(order.plan_set.code), Ending(outcome=Outcome.DEPLOYED, failure=None)

    monkeypatch.setattr("olmis_release.deploy.run.carry_out", carry_out)
    plan = reached.desk.plan()
    reached.type("approve", plan.code, PHIRI, "--as", "moh")
    assert (reached.desk.type("deploy", "uat").status, orders) == (4, [])
    reached.type("approve", plan.code, DOE, "--as", "tech")
    assert reached.desk.type("deploy", "uat").status == 0
    assert [order.plan_set.code for order in orders] == [plan.code]


def test_status_counts_them_too(reached: Office) -> None:
    plan = reached.desk.plan()
    reached.approve(plan, PHIRI, "moh")
    assert f"uat: plan {plan.code} is open: approvals 1/2; waiting for tech" in reached.desk.type("status", "uat").out


def test_nothing_is_told_where_nobody_has_to_approve(desk: Desk) -> None:
    desk.plan()
    assert "approvals" not in desk.type("history", "uat").out
    assert desk.type("history", "uat", "--json").json["open_plans"] == []


def config_of(office: Office) -> Any:
    return wiring.read_instance(office.desk.workspace, "uat")


def test_an_approval_taken_back_while_the_lock_was_waited_for_is_noticed(office: Office) -> None:
    plan = office.desk.plan()
    office.approve(plan, PHIRI, "moh")
    office.approve(plan, DOE, "tech")
    require_still_approved(office.desk.workspace, config_of(office), plan, operator="mbanda")
    office.type("revoke", plan.code, DOE, "--as", "tech")
    with pytest.raises(ApprovalMissing, match="lacks the approval of: tech"):
        require_still_approved(office.desk.workspace, config_of(office), plan, operator="mbanda")


@pytest.mark.parametrize("operator", [MWALE, MWALE.upper()])
def test_on_production_nobody_carries_out_what_only_he_approved(office: Office, operator: str) -> None:
    office.desk.instance("uat", purpose="production", approvals=f"[tech], approvers: {{tech: [{MWALE}]}}")
    plan = office.desk.plan()
    office.approve(plan, MWALE, "tech")
    workspace = office.desk.workspace
    require_still_approved(workspace, config_of(office), plan, operator="mbanda")
    with pytest.raises(ApprovalMissing, match=f"by {MWALE} alone"):
        require_still_approved(workspace, config_of(office), plan, operator=operator)


def test_going_back_takes_the_emergency_route_and_says_how_it_goes_on(office: Office) -> None:
    office.policy("emergency_approvals: [tech]")
    plan = office.desk.plan(purpose=PlanPurpose.ROLLBACK, release="3.4.1+mw1")
    told = office.type("approve", plan.code, DOE, "--as", "tech")
    assert (told.status, "Next: olmis-release rollback uat --to 3.4.1+mw1" in told.out) == (0, True), told.everything


def test_a_rollback_that_lacks_an_approval_asks_nobody_to_confirm(
    reached: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = reached.desk.plan(purpose=PlanPurpose.ROLLBACK, release="3.4.1+mw1")
    monkeypatch.setattr("olmis_release.plan.make.make_rollback_plan", lambda *_, **__: plan)
    told = reached.desk.type("rollback", "uat", "--data", "restore")
    assert told.status == 4, told.everything
    assert f"Next: olmis-release approve {plan.code} --as moh" in told.out


def test_the_author_is_known_by_every_name(office: Office) -> None:
    office.policy("evidence_roles: [tech]")
    for author in ("mbanda", BANDA, BANDA.upper()):
        plan = office.desk.plan(author=author)
        evidence = {"file": "page.pdf", "sha256": "0" * 64}
        office.approve(plan, BANDA, "tech", method="evidence", recorded_by=PHIRI, evidence=evidence)
        assert "an author does not approve it" in office.desk.type("plan", "verify", plan.code).err


def emergency_carried_out(office: Office) -> PlanSet:
    office.policy(SPOKEN)
    plan = office.desk.plan(patch=PATCH)
    office.approve(plan, PHIRI, "moh", method="verbal", recorded_by=DOE, at=in_hours(-30))
    write_run(office.desk.workspace, a_run(plan.code, outcome=Outcome.DEPLOYED))
    return plan


def test_a_spoken_approval_whose_writing_is_overdue_blocks_the_next_ordinary_plan(office: Office) -> None:
    earlier = emergency_carried_out(office)
    plan = office.desk.plan(created="2026-12-01T00:00:00Z")
    office.approve(plan, PHIRI, "moh")
    office.approve(plan, MWALE, "tech")
    with pytest.raises(ApprovalMissing, match="Writing is owed to uat") as refused:
        require_approvals(office.desk.workspace, config_of(office), plan)
    assert refused.value.code == "E-WRITING-OWED"
    assert refused.value.resolution == f"olmis-release approve {earlier.code} --as moh --by {PHIRI} --evidence FILE"
    page = office.desk.write("page.pdf", "signed")
    told = office.type("approve", earlier.code, DOE, "--as", "moh", "--by", PHIRI, "--evidence", str(page))
    assert (told.status, "Next: olmis-release history uat" in told.out) == (0, True), told.everything
    require_approvals(office.desk.workspace, config_of(office), plan)


def test_it_does_not_block_the_next_emergency(office: Office) -> None:
    emergency_carried_out(office)
    plan = office.desk.plan(patch=PATCH, created="2026-12-01T00:00:00Z")
    office.approve(plan, PHIRI, "moh")
    require_approvals(office.desk.workspace, config_of(office), plan)


def test_any_byte_changed_in_a_statement_is_found(office: Office) -> None:
    plan = office.desk.plan()
    path = office.approve(plan, PHIRI, "moh", comment="not before Monday")
    case = case_of(office.desk.workspace, config_of(office), plan, now=clock.now())
    [good] = judged_in(office.desk.workspace, plan, case)
    assert good.fault is None
    data, signature = path.read_bytes(), path.with_name(f"{path.name}.sig").read_bytes()
    for place in range(0, len(data), 5):
        for changed in (bytes([data[place] ^ 1]), bytes([data[place]]) * 2, b""):
            edited = data[:place] + changed + data[place + 1 :]
            if edited != data:
                assert judge(_filed(edited, signature), sha256(edited), case).is_forgery, (place, changed)


def _filed(data: bytes, signature: bytes) -> Filed:
    return Filed(file="a.json", data=data, signature=signature)


def test_a_folder_in_place_of_a_signature_is_none(office: Office) -> None:
    plan = office.desk.plan()
    path = office.approve(plan, PHIRI, "moh")
    signature = path.with_name(f"{path.name}.sig")
    signature.unlink()
    signature.mkdir()
    told = office.desk.type("plan", "verify", plan.code)
    assert (told.status, "is not signed" in told.err) == (4, True)
