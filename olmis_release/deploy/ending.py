"""What a run's end means: exit status, the STATE line, the next command."""

from __future__ import annotations

from dataclasses import dataclass

from olmis_release.deploy.executor import Ending
from olmis_release.errors import (
    ApprovalMissing,
    BadInput,
    InstanceLocked,
    Interrupted,
    JournalDamaged,
    PlanStale,
    ReleaseError,
    TargetUnreachable,
)
from olmis_release.plan.model import Outcome, PlanPurpose, Run, WayBack

EXIT_CODE = {
    Outcome.DEPLOYED: 0,
    Outcome.REFUSED: 6,
    Outcome.ROLLED_BACK: 9,
    Outcome.NOT_RESTORED: 10,
    Outcome.HELD: 10,
}


REFUSALS = (ApprovalMissing, BadInput, InstanceLocked, Interrupted, JournalDamaged, PlanStale, TargetUnreachable)
"""Errors that a run which touched nothing ends with as they are; any other counts as a refusal of preflight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """The last two lines that a person sees."""

    state: str
    next: str


def exit_code_of(ending: Ending) -> int:
    """Return the exit status of a run; one that was stopped, or lost its lock, says so by its own."""
    telling: tuple[type[ReleaseError], ...] = ()
    match ending.outcome:
        case Outcome.REFUSED:
            telling = REFUSALS
        case Outcome.HELD:
            telling = (Interrupted, InstanceLocked)
    failure = ending.undo_failure or ending.failure
    return failure.exit_code if isinstance(failure, telling) else EXIT_CODE[ending.outcome]


def failure_text(ending: Ending) -> str:
    """Return what went wrong, in one or two sentences; empty when nothing did."""
    parts = [error.message for error in (ending.failure, ending.undo_failure) if error]
    return " Then, on the way back: ".join(parts)


def closing(run: Run) -> Closing:
    """Return the STATE and Next lines of a finished run."""
    name, old = run.instance, run.previous
    match run.outcome:
        case Outcome.DEPLOYED:
            return Closing(state=f"{name}: open, serving {run.release}.", next=f"olmis-release status {name}")
        case Outcome.REFUSED:
            return Closing(state=f"{name}: untouched, serving {old or 'nothing'}.", next=_again(run))
        case Outcome.ROLLED_BACK if old is None:
            return Closing(
                state=f"{name}: nothing runs; what was started was taken down, volumes were kept.",
                next=f"olmis-release plan --to {name}",
            )
        case Outcome.ROLLED_BACK:
            return Closing(
                state=f"{name}: open, serving {old}, verified; every write that was acknowledged is there.",
                next=f"olmis-release history {name}",
            )
        case Outcome.HELD:
            state = f"{name}: held between {old or 'nothing'} and {run.release}; whom the wall shuts out it keeps out."
            return Closing(state=state, next=f"olmis-release resume {name}")
        case _:
            return Closing(state=_not_restored(run), next=f"olmis-release resume {name}")


def _again(run: Run) -> str:
    verb = "rollback" if run.kind is PlanPurpose.ROLLBACK else "deploy"
    return f"olmis-release {verb} {run.instance}"


def _not_restored(run: Run) -> str:
    way = " The rollback point is kept." if run.way_back is WayBack.DATABASE else ""
    return f"{run.instance}: not verified, users may be shut out. A person must act.{way}"
