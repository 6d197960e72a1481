"""Row 36 of the bad inputs: each is refused before the target is asked, with a message of its own."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from olmis_release.plan.approval.judging import Fault
from olmis_release.plan.codes import sha256
from olmis_release.plan.sets import PlanSet
from tests.fakes.approvals import BANDA, DOE, MWALE, PHIRI, STRANGER, Office, in_hours, public, signed

Golden = Callable[[str, str], None]
Forge = Callable[[Office, PlanSet], Path | None]

CASES: dict[str, Forge] = {}


def case(forge: Forge) -> Forge:
    CASES[forge.__name__] = forge
    return forge


@case
def other_digest(office: Office, plan: PlanSet) -> Path:
    return office.approve(plan, PHIRI, "moh", plan="0" * 64)


@case
def replayed(office: Office, plan: PlanSet) -> Path:
    other = office.desk.plan(created="2026-11-29T00:00:00Z")
    filed = office.approve(other, PHIRI, "moh")
    copy = plan.folder / "approvals" / filed.name
    copy.parent.mkdir(exist_ok=True)
    shutil.copy(filed, copy)
    shutil.copy(f"{filed}.sig", f"{copy}.sig")
    return copy


@case
def other_instance(office: Office, plan: PlanSet) -> Path:
    return office.approve(plan, PHIRI, "moh", instance="prod")


@case
def other_namespace(office: Office, plan: PlanSet) -> Path:
    return office.file(plan, office.statement(plan, PHIRI, "moh"), namespace="git")


@case
def edited_by_one_byte(office: Office, plan: PlanSet) -> Path:
    path = office.approve(plan, PHIRI, "moh", comment="not before Monday")
    path.write_bytes(path.read_bytes().replace(b"not before", b"now before"))
    return path


@case
def edited_out_of_form(office: Office, plan: PlanSet) -> Path:
    path = office.approve(plan, PHIRI, "moh")
    path.write_bytes(path.read_bytes() + b"\n")
    return path


@case
def no_statement(office: Office, plan: PlanSet) -> Path:
    path = office.approve(plan, PHIRI, "moh")
    path.write_bytes(b"[" * 100_000)
    return path


@case
def not_signed(office: Office, plan: PlanSet) -> Path:
    path = office.approve(plan, PHIRI, "moh")
    path.with_name(f"{path.name}.sig").unlink()
    return path


@case
def signature_is_none(office: Office, plan: PlanSet) -> Path:
    path = office.approve(plan, PHIRI, "moh")
    path.with_name(f"{path.name}.sig").write_text("signed, C. Phiri\n", encoding="utf-8")
    return path


@case
def signature_of_another_statement(office: Office, plan: PlanSet) -> Path:
    path = office.approve(plan, PHIRI, "moh")
    path.with_name(f"{path.name}.sig").write_bytes(signed(b"{}", PHIRI))
    return path


@case
def unknown_key(office: Office, plan: PlanSet) -> Path:
    return office.file(plan, office.statement(plan, PHIRI, "moh"), key=STRANGER)


@case
def key_of_another_person(office: Office, plan: PlanSet) -> Path:
    return office.file(plan, office.statement(plan, PHIRI, "moh"), key=DOE)


@case
def speaks_for_another(office: Office, plan: PlanSet) -> Path:
    return office.approve(plan, PHIRI, "moh", recorded_by=DOE)


@case
def unknown_role(office: Office, plan: PlanSet) -> Path:
    return office.approve(plan, PHIRI, "minister")


@case
def role_not_allowed(office: Office, plan: PlanSet) -> Path:
    return office.approve(plan, PHIRI, "tech")


@case
def author(office: Office, plan: PlanSet) -> Path:
    return office.approve(plan, BANDA, "tech")


@case
def expired(office: Office, plan: PlanSet) -> Path:
    return office.approve(plan, PHIRI, "moh", at=in_hours(-40), expires=in_hours(-1))


@case
def older_than_the_policy_lets_it_be(office: Office, plan: PlanSet) -> Path:
    return office.approve(plan, PHIRI, "moh", at=in_hours(-24 * 15), expires=in_hours(9000))


@case
def future_dated(office: Office, plan: PlanSet) -> Path:
    return office.approve(plan, PHIRI, "moh", at=in_hours(2))


@case
def key_has_expired(office: Office, plan: PlanSet) -> Path:
    office.options[PHIRI] = 'valid-before="20260101"'
    return office.approve(plan, PHIRI, "moh")


@case
def key_was_not_valid_yet(office: Office, plan: PlanSet) -> Path:
    office.options[PHIRI] = f'valid-after="{in_hours(-0.5).translate(str.maketrans("", "", "-:TZ"))}"'
    return office.approve(plan, PHIRI, "moh")


@case
def key_has_expired_since(office: Office, plan: PlanSet) -> Path:
    office.options[PHIRI] = f'valid-before="{in_hours(-0.5).translate(str.maketrans("", "", "-:TZ"))}"'
    return office.approve(plan, PHIRI, "moh")


@case
def key_is_revoked(office: Office, plan: PlanSet) -> Path:
    office.desk.write("manifests/revoked_keys", f"{public(PHIRI)} C. Phiri\n")
    return office.approve(plan, PHIRI, "moh")


@case
def key_is_for_git_only(office: Office, plan: PlanSet) -> Path:
    office.options[PHIRI] = 'namespaces="git"'
    return office.approve(plan, PHIRI, "moh")


@case
def risk_not_seen(office: Office, plan: PlanSet) -> Path:
    return office.approve(plan, PHIRI, "moh", sees=())


@case
def on_paper_where_a_key_is_asked_for(office: Office, plan: PlanSet) -> Path:
    evidence = {"file": "page.pdf", "sha256": "0" * 64}
    return office.approve(plan, PHIRI, "moh", method="evidence", recorded_by=MWALE, evidence=evidence)


@case
def spoken_on_the_standard_route(office: Office, plan: PlanSet) -> Path:
    return office.approve(plan, PHIRI, "moh", method="verbal", recorded_by=MWALE)


@case
def evidence_that_was_changed(office: Office, plan: PlanSet) -> Path:
    office.desk.write(f"plans/{plan.code}/page.pdf", "another page")
    evidence = {"file": "page.pdf", "sha256": "0" * 64, "beside_plan": True}
    return office.approve(plan, PHIRI, "moh", evidence=evidence)


@case
def evidence_that_leads_elsewhere(office: Office, plan: PlanSet) -> Path:
    evidence = {"file": "../../settings/uat.env", "sha256": "0" * 64, "beside_plan": True}
    return office.approve(plan, PHIRI, "moh", evidence=evidence)


@case
def same_person_twice(office: Office, plan: PlanSet) -> Path:
    office.approve(plan, DOE, "moh")
    return office.approve(plan, DOE, "tech")


@case
def a_statement_taken_away(office: Office, plan: PlanSet) -> None:
    rejected = office.approve(plan, DOE, "tech", decision="reject", comment="untested", expires=None)
    office.approve(plan, PHIRI, "moh", after=[sha256(rejected.read_bytes())])
    rejected.unlink()


POLICY_OF = {"same_person_twice": "[moh, tech], approvers: {moh: [%(doe)s], tech: [%(doe)s, %(mwale)s]}"}


def prepared(office: Office, name: str) -> PlanSet:
    """Return a plan and put the forgery beside it; signers and policy are as they were when the plan was made."""
    wanted = POLICY_OF.get(name)
    if wanted:
        office.desk.instance("uat", approvals=wanted % {"doe": DOE, "mwale": MWALE})
    scratch = office.desk.plan(created="2026-11-27T00:00:00Z")
    CASES[name](office, scratch)  # once for what it does to the signers, which the plan then knows
    office.signers()
    shutil.rmtree(scratch.folder)
    plan = office.desk.plan(author="mbanda")
    CASES[name](office, plan)
    return plan


@pytest.mark.parametrize("name", CASES)
def test_a_forgery_is_refused_before_the_target_is_asked(office: Office, name: str, golden: Golden) -> None:
    plan = prepared(office, name)
    told = office.desk.type("deploy", "uat", "--plan", plan.code, "--confirm", "uat")
    assert told.status == 4, told.everything
    golden(f"approvals/{name}.txt", steady(told.err + told.out, plan.code))


def steady(text: str, code: str) -> str:
    """Return a message without what differs from run to run."""
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", text.replace(code, "F7DS-JEEJ"))
    text = re.sub(r"it (begins|ended) \d{4}-\d\d-\d\d", r"it \1 DAY", text)
    text = re.sub(r"\b[0-9a-f]{16}…", "HASH…", re.sub(r"\b[0-9a-f]{12}(?=\.json|…)", "HASH", text))
    text = re.sub(r"plan (?!F7DS)[0-9A-Z]{4}-[0-9A-Z]{4}", "plan K2QM-7RTA", text)
    return re.sub(r"SHA256:[\w+/]{43}", "SHA256:KEY", text)


def test_every_message_is_another(office: Office) -> None:
    folder = Path(__file__).resolve().parents[3] / "golden" / "approvals"
    told = {name: said(folder / f"{name}.txt") for name in CASES}
    alike = {"edited_out_of_form", "signature_of_another_statement"}  # as other cases that are there
    texts = [text for name, text in told.items() if name not in alike]
    assert len(set(texts)) == len(texts), told


def said(path: Path) -> str:
    """Return the sentence that says why, without the file's name."""
    return re.sub(r"plans/\S+", "", path.read_text(encoding="utf-8").splitlines()[1])


def test_every_fault_has_a_case_here_or_among_the_rules(office: Office) -> None:
    found = set()
    for name in CASES:
        plan = prepared(office, name)
        told = office.desk.type("plan", "verify", plan.code, "--json")
        assert told.status == 4, name
        found |= {one["fault"] for one in told.json["faulty"]}
        shutil.rmtree(plan.folder)
        office.options.clear()
        (office.desk.root / "manifests/revoked_keys").unlink(missing_ok=True)
        office.policy()
    others = {Fault.RECORDER_NOT_ALLOWED, Fault.NO_EVIDENCE, Fault.WRITING_OVERDUE}  # test_routes
    assert found | others == set(Fault)
