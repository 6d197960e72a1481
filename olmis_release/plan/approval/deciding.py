"""Decide about a plan: make the statement, have it signed, and file it if it counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from olmis_release import clock
from olmis_release.errors import ApprovalInvalid, BadInput, UsageError
from olmis_release.plan.approval.desk import FOLDER, SIGNATURE, hash_of_file, judged_in
from olmis_release.plan.approval.judging import Case, Filed, Judged, judge
from olmis_release.plan.approval.signers import Signer
from olmis_release.plan.approval.signing import own_keys, public_blob, sign
from olmis_release.plan.approval.sshsig import read_claim
from olmis_release.plan.approval.statement import (
    Decision,
    Evidence,
    Method,
    Statement,
    canonical,
    name_of,
)
from olmis_release.plan.approval.tally import is_own, tally
from olmis_release.plan.codes import sha256
from olmis_release.plan.files import write_new
from olmis_release.plan.sets import PlanSet
from olmis_release.text import listed, safe
from olmis_release.workspace import Workspace

PROBE = b"which key is this?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person wants to have decided.

    Attributes:
        decision, role: What, and in which role.
        key: The key to sign with; None means one that ssh would use by itself.
        until: When an approval is to lapse; None means as late as the policy lets it.
        evidence: A file that shows it.
        by: Whose decision it is, where another person records it.
        spoken: It was given by word of mouth.
    """

    decision: Decision
    role: str
    key: Path | None = None
    until: datetime | None = None
    comment: str = ""
    evidence: Path | None = None
    by: str | None = None
    spoken: bool = False


def decide(workspace: Workspace, plan_set: PlanSet, wish: Wish, *, case: Case) -> Statement:
    """Sign a decision and file it beside the plan; what would not count is not filed.

    Raises:
        ApprovalInvalid: It would not count; says why.
        UsageError: There is nothing to take back, or it is not clear whose decision it is.
        BadInput: A file cannot be read or written.
        StepFailed: There is no ssh-keygen.
    """
    _require_role(case, wish)
    key, signer = _key(case, wish)
    known = judged_in(workspace, plan_set, case)
    statement = _statement(plan_set, case, wish, signer=signer, known=known)
    data = canonical(statement)
    path = plan_set.folder / FOLDER / name_of(statement)
    signature = sign(data, key)
    filed = Filed(file=workspace.relative(path), data=data, signature=signature)
    _require_good(_counted(judge(filed, sha256(data), case), case, known), wish, plan_set)
    _file(workspace, path, data=data, signature=signature)
    return statement


def _require_role(case: Case, wish: Wish) -> None:
    if wish.role not in case.policy.roles:
        raise ApprovalInvalid(
            f"The policy of {case.instance} knows no role {safe(wish.role)}; it asks for: {listed(case.roles)}.",
            resolution=f"Name one of them with --as (policy.approvals of manifests/instances/{case.instance}.yml).",
        )
    if not case.policy.approvers.get(wish.role):
        raise ApprovalInvalid(
            f"The policy of {case.instance} names nobody who may decide as {wish.role}.",
            resolution=f"Name them in manifests/instances/{case.instance}.yml (policy.approvers), and make a new plan.",
        )


def _key(case: Case, wish: Wish) -> tuple[Path, Signer]:
    """Return the key that signs and whose it is."""
    if wish.key:
        return wish.key, _owner(case, wish.key)
    for key in own_keys():
        signer = next((one for one in case.signers.keys if one.for_plans and one.blob == public_blob(key)), None)
        if signer:
            return key, signer
    raise UsageError(
        "No key to sign with: none of those in ~/.ssh stands in manifests/allowed_signers.",
        resolution="Name it: --key FILE (or OLMIS_RELEASE_KEY); a new signer is a line of manifests/allowed_signers.",
    )


def _owner(case: Case, key: Path) -> Signer:
    """Return whose key it is; one that has no public half beside it has to sign something to tell."""
    blob = public_blob(key)
    if blob is None:
        claim = read_claim(sign(PROBE, key))
        blob = claim.blob if claim else b""
    signer = case.signers.of_key(blob)
    if signer is None:
        raise ApprovalInvalid.of_key(
            f"{key} is an unknown key: it is nobody's in manifests/allowed_signers.",
            resolution="Have it added there, and make a new plan: one that is open knows the signers of its time.",
        )
    return signer


