"""What one statement is worth: whether it was signed by whom it names, for this plan, in a role that is theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import ValidationError

from olmis_release import clock
from olmis_release.instance.config import Policy
from olmis_release.plan.approval.signers import Signer, Signers, fingerprint
from olmis_release.plan.approval.signing import Verifier
from olmis_release.plan.approval.sshsig import Claim, read_claim
from olmis_release.plan.approval.statement import (
    NAMESPACE,
    Decision,
    Flag,
    Method,
    Statement,
    canonical,
)
from olmis_release.text import listed, quoted, safe

SKEW = timedelta(minutes=5)
"""Clocks of honest people differ by less."""


class Fault(StrEnum):
    """Why a statement does not count."""

    NO_STATEMENT = "no-statement"
    UNSIGNED = "unsigned"
    NO_SIGNATURE = "no-signature"
    OTHER_NAMESPACE = "other-namespace"
    UNKNOWN_KEY = "unknown-key"
    KEY_EXPIRED = "key-expired"
    KEY_REVOKED = "key-revoked"
    EDITED = "edited"
    OTHER_SIGNER = "other-signer"
    REPLAYED = "replayed"
    OTHER_DIGEST = "other-digest"
    OTHER_INSTANCE = "other-instance"
    UNKNOWN_ROLE = "unknown-role"
    ROLE_NOT_ALLOWED = "role-not-allowed"
    RECORDER_NOT_ALLOWED = "recorder-not-allowed"
    AUTHOR = "author"
    FUTURE = "future"
    EXPIRED = "expired"
    UNSEEN = "flags-unseen"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    NO_EVIDENCE = "no-evidence"
    EVIDENCE_CHANGED = "evidence-changed"
    WRITING_OVERDUE = "writing-overdue"
    SAME_PERSON = "same-person"


LAPSED = frozenset(
    {Fault.EXPIRED, Fault.KEY_EXPIRED, Fault.KEY_REVOKED, Fault.AUTHOR, Fault.SAME_PERSON, Fault.WRITING_OVERDUE}
)
"""These do not count, and do not stand in the way of another person's approval; every other fault is of a forgery."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """A file of the folder ``approvals/`` and its signature, as read."""

    file: str
    data: bytes
    signature: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The plan that is decided about, and the rules.

    Attributes:
        flags: What makes it risky.
        emergency: Whether it takes the emergency route.
        now: The time.
        plans: Hash of every plan of the workspace to its code, for telling where a statement was taken from.
        then, again: The commands that carry the plan out, and that make another like it.
        evidence_hash: Gives the SHA-256 of a file in the plan's folder, None where it is gone.
    """

    sha256: str
    code: str
    instance: str
    author: str
    flags: tuple[Flag, ...]
    policy: Policy
    signers: Signers
    emergency: bool
    now: datetime
    plans: Mapping[str, str]
    evidence_hash: Callable[[str], str | None]
    then: str = ""
    again: str = ""

    @property
    def roles(self) -> tuple[str, ...]:
        """Roles that must each approve."""
        return self.policy.roles_on(emergency=self.emergency)

    def may(self, person: str, role: str) -> bool:
        """Return whether somebody may decide in a role."""
        return not self.signers.names_of(person).isdisjoint(self.policy.approvers.get(role, ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A statement and what it is worth.

    Attributes:
        statement: None where the file is none.
        fingerprint: Of the key that signed; empty where nothing good did.
        fault: Why it does not count, None where it does; `why` says so to people.
    """

    file: str
    sha256: str
    statement: Statement | None = None
    fingerprint: str = ""
    fault: Fault | None = None
    why: str = ""

    @property
    def is_forgery(self) -> bool:
        """Whether it stands in the way even where nobody needs it."""
        return self.fault is not None and self.fault not in LAPSED

    @property
    def is_genuine(self) -> bool:
        """Whether it was signed by whom it names, whatever it is worth now."""
        return bool(self.fingerprint) and not self.is_forgery


class _Faulty(Exception):
    def __init__(self, fault: Fault, why: str) -> None:
        super().__init__(why)
        self.fault, self.why = fault, why


def judge(filed: Filed, sha256: str, case: Case) -> Judged:
    """Return what a file of the folder is worth; asks ssh-keygen.

    Raises:
        StepFailed: There is no ssh-keygen.
    """
    judged = Judged(file=filed.file, sha256=sha256)
    try:
        statement = _statement(filed.data)
        judged = replace(judged, statement=statement)
        judged = replace(judged, fingerprint=_signed_by(filed, statement, case).fingerprint)
    except _Faulty as faulty:
        return replace(judged, fault=faulty.fault, why=faulty.why)
    for fault, why in _faults(statement, case):
        return replace(judged, fault=fault, why=why)
    return judged


