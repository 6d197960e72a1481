"""How a run that did not go well is told: by the exit status and the code of what stopped it."""

from __future__ import annotations

import pytest

from olmis_release.cli.run_result import run_result
from olmis_release.deploy.ending import exit_code_of
from olmis_release.deploy.executor import Ending
from olmis_release.errors import (
    ApprovalMissing,
    BadInput,
    EffectUnknown,
    InstanceLocked,
    Interrupted,
    JournalDamaged,
    LockLost,
    PlanStale,
    PreflightRefused,
    ReleaseError,
    StepFailed,
    TargetUnreachable,
)
from olmis_release.plan.model import Outcome
from tests.fakes.cli import a_run

STALE = PlanStale("The plan is stale.", resolution="olmis-release plan --to uat")
BROKEN = StepFailed("requisition is broken.", resolution="Read its log.")
BAD = BadInput.one("there is no settings file.", resolution="Write it.")
SILENT = TargetUnreachable("No engine answers.", resolution="Wait.")


@pytest.mark.parametrize(
    ("outcome", "failure", "told"),
    [
        (Outcome.REFUSED, STALE, (5, "E-PLAN-STALE")),
        (Outcome.REFUSED, ApprovalMissing("It lacks one.", resolution="Ask."), (4, "E-APPROVAL-MISSING")),
        (Outcome.REFUSED, PreflightRefused("Two checks failed.", resolution="Mend."), (6, "E-PREFLIGHT")),
        (Outcome.REFUSED, BROKEN, (6, "E-PREFLIGHT")),
        (Outcome.REFUSED, BAD, (15, "E-BAD-INPUT")),
        (Outcome.REFUSED, JournalDamaged("The ledger was altered.", resolution="Look."), (16, "E-JOURNAL")),
        (Outcome.REFUSED, InstanceLocked("Locked.", resolution="Wait."), (8, "E-LOCKED")),
        (Outcome.REFUSED, SILENT, (17, "E-UNREACHABLE")),
        (Outcome.REFUSED, EffectUnknown("No whole answer.", resolution="Look."), (17, "E-EFFECT-UNKNOWN")),
        (Outcome.ROLLED_BACK, BROKEN, (9, "E-ROLLED-BACK")),
        (Outcome.HELD, SILENT, (10, "E-NOT-RESTORED")),
        (Outcome.HELD, LockLost.to("uat", epoch=7), (8, "E-LOCK-LOST")),
        (Outcome.HELD, Interrupted("Stopped.", resolution="Go on."), (130, "E-INTERRUPTED")),
        (Outcome.NOT_RESTORED, BROKEN, (10, "E-NOT-RESTORED")),
    ],
)
def test_the_code_and_the_status_are_those_of_what_stopped_it(
    outcome: Outcome, failure: ReleaseError, told: tuple[int, str]
) -> None:
    ending = Ending(outcome=outcome, failure=failure)
    run = a_run("F7DS-JEEJ", outcome=outcome, exit_code=exit_code_of(ending), failure=failure.message)
    result = run_result(run, ending)
    assert result.failure is not None
    assert (result.status, result.failure.code) == told


def test_what_stopped_the_way_back_goes_before_what_began_it() -> None:
    ending = Ending(outcome=Outcome.HELD, failure=BROKEN, undo_failure=LockLost.to("uat", epoch=7))
    run = a_run("F7DS-JEEJ", outcome=Outcome.HELD, exit_code=exit_code_of(ending))
    result = run_result(run, ending)
    assert result.failure is not None
    assert (result.status, result.failure.code) == (8, "E-LOCK-LOST")
