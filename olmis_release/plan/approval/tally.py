"""Count the statements about a plan: who approved, who is missing, what stands in the way. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from olmis_release import clock
from olmis_release.plan.approval.judging import Case, Fault, Judged, lapses_at
from olmis_release.plan.approval.statement import Decision, Method, Statement
from olmis_release.text import safe

MOST_CANDIDATES = 6
"""Of one role, the latest: who approves again and again shall not make the counting long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An approval that counts.

    Attributes:
        lapses: When it ends, UTC.
        writing_due: Until when a spoken one must be given in writing; None where nothing is owed.
    """

    judged: Judged
    statement: Statement
    lapses: datetime
    writing_due: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What the statements about a plan come to.

    Attributes:
        then, again: The commands that carry the plan out, and that make another like it.
        roles: Those that must each approve; none where the policy asks for no approval.
        approvers: Role to the people who may decide in it.
        given: Role to the approval that counts for it.
        rejected: Rejections that stand.
        faulty: Statements that do not count, and why.
        withdrawn: Statements that were taken back by whom they are.
        problems: What voids every approval, or keeps all of them from being read.
        gone: Which statements somebody had seen are not there any more.
    """

    code: str
    instance: str
    roles: tuple[str, ...]
    then: str = ""
    again: str = ""
    approvers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    given: Mapping[str, Given] = field(default_factory=dict)
    rejected: tuple[Judged, ...] = ()
    faulty: tuple[Judged, ...] = ()
    withdrawn: tuple[Judged, ...] = ()
    problems: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        """Roles that have not approved."""
        return tuple(role for role in self.roles if role not in self.given)

    @property
    def forged(self) -> tuple[Judged, ...]:
        """Statements that nobody could have filed by the rules."""
        return tuple(one for one in self.faulty if one.is_forgery)

    @property
    def complete(self) -> bool:
        """Whether the plan may be carried out as far as people are concerned."""
        return not (self.missing or self.rejected or self.forged or self.problems or self.gone)

    @property
    def count(self) -> str:
        """Return ``approvals 1/3``, with what stands in the way."""
        rejected = ", rejected" if self.rejected else ""
        invalid = ", not valid" if self.forged or self.problems or self.gone else ""
        return f"approvals {len(self.given)}/{len(self.roles)}{rejected}{invalid}"


def tally(case: Case, judged: Sequence[Judged], *, problems: Sequence[str] = ()) -> Tally:
    """Count."""
    counted = [one for one in judged if one.fault is None]
    taken_back = _withdrawn(counted)
    standing = [one for one in counted if one.sha256 not in taken_back and _decision(one) is not Decision.REVOKE]
    approvals = [one for one in standing if _decision(one) is Decision.APPROVE]
    timely, overdue = _by_writing(approvals, case)
    given = _given(case, timely)
    return Tally(
        code=case.code,
        instance=case.instance,
        then=case.then,
        again=case.again,
        roles=case.roles,
        approvers=case.policy.approvers,
        given=given,
        rejected=tuple(one for one in standing if _decision(one) is Decision.REJECT),
        faulty=(*(one for one in judged if one.fault), *overdue, *_left_over(case, timely, given)),
        withdrawn=tuple(one for one in counted if one.sha256 in taken_back),
        problems=tuple(problems),
        gone=tuple(_gone(judged)),
    )


def _decision(one: Judged) -> Decision | None:
    return one.statement.decision if one.statement else None


def _withdrawn(counted: Iterable[Judged]) -> frozenset[str]:
    """Return what was taken back: by the same person in the same role, and nobody else's."""
    found = {one.sha256: one.statement for one in counted if one.statement}
    return frozenset(
        wanted
        for revocation in found.values()
        if revocation.decision is Decision.REVOKE
        for wanted in revocation.withdraws
        if wanted in found and is_own(found[wanted], revocation)
    )


def is_own(statement: Statement, revocation: Statement) -> bool:
    """Return whether who takes a statement back may: the person, or who recorded it for the person."""
    if _whose(statement) != _whose(revocation):
        return False
    recorded = statement.method is not Method.SIGNATURE and statement.recorded_by == revocation.recorded_by
    return revocation.method is Method.SIGNATURE or recorded


def _whose(statement: Statement) -> tuple[str, str]:
    return statement.person, statement.role