def _statement(data: bytes) -> Statement:
    why = "is not a statement as olmis-release writes it: it was edited, or is none"
    try:
        statement = Statement.model_validate_json(data)
        same = canonical(statement) == data
        for moment in filter(None, (statement.at, statement.expires)):
            clock.parse_iso(moment)  # a time of the right form may still be none
    except (ValidationError, ValueError, RecursionError) as error:
        raise _Faulty(Fault.NO_STATEMENT, why) from error
    if not same:
        raise _Faulty(Fault.NO_STATEMENT, why)
    return statement


def _signed_by(filed: Filed, statement: Statement, case: Case) -> Signer:
    """Return who signed, once ssh-keygen says that it is so."""
    if filed.signature is None:
        raise _Faulty(Fault.UNSIGNED, "is not signed: there is no .sig beside it")
    claim = read_claim(filed.signature)
    if claim is None:
        raise _Faulty(Fault.NO_SIGNATURE, "has a .sig that is no signature of ssh-keygen")
    signer = _signer(claim, case.signers)
    at = clock.parse_iso(statement.at)
    for moment, when in ((at, f"was not valid when this was signed ({statement.at})"), (case.now, "is not valid now")):
        _require_valid(signer, moment, when)
    verifier = Verifier(signers=case.signers)
    if not verifier.is_good(filed.data, filed.signature, signer=signer, at=at):
        raise _Faulty(Fault.EDITED, f"was edited after {signer.person} signed it: text and signature do not agree")
    if verifier.is_revoked(filed.data, filed.signature, signer=signer, at=case.now):
        key = f"the key {signer.fingerprint} of {signer.person}"
        raise _Faulty(Fault.KEY_REVOKED, f"is signed with {key}, which is revoked (manifests/revoked_keys)")
    if statement.recorded_by != signer.person:
        names = f"{quoted(statement.recorded_by)} as who signed it, and the key is {signer.person}'s"
        raise _Faulty(Fault.OTHER_SIGNER, f"names {names}")
    return signer


def _signer(claim: Claim, signers: Signers) -> Signer:
    if claim.namespace != NAMESPACE:
        what = f"{quoted(claim.namespace)}, not for {NAMESPACE}"
        raise _Faulty(Fault.OTHER_NAMESPACE, f"has a signature in another namespace: it is for {what}")
    signer = next((one for one in signers.keys if one.blob == claim.blob), None)
    if signer is None:
        what = f"{fingerprint(claim.blob)}, which is nobody's in manifests/allowed_signers"
        raise _Faulty(Fault.UNKNOWN_KEY, f"is signed with an unknown key: {what}")
    if not signer.for_plans:
        why = f"line {signer.line} of manifests/allowed_signers has it for other namespaces only"
        raise _Faulty(Fault.UNKNOWN_KEY, f"is signed with a key of {signer.person} that signs no plans: {why}")
    return signer


def _require_valid(signer: Signer, moment: datetime, when: str) -> None:
    """Refuse a key that did not hold; ssh-keygen is asked too, but does not say which it was."""
    early = signer.valid_after is not None and moment < signer.valid_after
    late = signer.valid_before is not None and moment > signer.valid_before
    if early or late:
        limit = f"it begins {signer.valid_after:%Y-%m-%d}" if early else f"it ended {signer.valid_before:%Y-%m-%d}"
        raise _Faulty(Fault.KEY_EXPIRED, f"is signed with a key of {signer.person} that {when}: {limit}")


def _faults(statement: Statement, case: Case) -> Iterator[tuple[Fault, str]]:
    yield from _of_plan(statement, case)
    yield from _of_person(statement, case)
    yield from _of_time(statement, case)
    if statement.decision is Decision.APPROVE:
        yield from _of_approval(statement, case)


def _of_plan(statement: Statement, case: Case) -> Iterator[tuple[Fault, str]]:
    if statement.plan != case.sha256:
        taken_from = case.plans.get(statement.plan)
        if taken_from:
            yield Fault.REPLAYED, f"is about plan {taken_from} and was put here: it says nothing of {case.code}"
        hashes = f"it names {statement.plan[:16]}…, this plan is {case.sha256[:16]}…"
        yield Fault.OTHER_DIGEST, f"is about another plan or an older state of this one: {hashes}"
    if statement.instance != case.instance:
        yield (
            Fault.OTHER_INSTANCE,
            f"is about the instance {safe(statement.instance)}, this plan is for {case.instance}",
        )


