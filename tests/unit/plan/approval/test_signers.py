"""Who may sign: what a file of signers may say, and that its change is found."""

import subprocess
from pathlib import Path

import pytest

from olmis_release.instance.config import Policy
from olmis_release.plan.approval.signers import read_signers
from tests.fakes.approvals import DOE, PHIRI, Office, key_of, public

GOOD = "c.phiri@moh.example"


def problems(office: Office, *lines: str) -> list[str]:
    office.desk.write("manifests/allowed_signers", "\n".join(lines))
    return [str(one) for one in read_signers(office.desk.workspace).problems]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        pytest.param("*@moh.example {key}", "'*@moh.example' is a pattern (wildcard)", id="wildcard"),
        pytest.param("c.phiri@moh.example,a?b {key}", "'a?b' is a pattern (wildcard)", id="one-letter"),
        pytest.param("!c.phiri@moh.example {key}", "is a pattern (wildcard)", id="negated"),
        pytest.param("ca@moh.example cert-authority {key}", "cert-authority would let somebody else", id="ca"),
        pytest.param('ca@moh.example valid-after="20260101",CERT-AUTHORITY {key}', "cert-authority", id="ca-second"),
        pytest.param("a@b.example no-touch-required {key}", "'no-touch-required' is no option", id="option"),
        pytest.param('a@b.example valid-after="tomorrow" {key}', "'tomorrow' is not a time", id="time"),
        pytest.param('a@b.example valid-after="20261340" {key}', "month must be in 1..12", id="no-such-day"),
        pytest.param("a@b.example ssh-ed25519 AAAA", "the key is not of the type", id="short-key"),
        pytest.param("a@b.example ssh-rsa {blob}", "the key is not of the type 'ssh-rsa'", id="other-type"),
        pytest.param("{key}", "is not a line of names", id="no-name"),
        pytest.param("../../x {key}", "'../../x' is not a name", id="path"),
        pytest.param("just text", "is not a line of names", id="text"),
    ],
)
def test_a_line_by_which_somebody_could_sign_for_others_is_refused(office: Office, line: str, message: str) -> None:
    key = public(DOE)
    found = problems(office, "# signers", line.format(key=key, blob=key.split()[1]))
    assert len(found) == 1
    assert found[0].startswith("manifests/allowed_signers:2: ")
    assert message in found[0]


def test_a_key_and_a_name_are_one_persons(office: Office) -> None:
    found = problems(
        office, f"a@x.example {public(DOE)}", f"b@x.example {public(DOE)}", f"c,a@x.example {public(PHIRI)}"
    )
    assert found == [
        "manifests/allowed_signers:2: this key stands on line 1 already; a key is one person's.",
        "manifests/allowed_signers:3: a@x.example is a@x.example on line 1 and c here.",
    ]


def test_a_person_may_have_two_keys_and_other_names(office: Office) -> None:
    assert problems(office, f"a@x.example,alias {public(DOE)}", f"a@x.example {public(PHIRI)} comment") == []
    signers = read_signers(office.desk.workspace)
    assert [one.person for one in signers.keys] == ["a@x.example", "a@x.example"]
    assert signers.names_of("a@x.example") == signers.names_of("alias") == {"a@x.example", "alias"}


def test_a_name_in_other_letters_is_not_another_person(office: Office) -> None:
    found = problems(office, f"a@x.example {public(DOE)}", f"A@x.example {public(PHIRI)}")
    assert found == ["manifests/allowed_signers:2: A@x.example is a@x.example on line 1 and A@x.example here."]


def test_what_is_revoked_is_read_or_no_signature_counts(office: Office, tmp_path: Path) -> None:
    file = office.desk.write("manifests/revoked_keys", f"# lost\n{public(DOE)} J. Doe\nc.phiri's laptop\n")
    found = [str(one) for one in read_signers(office.desk.workspace).problems]
    assert len(found) == 1
    assert found[0].startswith("manifests/revoked_keys:3: this is not a public key")
    file.unlink()
    key = key_of(DOE).with_name("key.pub")
    subprocess.run(["ssh-keygen", "-q", "-k", "-f", str(file), str(key)], check=True)
    assert read_signers(office.desk.workspace).problems == ()
    plan = office.desk.plan()
    office.approve(plan, DOE, "tech")
    assert "which is revoked" in office.desk.type("plan", "verify", plan.code).err


