"""What an approver signs: one decision about one plan, as canonical JSON (RFC 8785)."""

from __future__ import annotations

from enum import StrEnum

import rfc8785
from pydantic import Field

from olmis_release.manifest.emergency import Route
from olmis_release.manifest.model import Name, Strict
from olmis_release.plan.codes import sha256
from olmis_release.plan.model import Plan, PlanPurpose, StepKind, WayBack

NAMESPACE = "olmis-plan-approval@v1"
"""What the signatures are for, and nothing else: one for a git commit or a file is none for a plan."""


class Decision(StrEnum):
    """What somebody decided about a plan."""

    APPROVE = "approve"
    REJECT = "reject"
    REVOKE = "revoke"


class Method(StrEnum):
    """How it was given: signed by the person, or by another person who records a signed page or a spoken word."""

    SIGNATURE = "signature"
    EVIDENCE = "evidence"
    VERBAL = "verbal"


class Flag(StrEnum):
    """What makes a plan risky, for its approvers to have seen."""

    CHANGES_DATABASE = "changes-database"
    CHANGES_UNKNOWN = "database-changes-unknown"
    KEEPS_CHANGES = "database-does-not-go-back"
    RESTORES_DATA = "restores-older-data"
    NO_WAY_BACK = "no-way-back"
    EMERGENCY = "emergency"
    PRODUCTION = "production"


class Evidence(Strict):
    """A file that shows a decision, for example the scan of a signed page.

    Attributes:
        file: Its path, from the plan's folder where it lies there, else its bare name.
        sha256: Of its bytes.
        beside_plan: Whether it lies in the plan's folder, so that it can be looked at again.
    """

    file: str = Field(max_length=500)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    beside_plan: bool = False


class Statement(Strict):
    """One decision about one plan, ``plans/<code>/approvals/<name>.json``; ``<name>.json.sig`` is its signature.

    Attributes:
        plan: SHA-256 of the plan, `code` its short form.
        role: In which the person decides.
        person: Whose decision it is, by the name in ``manifests/allowed_signers``.
        recorded_by: Who signed: the person, or whoever recorded what was given on paper or by word of mouth.
        at: When, UTC; the signature must be good at this time.
        expires: When an approval lapses, UTC; None for the other decisions.
        sees: What makes the plan risky, as it was shown.
        after: SHA-256 of each statement about this plan that was there already: none of them can vanish unseen.
        withdraws: For a revocation: SHA-256 of each statement that is taken back.
    """

    format_version: str = "1.0"
    plan: str = Field(pattern=r"^[0-9a-f]{64}$")
    code: str = Field(max_length=16)
    instance: Name
    decision: Decision
    role: str = Field(max_length=64)
    person: str = Field(max_length=128)
    method: Method = Method.SIGNATURE
    recorded_by: str = Field(max_length=128)
    at: str = Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
    expires: str | None = Field(default=None, pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
    sees: tuple[Flag, ...] = ()
    comment: str = Field(default="", max_length=2000)
    evidence: Evidence | None = None
    after: tuple[str, ...] = ()
    withdraws: tuple[str, ...] = ()


def canonical(statement: Statement) -> bytes:
    """Return the one sequence of bytes that says this, which is what is signed."""
    return rfc8785.dumps(statement.model_dump(mode="json"))


def name_of(statement: Statement) -> str:
    """Return the file name of a statement: to read, and another for each."""
    return f"{statement.role}-{statement.decision}-{sha256(canonical(statement))[:12]}.json"


def flags_of(plan: Plan) -> tuple[Flag, ...]:
    """Return what makes a plan risky."""
    migrating = [change for change in plan.changes if change.may_migrate]
    risky = {
        Flag.CHANGES_DATABASE: any(change.pending for change in migrating),
        Flag.CHANGES_UNKNOWN: any(not change.migrations_known for change in migrating),
        Flag.KEEPS_CHANGES: plan.gives_up_database,
        Flag.RESTORES_DATA: any(step.kind is StepKind.SWAP_DATABASE for step in plan.steps),
        Flag.NO_WAY_BACK: plan.way_back is WayBack.NONE,
        Flag.EMERGENCY: plan.route is Route.EMERGENCY,
        Flag.PRODUCTION: plan.instance_purpose == "production",
    }
    return tuple(flag for flag, holds in risky.items() if holds)


def is_emergency(plan: Plan) -> bool:
    """Return whether a plan takes the emergency route."""
    return is_hurried(plan.purpose, plan.route)


def is_hurried(purpose: PlanPurpose, route: Route) -> bool:
    """Return whether what is planned takes the emergency route: an emergency release does, and so does going back."""
    return purpose is PlanPurpose.ROLLBACK or route is Route.EMERGENCY