def _statement(plan_set: PlanSet, case: Case, wish: Wish, *, signer: Signer, known: Sequence[Judged]) -> Statement:
    person, method = _whose(case, wish, signer)
    approves = wish.decision is Decision.APPROVE
    latest = case.now + timedelta(hours=case.policy.approval_valid_h)
    draft = Statement(
        plan=plan_set.sha256,
        code=plan_set.code,
        instance=plan_set.plan.instance,
        decision=wish.decision,
        role=wish.role,
        person=person,
        method=method,
        recorded_by=signer.person,
        at=clock.iso(case.now),
        expires=clock.iso(min(wish.until or latest, latest)) if approves else None,
        sees=case.flags,
        comment=safe(wish.comment, multiline=True),
        evidence=_evidence(plan_set, wish.evidence) if wish.evidence else None,
        after=tuple(sorted(one.sha256 for one in known if one.fault is None)),
    )
    if wish.decision is not Decision.REVOKE:
        return draft
    return draft.model_copy(update={"withdraws": _withdrawn(draft, known)})


def _whose(case: Case, wish: Wish, signer: Signer) -> tuple[str, Method]:
    """Return whose decision it is and how it was given: the signer's own, unless another person's is recorded."""
    if wish.by and wish.by not in case.signers.names_of(signer.person):
        return wish.by, Method.VERBAL if wish.spoken else Method.EVIDENCE
    if wish.by or wish.evidence is None or case.may(signer.person, wish.role):
        return signer.person, Method.SIGNATURE
    people = case.policy.approvers[wish.role]
    if len(people) > 1:
        raise UsageError(
            f"{wish.role} may be {listed(people)}: whose decision does the file show?",
            resolution="Say so with --by NAME.",
        )
    return people[0], Method.EVIDENCE


def _evidence(plan_set: PlanSet, path: Path) -> Evidence:
    """Return a file's name and hash; its place only where others have it, too."""
    inside = path.resolve().is_relative_to(plan_set.folder.resolve())
    name = str(path.resolve().relative_to(plan_set.folder.resolve())) if inside else path.name
    try:
        return Evidence(file=name, sha256=hash_of_file(path), beside_plan=inside)
    except OSError as error:
        raise BadInput.one(
            f"{path} cannot be read: {error.strerror}.", resolution="Name a file with --evidence.", code="E-UNREADABLE"
        ) from error


def _withdrawn(draft: Statement, known: Sequence[Judged]) -> tuple[str, ...]:
    taken = {gone for one in known if one.fault is None and one.statement for gone in one.statement.withdraws}
    own = [
        one.sha256
        for one in known
        if one.statement
        and one.is_genuine
        and one.statement.decision is not Decision.REVOKE
        and one.sha256 not in taken
        and is_own(one.statement, draft)
    ]
    if not own:
        raise UsageError(
            f"{draft.recorded_by} has nothing to take back about plan {draft.code} as {draft.role}: "
            "one takes back what one decided or recorded.",
            resolution=f"olmis-release plan verify {draft.code}",
        )
    return tuple(own)


def _counted(judged: Judged, case: Case, known: Sequence[Judged]) -> Judged:
    """Return the statement as it would count beside those that are there."""
    before = {one.sha256 for one in tally(case, known).faulty}
    together = tally(case, (*known, judged))
    return next((one for one in together.faulty if one.sha256 not in before), judged)


def _require_good(judged: Judged, wish: Wish, plan_set: PlanSet) -> None:
    """Refuse what would not count by the very rules by which it is going to be counted."""
    if judged.fault:
        raise ApprovalInvalid(
            f"This would not count and was not filed: the {NOUNS[wish.decision]} {judged.why}.",
            resolution=f"olmis-release plan verify {plan_set.code}",
        )


NOUNS = {Decision.APPROVE: "approval", Decision.REJECT: "rejection", Decision.REVOKE: "revocation"}


def _file(workspace: Workspace, path: Path, *, data: bytes, signature: bytes) -> None:
    """Write the signature first: a statement without one must never be met."""
    try:
        path.parent.mkdir(exist_ok=True)
        write_new(path.with_name(path.name + SIGNATURE), signature)
        write_new(path, data)
    except OSError as error:
        raise BadInput.one(
            f"{workspace.relative(path.parent)}/ cannot be written: {error.strerror}.",
            resolution="Check the folder's rights and the room on its disk; nothing was decided.",
            code="E-UNWRITABLE",
        ) from error