def _by_writing(approvals: Sequence[Judged], case: Case) -> tuple[list[Judged], list[Judged]]:
    """Return the approvals that count, and the spoken ones whose writing did not come in time."""
    timely: list[Judged] = []
    overdue: list[Judged] = []
    for one in approvals:
        due = _writing_due(one, approvals, case)
        if due is None or due > case.now:
            timely.append(one)
        else:
            person = safe(one.statement.person) if one.statement else ""
            why = f"by {person} was spoken, and not given in writing by {clock.iso(due)}"
            overdue.append(replace(one, fault=Fault.WRITING_OVERDUE, why=why))
    return timely, overdue


def _writing_due(one: Judged, approvals: Sequence[Judged], case: Case) -> datetime | None:
    statement = one.statement
    if statement is None or statement.method is not Method.VERBAL or statement.evidence:
        return None
    written = any(
        other.statement and other.statement.method is not Method.VERBAL and _whose(other.statement) == _whose(statement)
        for other in approvals
    )
    return None if written else clock.parse_iso(statement.at) + timedelta(hours=case.policy.written_within_h)


def _given(case: Case, approvals: Sequence[Judged]) -> Mapping[str, Given]:
    """Return an approval for as many roles as can be, no person and no key twice."""
    by_role = {role: _candidates(approvals, role) for role in case.roles}
    chosen = _best(case, list(by_role.items()), ())
    return {one.statement.role: _as_given(one, approvals, case) for one in chosen if one.statement}


def _candidates(approvals: Iterable[Judged], role: str) -> list[Judged]:
    """Return a role's approvals, those that are in writing and new before the others."""
    own = [one for one in approvals if one.statement and one.statement.role == role]
    return sorted(own, key=_age_and_method, reverse=True)[:MOST_CANDIDATES]


def _age_and_method(one: Judged) -> tuple[bool, str]:
    assert one.statement  # noqa: S101 - only what was judged good comes here
    return one.statement.method is not Method.VERBAL, one.statement.at


def _best(
    case: Case, open_roles: Sequence[tuple[str, Sequence[Judged]]], chosen: tuple[Judged, ...]
) -> tuple[Judged, ...]:
    if not open_roles:
        return chosen
    (_, candidates), *rest = open_roles
    found = [_best(case, rest, (*chosen, one)) for one in candidates if not _is_taken(case, one, chosen)]
    return max([*found, _best(case, rest, chosen)], key=len)


def _is_taken(case: Case, one: Judged, chosen: Iterable[Judged]) -> bool:
    return any(_same_person(case, one, other) for other in chosen)


def _same_person(case: Case, one: Judged, other: Judged) -> bool:
    first, second = one.statement, other.statement
    if first is None or second is None:
        return False
    both_signed = first.method is second.method is Method.SIGNATURE
    same_key = both_signed and one.fingerprint == other.fingerprint
    return same_key or not case.signers.names_of(first.person).isdisjoint(case.signers.names_of(second.person))


def _as_given(one: Judged, approvals: Sequence[Judged], case: Case) -> Given:
    assert one.statement  # noqa: S101 - only what was judged good comes here
    return Given(
        judged=one,
        statement=one.statement,
        lapses=lapses_at(one.statement, case.policy),
        writing_due=_writing_due(one, approvals, case),
    )


def _left_over(case: Case, approvals: Iterable[Judged], given: Mapping[str, Given]) -> Iterator[Judged]:
    """Yield approvals for a role that stays open because the person has approved in another already."""
    for one in approvals:
        statement = one.statement
        if statement and statement.role in case.roles and statement.role not in given:
            taken = next(
                (role for role, other in given.items() if _same_person(case, one, other.judged)), "another role"
            )
            why = f"is by {safe(statement.person)}, who approved as {taken} already: every role needs another person"
            yield replace(one, fault=Fault.SAME_PERSON, why=why)


def _gone(judged: Sequence[Judged]) -> Iterator[str]:
    """Yield what was there when somebody signed and is not any more, for example a rejection."""
    here = {one.sha256 for one in judged}
    for one in judged:
        if one.statement and one.is_genuine:
            lost = [seen for seen in one.statement.after if seen not in here]
            if lost:
                yield f"{one.file} was signed beside another statement, which is gone (SHA-256 {lost[0][:12]}…)."
