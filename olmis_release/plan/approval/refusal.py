"""A tally in words: why a plan may not be carried out, who is missing, and the command that comes next. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from olmis_release.errors import ApprovalInvalid, ApprovalMissing, PlanRejected
from olmis_release.plan.approval.judging import Judged
from olmis_release.plan.approval.tally import Tally
from olmis_release.text import listed, plural, safe


def refusal_of(counted: Tally) -> ApprovalMissing | None:
    """Return the error that says everything that keeps a plan from being carried out, None where nothing does."""
    if counted.complete:
        return None
    return _kind(counted)(_message(counted), resolution=next_step(counted), details="\n".join(reasons(counted)))


def _kind(counted: Tally) -> type[ApprovalMissing]:
    if counted.problems or counted.forged or counted.gone:
        return ApprovalInvalid
    return PlanRejected if counted.rejected else ApprovalMissing


def _message(counted: Tally) -> str:
    if counted.problems:
        return f"No approval of plan {counted.code} counts."
    if counted.gone:
        return f"Somebody took a statement about plan {counted.code} away."
    if counted.forged:
        return f"Plan {counted.code} has {plural(len(counted.forged), 'statement')} that nobody may rely on."
    if counted.rejected:
        return f"Plan {counted.code} was rejected."
    return f"Plan {counted.code} lacks the approval of: {', '.join(counted.missing)}."


def reasons(counted: Tally) -> Iterator[str]:
    """Yield a sentence for everything that is missing or does not count."""
    yield from (*counted.problems, *counted.gone)
    yield from (rejected(one) for one in counted.rejected)
    yield from (f"{one.file} {one.why}." for one in counted.faulty)
    for role in counted.missing:
        yield f"{role}: no approval; it may come from {_people(counted, role)}."


def _people(counted: Tally, role: str) -> str:
    people = counted.approvers.get(role, ())
    return listed(people) if people else f"nobody: policy.approvers names no one for {role}"


def rejected(one: Judged) -> str:
    """Return who rejected a plan, when, and why."""
    statement = one.statement
    if statement is None:
        return ""
    why = f": {safe(statement.comment)}" if statement.comment else "."
    return f"Rejected by {safe(statement.person)} as {safe(statement.role)} on {statement.at}{why}"


def next_step(counted: Tally) -> str:
    """Return the command, or the act, that brings the plan nearer to being carried out."""
    if counted.problems:
        return f"When those files are as they should be: {counted.again} (a new plan, for new approvals)"
    if counted.gone:
        return f"Put plans/{counted.code}/approvals/ back as it was, from your version control."
    if counted.forged:
        return f"Find out who filed {counted.forged[0].file}, move it out of the folder, then: {_verify(counted)}"
    if counted.rejected:
        statement = counted.rejected[0].statement
        role = safe(statement.role) if statement else "ROLE"
        return f"Another plan; or who rejected this one: olmis-release revoke {counted.code} --as {role}"
    if counted.missing:
        return f"olmis-release approve {counted.code} --as {counted.missing[0]}"
    return counted.then


def _verify(counted: Tally) -> str:
    return f"olmis-release plan verify {counted.code}"
