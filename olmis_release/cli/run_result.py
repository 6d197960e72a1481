"""A finished run as a command's result, the same for `deploy` and `rollback`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from olmis_release import clock
from olmis_release.cli.result import Result
from olmis_release.cli.standing import act
from olmis_release.errors import (
    Interrupted,
    NotRestored,
    PreflightRefused,
    ReleaseError,
    RolledBack,
    TargetUnreachable,
)
from olmis_release.plan.model import Outcome, Run
from olmis_release.text import minutes

if TYPE_CHECKING:
    from olmis_release.deploy.executor import Ending

FAILURES: dict[Outcome, type[ReleaseError]] = {
    Outcome.REFUSED: PreflightRefused,
    Outcome.ROLLED_BACK: RolledBack,
    Outcome.NOT_RESTORED: NotRestored,
    Outcome.HELD: NotRestored,
}
WORDS = {
    Outcome.DEPLOYED: "{instance} now runs {release}",
    Outcome.REFUSED: "{instance} was not touched by the {act}",
    Outcome.ROLLED_BACK: "{instance} took the {act} back and runs {previous}",
    Outcome.NOT_RESTORED: "{instance} could neither finish the {act} nor take it back",
    Outcome.HELD: "{instance} is held in the middle of the {act}",
    Outcome.RUNNING: "{instance} has not ended the {act}",
}
NOT_TAKEN_BACK = (
    " No copy of the database was taken (--no-db-rollback): what this release did to the database cannot be taken back."
)


def run_result(run: Run, ending: Ending, *, back_is_good: bool = False) -> Result:
    """Return the result of a run.

    Args:
        run: As recorded.
        ending: How its steps ended.
        back_is_good: The command's job was to take a run back, so that being back, or untouched, is success.
    """
    from olmis_release.deploy.ending import closing

    last = closing(run)
    refused = ending.failure if run.outcome is Outcome.REFUSED and not back_is_good else None
    from_outside = isinstance(refused, (Interrupted, TargetUnreachable))  # once that is over, the same is tried again
    follow = refused.resolution if refused and not from_outside else last.next
    good = run.outcome is Outcome.DEPLOYED or (back_is_good and run.outcome in {Outcome.ROLLED_BACK, Outcome.REFUSED})
    return Result(
        text=run_text(run),
        data=run_data(run),
        state=last.state,
        next=follow,
        failure=None if good else _failure(run, ending, follow=follow),
        exit_code=0 if good else run.exit_code or 0,
    )


def run_data(run: Run) -> dict[str, object]:
    """Return a run for scripts: the keys that `history --json` and `deploy --json` promise, and a few more."""
    return run.model_dump(mode="json", exclude={"settings"})


def run_text(run: Run) -> str:
    """Return one sentence on how a run ended and how long users were cut off."""
    said = WORDS[run.outcome].format(
        instance=run.instance,
        release=run.release,
        previous=run.previous or "nothing",
        act=act(run),
    )
    return f"{said}, after {took(run)}; {_outage(run)}.{NOT_TAKEN_BACK if run.no_db_rollback else ''}"


def _outage(run: Run) -> str:
    if run.ended_by:
        return f"{run.ended_by} ended it, and has on record how long users were cut off"
    return f"users were cut off for {minutes(run.outage_s)}" if run.outage_s else "users were not cut off"


def took(run: Run) -> str:
    """Return how long a run took."""
    if run.ended is None:
        return "-"
    return minutes((clock.parse_iso(run.ended) - clock.parse_iso(run.started)).total_seconds())


def _failure(run: Run, ending: Ending, *, follow: str) -> ReleaseError:
    errors = [error for error in (ending.failure, ending.undo_failure) if error]
    said = [error.details for error in errors] + [error.resolution for error in errors if error.resolution != follow]
    details = "\n".join(text for text in said if text)
    error = FAILURES[run.outcome](run.failure or f"The {run.kind} failed.", resolution=follow, details=details)
    telling = next((one for one in reversed(errors) if one.exit_code == run.exit_code), error)
    error.exit_code, error.code = run.exit_code or error.exit_code, telling.code
    return error
