"""`approve`, `reject`, `revoke` and `plan verify`, typed by people with keys."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import pytest

from olmis_release.cli import wiring
from olmis_release.deploy.gatekeeping import require_approvals
from olmis_release.plan.approval.statement import Statement, canonical
from olmis_release.plan.model import Outcome
from olmis_release.plan.records import write_run
from olmis_release.plan.sets import PlanSet
from tests.fakes.approvals import BANDA, DOE, MWALE, PHIRI, STRANGER, Office, key_of
from tests.fakes.cli import a_run


@pytest.fixture
def plan(office: Office) -> PlanSet:
    return office.desk.plan(author="mbanda")


def statements(plan: PlanSet) -> list[Statement]:
    files = sorted((plan.folder / "approvals").glob("*.json"))
    return [Statement.model_validate_json(path.read_bytes()) for path in files]


def test_a_plan_is_approved_by_everybody_who_must_and_may_then_be_carried_out(office: Office, plan: PlanSet) -> None:
    first = office.type("approve", plan.code.lower(), PHIRI, "--as", "moh", "--comment", "go")
    assert first.status == 0, first.everything
    assert f"Recorded: approval of plan {plan.code} (3.5.0+mw1 on uat)" in first.out
    assert f"by {PHIRI} as moh, signature" in first.out
    assert "seen: changes-database" in first.out
    assert "approvals 1/2. Waiting for: tech." in first.out
    assert f"Next: olmis-release approve {plan.code} --as tech" in first.out
    second = office.type("approve", plan.code, DOE, "--as", "tech")
    assert "approvals 2/2. Waiting for: nobody." in second.out
    assert f"Next: olmis-release deploy uat --plan {plan.code}" in second.out
    require_approvals(office.desk.workspace, wiring.read_instance(office.desk.workspace, "uat"), plan)


def test_a_statement_is_canonical_and_anybody_can_check_it_with_ssh_keygen(office: Office, plan: PlanSet) -> None:
    assert office.type("approve", plan.code, PHIRI, "--as", "moh").status == 0
    [path] = (plan.folder / "approvals").glob("*.json")
    [statement] = statements(plan)
    assert path.read_bytes() == canonical(statement)
    assert (statement.plan, statement.instance, statement.person) == (plan.sha256, "uat", PHIRI)
    argv = ["ssh-keygen", "-Y", "verify", "-f", str(office.desk.root / "manifests/allowed_signers"), "-I", PHIRI]
    argv += ["-n", "olmis-plan-approval@v1", "-s", f"{path}.sig"]
    assert subprocess.run(argv, input=path.read_bytes(), capture_output=True, check=False).returncode == 0


def test_plan_verify_says_who_approved_and_who_is_missing(office: Office, plan: PlanSet) -> None:
    office.type("approve", plan.code, PHIRI, "--as", "moh")
    told = office.desk.type("plan", "verify", plan.code)
    assert told.status == 4
    assert f"is unchanged: SHA-256 {plan.sha256}" in told.out
    assert [line.split()[:3] for line in told.out.splitlines()[2:4]] == [
        ["moh", PHIRI, "signature"],
        ["tech", "-", "missing"],
    ]
    assert f"tech: no approval; it may come from {MWALE}, {DOE}, {BANDA}." in told.err
    assert f"Next: olmis-release approve {plan.code} --as tech" in told.everything
    found = office.desk.type("plan", "verify", plan.code, "--json").json
    assert [one["role"] for one in found["given"]] == ["moh"]
    assert found["missing"] == [{"role": "tech", "people": [MWALE, DOE, BANDA]}]
    assert (found["complete"], found["error"]["code"]) == (False, "E-APPROVAL-MISSING")


def test_one_rejection_is_enough_until_it_is_taken_back(office: Office, plan: PlanSet) -> None:
    office.approve(plan, PHIRI, "moh")
    office.approve(plan, MWALE, "tech")
    told = office.type("reject", plan.code, DOE, "--as", "tech", "--comment", "stock count on Monday")
    assert (told.status, "approvals 2/2, rejected" in told.out) == (0, True)
    refused = office.desk.type("deploy", "uat", "--confirm", "uat")
    assert refused.status == 4
    assert f"Plan {plan.code} was rejected. [E-PLAN-REJECTED]" in refused.err
    assert f"Rejected by {DOE} as tech on " in refused.err
    assert "stock count on Monday" in refused.err
    other = office.type("revoke", plan.code, MWALE, "--as", "tech")  # takes the own approval back, and no more
    assert (other.status, "approvals 1/2, rejected" in other.out) == (0, True)
    assert office.type("revoke", plan.code, DOE, "--as", "tech").status == 0
    assert office.type("approve", plan.code, MWALE, "--as", "tech").status == 0
    assert office.desk.type("plan", "verify", plan.code).status == 0


def test_an_approval_is_taken_back_and_given_again(office: Office, plan: PlanSet) -> None:
    office.type("approve", plan.code, PHIRI, "--as", "moh")
    told = office.type("revoke", plan.code, PHIRI, "--as", "moh", "--comment", "too early")
    assert "approvals 0/2. Waiting for: moh, tech." in told.out
    assert office.type("revoke", plan.code, PHIRI, "--as", "moh").status == 2
    assert "was taken back." in office.desk.type("plan", "verify", plan.code).out
    assert "approvals 1/2" in office.type("approve", plan.code, PHIRI, "--as", "moh", "--comment", "again").out


@pytest.mark.parametrize(
    ("person", "role", "status", "message"),
    [
        (STRANGER, "moh", 4, "is an unknown key"),
        (PHIRI, "tech", 4, f"is given as tech by {PHIRI}, who does not have that role"),
        (PHIRI, "minister", 4, "The policy of uat knows no role minister; it asks for: moh, tech."),
        (BANDA, "tech", 4, "an author does not approve it"),
    ],
)
def test_what_would_not_count_is_not_filed(
    office: Office, plan: PlanSet, person: str, role: str, status: int, message: str
) -> None:
    told = office.type("approve", plan.code, person, "--as", role)
    assert (told.status, message in told.err) == (status, True), told.everything
    assert not list(plan.folder.glob("approvals/*"))


def test_the_author_may_reject_what_he_made(office: Office, plan: PlanSet) -> None:
    assert office.type("reject", plan.code, BANDA, "--as", "tech").status == 0


def test_nobody_approves_in_two_roles(office: Office) -> None:
    office.desk.instance("uat", approvals=f"[moh, tech], approvers: {{moh: [{DOE}], tech: [{DOE}, {MWALE}]}}")
    plan = office.desk.plan()
    assert office.type("approve", plan.code, DOE, "--as", "tech").status == 0
    told = office.type("approve", plan.code, DOE, "--as", "moh")
    assert told.status == 4
    assert "every role needs another person" in told.err
    office.approve(plan, DOE, "moh")  # filed past the tool: it counts for one of the two roles
    assert office.desk.type("plan", "verify", plan.code).status == 4
    office.approve(plan, MWALE, "tech")
    assert office.desk.type("plan", "verify", plan.code).status == 0


def test_a_day_counts_to_its_end_in_the_instances_zone(office: Office, plan: PlanSet) -> None:
    told = office.type("approve", plan.code, PHIRI, "--as", "moh", "--until", "2999-01-01")
    assert told.status == 0
    policy_limit = statements(plan)[0].expires
    assert policy_limit is not None
    assert policy_limit < "2999"
    assert office.type("approve", plan.code, PHIRI, "--as", "moh", "--until", "2020-01-01").status == 2
    assert office.type("approve", plan.code, PHIRI, "--as", "moh", "--until", "soon").status == 2


def test_a_used_plan_is_not_decided_about_any_more(office: Office, plan: PlanSet) -> None:
    write_run(office.desk.workspace, a_run(plan.code, outcome=Outcome.DEPLOYED))
    assert office.type("approve", plan.code, PHIRI, "--as", "moh").status == 5


def test_where_nobody_has_to_approve_there_is_nothing_to_sign(office: Office) -> None:
    office.desk.instance("uat")
    plan = office.desk.plan()
    told = office.type("approve", plan.code, PHIRI, "--as", "moh")
    assert (told.status, "asks for no approval" in told.err) == (2, True)
    assert office.desk.type("plan", "verify", plan.code).status == 0
    assert plan.plan.base.signers == {}
    assert b'"signers"' not in (plan.folder / "plan.json").read_bytes()


def test_without_a_key_option_the_keys_of_ssh_are_tried(
    office: Office, plan: PlanSet, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told = office.desk.type("approve", plan.code, "--as", "moh")
    assert (told.status, "No key to sign with" in told.err, "--key FILE" in told.everything) == (2, True, True)
    (tmp_path / ".ssh").mkdir()
    for name, suffix in (("key", ""), ("key.pub", ".pub")):
        content = key_of(PHIRI).with_name(name).read_bytes()
        (tmp_path / ".ssh" / f"id_ed25519{suffix}").write_bytes(content)
    (tmp_path / ".ssh" / "id_ed25519").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert office.desk.type("approve", plan.code, "--as", "moh").status == 0


def test_a_key_in_an_agent_signs_by_its_public_half(
    office: Office, plan: PlanSet, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    key = tmp_path / "key.pub"
    key.write_bytes(key_of(PHIRI).with_name("key.pub").read_bytes())
    socket = tmp_path / "agent"
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.DEVNULL)
    try:
        monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
        while not socket.exists():
            time.sleep(0.01)
        subprocess.run(["ssh-add", "-q", str(key_of(PHIRI))], check=True)
        told = office.desk.type("approve", plan.code, "--as", "moh", "--key", str(key))
    finally:
        agent.terminate()
        agent.wait()
    assert told.status == 0, told.everything


def test_a_key_without_its_public_half_is_known_by_what_it_signs(office: Office, plan: PlanSet, tmp_path: Path) -> None:
    key = tmp_path / "alone"
    key.write_bytes(key_of(PHIRI).read_bytes())
    key.chmod(0o600)
    assert office.desk.type("approve", plan.code, "--as", "moh", "--key", str(key)).status == 0


def test_a_public_half_that_is_another_keys_deceives_nobody(office: Office, plan: PlanSet, tmp_path: Path) -> None:
    key = tmp_path / "mixed"
    key.write_bytes(key_of(DOE).read_bytes())
    key.chmod(0o600)
    key.with_name("mixed.pub").write_bytes(key_of(PHIRI).with_name("key.pub").read_bytes())
    told = office.desk.type("approve", plan.code, "--as", "moh", "--key", str(key))
    assert told.status == 4
    assert not list(plan.folder.glob("approvals/*"))


def test_a_key_with_a_passphrase_is_not_waited_for(office: Office, plan: PlanSet, tmp_path: Path) -> None:
    key = tmp_path / "locked"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret-9", "-f", key], check=True)
    key.with_suffix(".pub").unlink()
    told = office.desk.type("approve", plan.code, "--as", "moh", "--key", str(key))
    assert (told.status, "[E-SIGNING-KEY]" in told.err) == (4, True)
    assert f"ssh-add {key}" in told.everything
    assert "secret-9" not in told.everything


def test_status_and_history_tell_how_many_have_approved(office: Office, plan: PlanSet) -> None:
    office.approve(plan, PHIRI, "moh")
    told = office.desk.type("history", "uat")
    assert f"uat: plan {plan.code} is open: approvals 1/2; waiting for tech" in told.out
    assert office.desk.type("history", "uat", "--json").json["open_plans"][0]["code"] == plan.code


def test_the_next_line_of_a_plan_is_the_next_approval(office: Office, plan: PlanSet) -> None:
    office.approve(plan, PHIRI, "moh")
    told = office.desk.type("plan", "show", plan.code)
    assert f"Next: olmis-release approve {plan.code} --as tech" in told.out


def test_a_comment_cannot_deceive_a_terminal(office: Office, plan: PlanSet) -> None:
    office.approve(plan, DOE, "tech", decision="reject", comment="\x1b[2Jall is well\u202e", expires=None)
    told = office.desk.type("plan", "verify", plan.code)
    assert "\\x1b[2Jall is well\\u202e" in told.everything
    assert "\x1b[2J" not in told.everything


def test_the_schema_of_a_statement_is_printed(office: Office) -> None:
    told = office.desk.type("schema", "approval")
    assert json.loads(told.out)["title"] == "olmis-release: approval"