def _of_person(statement: Statement, case: Case) -> Iterator[tuple[Fault, str]]:
    role, person, recorder = safe(statement.role), safe(statement.person), safe(statement.recorded_by)
    if statement.role not in case.policy.roles:
        known = listed(sorted(case.policy.roles))
        yield (
            Fault.UNKNOWN_ROLE,
            f"is given as {role}, a role that the policy of {case.instance} does not know: {known}",
        )
    if not case.may(statement.person, statement.role):
        people = listed(case.policy.approvers.get(statement.role, ()))
        yield Fault.ROLE_NOT_ALLOWED, f"is given as {role} by {person}, who does not have that role; it has: {people}"
    if statement.method is Method.SIGNATURE and statement.recorded_by != statement.person:
        yield Fault.OTHER_SIGNER, f"speaks for {person} and is signed by {recorder}"
    may_record = not case.signers.names_of(statement.recorded_by).isdisjoint(case.policy.may_record)
    if statement.method is not Method.SIGNATURE and not may_record:
        yield Fault.RECORDER_NOT_ALLOWED, f"was recorded by {recorder}, who may not record what others decided"


def _of_time(statement: Statement, case: Case) -> Iterator[tuple[Fault, str]]:
    if clock.parse_iso(statement.at) > case.now + SKEW:
        yield Fault.FUTURE, f"is dated {statement.at}, which is in the future (now {clock.iso(case.now)})"


def _of_approval(statement: Statement, case: Case) -> Iterator[tuple[Fault, str]]:
    names = {name.casefold() for name in case.signers.names_of(statement.person)}
    if case.author.casefold() in names:
        yield Fault.AUTHOR, f"is by {safe(statement.person)}, who made the plan: an author does not approve it"
    lapses = lapses_at(statement, case.policy)
    if lapses <= case.now:
        own = statement.expires == clock.iso(lapses)
        limit = "" if own else f": the policy lets none last longer than {case.policy.approval_valid_h:g} h"
        yield Fault.EXPIRED, f"by {safe(statement.person)} expired on {clock.iso(lapses)}{limit}"
    unseen = [flag for flag in case.flags if flag not in statement.sees]
    if unseen:
        yield Fault.UNSEEN, f"by {safe(statement.person)} was given without having seen: {listed(unseen)}"
    yield from _of_method(statement, case)


def lapses_at(statement: Statement, policy: Policy) -> datetime:
    """Return when an approval ends: when it says so, and never later than the policy lets any approval last."""
    latest = clock.parse_iso(statement.at) + timedelta(hours=policy.approval_valid_h)
    return min(latest, clock.parse_iso(statement.expires)) if statement.expires else latest


def _of_method(statement: Statement, case: Case) -> Iterator[tuple[Fault, str]]:
    role, person, policy = safe(statement.role), safe(statement.person), case.policy
    spoken_role = case.emergency and statement.role in policy.verbal_roles  # its writing follows on paper
    if statement.method is Method.EVIDENCE and not (statement.role in policy.evidence_roles or spoken_role):
        yield Fault.METHOD_NOT_ALLOWED, f"by {person} is on paper, and {role} has to sign with a key (evidence_roles)"
    if statement.method is Method.VERBAL:
        if not case.emergency:
            yield Fault.METHOD_NOT_ALLOWED, f"by {person} was spoken, which counts on the emergency route only"
        if statement.role not in policy.verbal_roles:
            yield Fault.METHOD_NOT_ALLOWED, f"by {person} was spoken, and {role} may not approve so (verbal_roles)"
    if statement.method is Method.EVIDENCE and statement.evidence is None:
        yield Fault.NO_EVIDENCE, f"by {person} names no file that would show it"
    yield from _of_evidence(statement, case)


def _of_evidence(statement: Statement, case: Case) -> Iterator[tuple[Fault, str]]:
    evidence = statement.evidence
    if evidence is None or not evidence.beside_plan:
        return
    found = case.evidence_hash(evidence.file)
    if found is None:
        yield Fault.EVIDENCE_CHANGED, f"rests on {safe(evidence.file)}, which is gone from the plan's folder"
    elif found != evidence.sha256:
        yield Fault.EVIDENCE_CHANGED, f"rests on {safe(evidence.file)}, which was changed since"