@pytest.mark.parametrize("name", ["allowed_signers", "revoked_keys"])
def test_a_file_that_cannot_be_read_is_not_taken_for_an_empty_one(office: Office, name: str) -> None:
    office.desk.write(f"manifests/{name}", "#" * 2_000_000)
    told = office.desk.type("plan", "verify", office.desk.plan().code)
    assert (told.status, f"manifests/{name}: cannot be read, or is too large." in told.err) == (4, True)


@pytest.mark.parametrize(
    "line", ["*@moh.example {key}", "ca@moh.example cert-authority {key}", "second@moh.example {phiri}"]
)
def test_with_such_a_line_no_signature_counts(office: Office, line: str) -> None:
    office.signers(line.format(key=public("somebody"), phiri=public(PHIRI)))
    plan = office.desk.plan()
    office.approve(plan, PHIRI, "moh")
    office.approve(plan, DOE, "tech")
    told = office.desk.type("deploy", "uat", "--confirm", "uat")
    assert told.status == 4
    assert f"No approval of plan {plan.code} counts. [E-APPROVAL-INVALID]" in told.err
    assert "manifests/allowed_signers:5: " in told.err
    assert "No signature counts until then." in told.err


def approved(office: Office) -> str:
    plan = office.desk.plan()
    office.approve(plan, PHIRI, "moh")
    office.approve(plan, DOE, "tech")
    assert office.desk.type("plan", "verify", plan.code).status == 0
    return plan.code


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("manifests/allowed_signers", "manifests/allowed_signers (who may sign) was changed"),
        ("manifests/revoked_keys", "manifests/revoked_keys (who may sign) was changed"),
        ("manifests/instances/uat.yml", "manifests/instances/uat.yml, which has the policy, was changed"),
    ],
)
def test_a_change_of_the_rules_voids_every_approval_and_is_named(office: Office, file: str, said: str) -> None:
    code = approved(office)
    with (office.desk.root / file).open("a", encoding="utf-8") as changed:
        changed.write("# one more line\n")
    told = office.desk.type("deploy", "uat", "--confirm", "uat")
    assert told.status == 4
    assert said in told.err
    assert office.type("approve", code, PHIRI, "--as", "moh").status == 4


def test_a_change_of_the_plan_voids_every_approval(office: Office) -> None:
    code = approved(office)
    with (office.desk.root / f"plans/{code}/plan.json").open("a", encoding="utf-8") as changed:
        changed.write(" ")
    told = office.desk.type("plan", "verify", code)
    assert told.status == 5
    assert "Every approval of it is void." in told.err


def test_a_workspace_without_signers_says_so(office: Office) -> None:
    (office.desk.root / "manifests/allowed_signers").unlink()
    plan = office.desk.plan()
    assert "manifests/allowed_signers names nobody" in office.desk.type("plan", "verify", plan.code).err


@pytest.mark.parametrize(
    "policy",
    [
        {"approvals": ["a", "a"]},
        {"approvals": ["a"], "approvers": {"b": ["x"]}},
        {"approvals": ["a"], "evidence_roles": ["b"]},
        {"approvals": ["a"], "approvers": {"a": ["*"]}},
        {"approvals": ["../a"]},
    ],
)
def test_a_policy_that_contradicts_itself_is_refused(policy: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"twice|asked of|not a name|not a role"):
        Policy.model_validate(policy)


def test_going_back_may_ask_for_fewer() -> None:
    policy = Policy(approvals=("a", "b"), emergency_approvals=("b",))
    assert (policy.roles_on(emergency=False), policy.roles_on(emergency=True)) == (("a", "b"), ("b",))
    assert Policy(approvals=("a",)).roles_on(emergency=True) == ("a",)
