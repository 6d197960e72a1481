"""On paper and by word of mouth: who may, on which route, and what is owed then."""

from __future__ import annotations

from datetime import timedelta

import pytest

from olmis_release import clock
from olmis_release.manifest.emergency import Impact, Patch, Priority, Route, Urgency
from olmis_release.plan.codes import sha256
from olmis_release.plan.sets import PlanSet
from tests.fakes.approvals import DOE, MWALE, PHIRI, Office, in_hours

ON_PAPER = "evidence_roles: [moh]"
SPOKEN = "emergency_approvals: [moh], verbal_roles: [moh]"
PATCH = Patch(
    base="3.5.0+mw1",
    base_sha256="0" * 64,
    components=("requisition",),
    ticket="MW-1480",
    impact=Impact.EXTENSIVE,
    urgency=Urgency.CRITICAL,
    priority=Priority.BLOCKER,
    route=Route.EMERGENCY,
)


def emergency(office: Office, policy: str = SPOKEN) -> PlanSet:
    office.policy(policy)
    return office.desk.plan(patch=PATCH)


def test_a_signed_page_is_recorded_by_somebody_else_and_looked_at_again(office: Office) -> None:
    office.policy(ON_PAPER)
    plan = office.desk.plan()
    page = office.desk.write(f"plans/{plan.code}/page.pdf", "signed, C. Phiri")
    told = office.type("approve", plan.code, DOE, "--as", "moh", "--evidence", str(page))
    assert told.status == 0, told.everything
    assert f"by {PHIRI} as moh, evidence, recorded by {DOE}" in told.out
    assert f"evidence page.pdf sha256 {sha256(b'signed, C. Phiri')}" in told.out
    page.write_text("signed, somebody", encoding="utf-8")
    changed = office.desk.type("plan", "verify", plan.code)
    assert (changed.status, "rests on page.pdf, which was changed since" in changed.err) == (4, True)


def test_who_recorded_a_page_may_still_approve_for_himself(office: Office) -> None:
    office.policy(ON_PAPER)
    plan = office.desk.plan()
    page = office.desk.write("page.pdf", "signed, C. Phiri")
    assert office.type("approve", plan.code, DOE, "--as", "moh", "--evidence", str(page), "--by", PHIRI).status == 0
    assert office.type("approve", plan.code, DOE, "--as", "tech").status == 0
    assert office.desk.type("plan", "verify", plan.code).status == 0


def test_a_person_signs_and_shows_a_page_as_well(office: Office) -> None:
    plan = office.desk.plan()
    page = office.desk.write("page.pdf", "signed")
    told = office.type("approve", plan.code, PHIRI, "--as", "moh", "--evidence", str(page))
    assert (told.status, "as moh, signature" in told.out) == (0, True)


@pytest.mark.parametrize(
    ("policy", "by", "message"),
    [
        ("", PHIRI, "is on paper, and moh has to sign with a key (evidence_roles)"),
        (ON_PAPER, MWALE, "who does not have that role"),
        (f"{ON_PAPER}, recorders: [{MWALE}]", PHIRI, f"was recorded by {DOE}, who may not record"),
    ],
)
def test_a_page_counts_only_where_the_policy_says_so(office: Office, policy: str, by: str, message: str) -> None:
    office.policy(policy)
    plan = office.desk.plan()
    page = office.desk.write("page.pdf", "signed")
    told = office.type("approve", plan.code, DOE, "--as", "moh", "--evidence", str(page), "--by", by)
    assert (told.status, message in told.err) == (4, True), told.everything


def test_whose_page_it_is_must_be_said_where_several_may(office: Office) -> None:
    office.policy("evidence_roles: [tech]")
    plan = office.desk.plan()
    page = office.desk.write("page.pdf", "signed")
    told = office.type("approve", plan.code, PHIRI, "--as", "tech", "--evidence", str(page))
    assert (told.status, "--by NAME" in told.everything) == (2, True)


def test_a_paper_without_a_file_is_none(office: Office) -> None:
    office.policy(ON_PAPER)
    plan = office.desk.plan()
    told = office.type("approve", plan.code, DOE, "--as", "moh", "--by", PHIRI)
    assert (told.status, "names no file that would show it" in told.err) == (4, True)


def test_on_the_emergency_route_a_spoken_word_will_do_and_the_writing_is_owed(office: Office) -> None:
    plan = emergency(office)
    told = office.type("approve", plan.code, DOE, "--as", "moh", "--verbal-by", PHIRI)
    assert told.status == 0, told.everything
    verified = office.desk.type("plan", "verify", plan.code)
    assert verified.status == 0, verified.everything
    assert f"verbal, recorded by {DOE}, in writing by " in verified.out
    page = office.desk.write("page.pdf", "signed")
    assert office.type("approve", plan.code, DOE, "--as", "moh", "--by", PHIRI, "--evidence", str(page)).status == 0
    assert "evidence, recorded by" in office.desk.type("plan", "verify", plan.code).out


def test_a_spoken_word_without_its_writing_lapses(office: Office) -> None:
    plan = emergency(office)
    office.approve(plan, PHIRI, "moh", method="verbal", recorded_by=DOE, at=in_hours(-25))
    told = office.desk.type("plan", "verify", plan.code)
    assert (told.status, "was spoken, and not given in writing by " in told.err) == (4, True)
    assert office.desk.type("plan", "verify", plan.code, "--json").json["faulty"][0]["fault"] == "writing-overdue"


def test_a_role_that_may_not_speak_does_not(office: Office) -> None:
    plan = emergency(office, "emergency_approvals: [tech]")
    told = office.type("approve", plan.code, PHIRI, "--as", "tech", "--verbal-by", MWALE)
    assert (told.status, "may not approve so (verbal_roles)" in told.err) == (4, True)


def test_an_emergency_asks_those_whom_the_policy_names_for_it(office: Office) -> None:
    plan = emergency(office)
    assert office.desk.type("plan", "verify", plan.code, "--json").json["roles"] == ["moh"]


def test_who_recorded_a_word_may_take_it_back_and_nobody_else_a_signature(office: Office) -> None:
    plan = emergency(office)
    office.type("approve", plan.code, DOE, "--as", "moh", "--verbal-by", PHIRI)
    assert office.type("revoke", plan.code, MWALE, "--as", "moh", "--by", PHIRI).status == 2
    assert office.type("revoke", plan.code, DOE, "--as", "moh", "--by", PHIRI).status == 0
    office.type("reject", plan.code, PHIRI, "--as", "moh")
    assert office.type("revoke", plan.code, DOE, "--as", "moh", "--by", PHIRI).status == 2
    assert office.desk.type("plan", "verify", plan.code).status == 4


def test_two_names_for_one_decision_are_refused(office: Office) -> None:
    plan = emergency(office)
    assert office.type("approve", plan.code, DOE, "--as", "moh", "--verbal-by", PHIRI, "--by", PHIRI).status == 2


def test_an_approval_lapses_while_it_is_waited_for(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = emergency(office)
    office.type("approve", plan.code, PHIRI, "--as", "moh")
    assert office.desk.type("plan", "verify", plan.code).status == 0
    later = clock.now() + timedelta(hours=337)
    monkeypatch.setattr(clock, "now", lambda: later)
    told = office.desk.type("plan", "verify", plan.code)
    assert (told.status, "expired on" in told.err) == (4, True)
