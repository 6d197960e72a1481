"""Carry out steps in order; if one fails, undo what was started, newest first.

The executor knows nothing of Docker or databases. It knows the order, the journal, and one rule: once the release is
accepted nothing is undone by itself any more.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Protocol

from olmis_release.deploy.job import Job
from olmis_release.deploy.journal import Mark
from olmis_release.deploy.signals import undisturbed
from olmis_release.errors import Interrupted, ReleaseError, StepFailed
from olmis_release.events import Note, StepEvent, StepStatus
from olmis_release.plan.model import Outcome, PlannedStep, StepKind

UNTOUCHED = frozenset({StepKind.PULL_IMAGES, StepKind.PROVE_OLD})
"""If no other step was begun the instance was not touched, so that a failure is a refusal."""

NOTHING_TO_UNDO = frozenset({StepKind.PULL_IMAGES, StepKind.AWAIT_READY, StepKind.SMOKE_TEST})
"""Steps that only ask, or fetch what does no harm: the way back passes them by."""


FINAL = frozenset({StepKind.ACCEPT, StepKind.LOWER_WALL})
"""Steps that a signal must not cut in two: half an acceptance could neither be kept nor taken back."""

DISK_TROUBLE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO})

ENDING = "The release is being accepted and let in; this ends in a moment."


class Step(Protocol):
    """One step of a plan with its exact inverse."""

    @property
    def planned(self) -> PlannedStep:
        """What the plan says of it."""

    def apply(self, job: Job) -> str:
        """Do it; return what was found in a few words.

        Raises:
            ReleaseError: It did not reach its end.
        """

    def undo(self, job: Job) -> str:
        """Take it back; safe after half an `apply`, and safe twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How the steps ended.

    Attributes:
        failure: The error that stopped them, None when all was done.
        undo_failure: The error that stopped the way back.
    """

    outcome: Outcome
    failure: ReleaseError | None = None
    undo_failure: ReleaseError | None = None


AfterStep = Callable[[PlannedStep], None]


def execute(
    steps: Sequence[Step], job: Job, *, after: AfterStep, on_failure: Callable[[], None], first: int = 1
) -> Ending:
    """Carry out every step; on failure call `on_failure` (to keep evidence), then unwind.

    Args:
        steps: In the plan's order.
        job: What they act on.
        after: Called after each step that was done.
        on_failure: Called once, before the first undo.
        first: Number of the step to begin with, from 1.
    """
    failure = _forward(steps, job, after=after, first=first)
    if failure is None:
        return Ending(outcome=Outcome.DEPLOYED)
    return _after_failure(steps, job, failure=failure, on_failure=on_failure)


def _forward(steps: Sequence[Step], job: Job, *, after: AfterStep, first: int) -> ReleaseError | None:
    """Carry out every step; a signal between two steps, or while `after` runs, is a failure too.

    Returns:
        What stopped it, None when all was done.
    """
    doing = "the run"
    try:
        with ExitStack() as final:
            for number, step in enumerate(steps[first - 1 :], first):
                doing = step.planned.subject
                if step.planned.kind in FINAL:
                    final.enter_context(undisturbed(lambda: say(job, ENDING, warning=True)))
                failure = _apply(step, job, number=number, total=len(steps))
                if failure is not None:
                    return failure
                after(step.planned)
    except BaseException as error:  # noqa: BLE001 - whatever it was, what was started must be taken back
        return as_release_error(error, doing=doing)
    return None


def _after_failure(steps: Sequence[Step], job: Job, *, failure: ReleaseError, on_failure: Callable[[], None]) -> Ending:
    if job.journal.finished(StepKind.ACCEPT):
        return Ending(outcome=Outcome.NOT_RESTORED, failure=failure)
    if not any(job.journal.attempted(kind) for kind in StepKind if kind not in UNTOUCHED):
        return Ending(outcome=Outcome.REFUSED, failure=failure)
    with undisturbed(lambda: _say_wait(job)):
        _keep(on_failure, job)
        undo_failure = unwind(steps, job)
    outcome = Outcome.NOT_RESTORED if undo_failure else Outcome.ROLLED_BACK
    return Ending(outcome=outcome, failure=failure, undo_failure=undo_failure)


def _keep(evidence: Callable[[], None], job: Job) -> None:
    """Keep evidence if that is possible; nothing about it may stop the way back."""
    try:
        evidence()
    except Exception as error:  # noqa: BLE001 - a full disk, an engine that does not answer: the way back matters more
        say(job, f"Not all evidence could be kept: {error}", warning=True)


def _say_wait(job: Job) -> None:
    say(job, "Taking the release back; this must not be interrupted.", warning=True)


def unwind(steps: Sequence[Step], job: Job) -> ReleaseError | None:
    """Undo every step that may have acted, newest first; stop at the first undo that fails.

    Returns:
        The error that stopped the way back, None when all was taken back.
    """
    with undisturbed(lambda: _say_wait(job)):
        for number in job.journal.open_steps():
            if steps[number - 1].planned.kind in NOTHING_TO_UNDO:
                continue
            failure = _undo(steps[number - 1], job, number=number, total=len(steps))
            if failure is not None:
                return failure
    return None


def _apply(step: Step, job: Job, *, number: int, total: int) -> ReleaseError | None:
    _tell(step, job, StepStatus.STARTED, number=number, total=total)
    try:
        job.journal.write(number, step.planned, Mark.INTENT)
        note = step.apply(job)
    except BaseException as error:  # noqa: BLE001 - whatever it was, what was started must be taken back
        failure = as_release_error(error, doing=step.planned.subject)
        _remember(step, job, Mark.FAIL, number=number, note=failure.message)
        _tell(step, job, StepStatus.FAILED, number=number, total=total, note=failure.message)
        return failure
    _remember(step, job, Mark.DONE, number=number, note=note)
    _tell(step, job, StepStatus.DONE, number=number, total=total, note=note)
    return None


def _undo(step: Step, job: Job, *, number: int, total: int) -> ReleaseError | None:
    _tell(step, job, StepStatus.UNDOING, number=number, total=total)
    _remember(step, job, Mark.UNDO_INTENT, number=number)
    try:
        note = step.undo(job)
    except BaseException as error:  # noqa: BLE001 - a person must be told what is left, whatever stopped it
        failure = as_release_error(error, doing=step.planned.subject)
        _remember(step, job, Mark.UNDO_FAIL, number=number, note=failure.message)
        _tell(step, job, StepStatus.UNDO_FAILED, number=number, total=total, note=failure.message)
        return failure
    _remember(step, job, Mark.UNDO_DONE, number=number, note=note)
    _tell(step, job, StepStatus.UNDONE, number=number, total=total, note=note)
    return None


def _remember(step: Step, job: Job, mark: Mark, *, number: int, note: str = "") -> None:
    """Write a record that no later step depends on; a full disk must not stop the way back."""
    try:
        job.journal.write(number, step.planned, mark, note=note)
    except OSError as error:
        say(job, f"The journal cannot be written ({error.strerror}); going on without it.", warning=True)


def as_release_error(error: BaseException, *, doing: str) -> ReleaseError:
    """Return the error that tells what stopped the work, whatever it was."""
    if isinstance(error, ReleaseError):
        return error
    if isinstance(error, (KeyboardInterrupt, SystemExit)):
        return Interrupted(f"Interrupted during: {doing}.", resolution="Run the same command again.")
    if isinstance(error, OSError) and error.errno in DISK_TROUBLE:
        return StepFailed(
            f"The workspace cannot be written to ({error.strerror}) during: {doing}.",
            resolution="Make room on the workspace's disk, or correct its rights; then run the same command again.",
        )
    return StepFailed(
        f"Unexpected fault during: {doing}: {type(error).__name__}: {error}",
        resolution="Report it with the log file of this run.",
    )


def _tell(step: Step, job: Job, status: StepStatus, *, number: int, total: int, note: str = "") -> None:
    job.site.reporter.report(
        StepEvent(number=number, total=total, title=step.planned.subject, status=status, note=note)
    )


def say(job: Job, message: str, *, warning: bool = False) -> None:
    """Tell the reader something that belongs to no step's end."""
    job.site.reporter.report(Note(message=message, warning=warning))
