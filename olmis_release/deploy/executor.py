"""Carry out steps in order; if one fails, undo what was started, newest first.

The executor knows nothing of Docker or databases. It knows the order, the journal, and four rules: once the release is
accepted nothing is undone by itself any more; nothing is taken back because the target is silent; whoever lost the lock
does nothing more; a person who wants it to stop is obeyed where a `resume` can go on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from typing import Protocol

from olmis_release.deploy.faults import as_release_error
from olmis_release.deploy.holding import is_silent, worth_another_try
from olmis_release.deploy.job import Job
from olmis_release.deploy.journal import Mark
from olmis_release.deploy.signals import StopWish, stop_wish, undisturbed
from olmis_release.deploy.telling import say, tell
from olmis_release.errors import Interrupted, LockLost, ReleaseError, TargetUnreachable
from olmis_release.events import StepStatus
from olmis_release.plan.model import Outcome, PlannedStep, StepKind

UNTOUCHED = frozenset({StepKind.PULL_IMAGES, StepKind.PROVE_OLD})
"""If no other step was begun the instance was not touched, so that a failure is a refusal."""

ONLY_ASKS = frozenset({StepKind.PULL_IMAGES, StepKind.PROVE_OLD, StepKind.AWAIT_READY, StepKind.SMOKE_TEST})
"""Steps that may be broken off anywhere: they ask, or fetch what does no harm."""

NOTHING_TO_UNDO = frozenset({StepKind.PULL_IMAGES, StepKind.AWAIT_READY, StepKind.SMOKE_TEST})
"""Steps that the way back passes by."""

FINAL = frozenset({StepKind.ACCEPT, StepKind.LOWER_WALL})
"""Steps that a signal must not cut in two: half an acceptance could neither be kept nor taken back."""

UNCERTAIN = (TargetUnreachable, Interrupted, LockLost)
"""Errors after which a step may or may not have acted."""

TRIES = 3
"""How often a step is tried on a target that fell silent and came back; every step is safe to do twice."""

ENDING = "The release is being accepted and let in; this ends in a moment."
STOPPING = "Stopping at the next safe point, when this step has ended."
GOING_BACK = "Taking the release back; this must not be interrupted."


class Step(Protocol):
    """One step of a plan with its exact inverse."""

    @property
    def planned(self) -> PlannedStep:
        """What the plan says of it."""

    def apply(self, job: Job) -> str:
        """Do it, or what is left of it; return what was found in a few words. Safe after half an `apply`, and twice.

        Raises:
            TargetUnreachable: Whether it acted is unknown.
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
    """Carry out every step.

    Returns:
        What stopped it, None when all was done.
    """
    doing = "the run"
    try:
        with stop_wish(lambda: say(job, STOPPING, warning=True)) as wish, ExitStack() as final:
            for number, step in enumerate(steps[first - 1 :], first):
                doing = step.planned.subject
                if step.planned.kind in FINAL:
                    final.enter_context(undisturbed(lambda: say(job, ENDING, warning=True)))
                failure = _persist(step, job, wish, number=number, total=len(steps))
                if failure is not None:
                    return failure
                with wish.at_once():
                    after(step.planned)
    except BaseException as error:  # noqa: BLE001 - whatever it was, what was started must not stay half done
        return as_release_error(error, doing=doing)
    return None


def _persist(step: Step, job: Job, wish: StopWish, *, number: int, total: int) -> ReleaseError | None:
    """Carry a step out; a target that fell silent is waited for, and the step done again."""
    for left in reversed(range(TRIES)):
        failure = _apply(step, job, wish, number=number, total=total)
        if failure is None or not left or not _touched(job) or not worth_another_try(failure, job, wish):
            return failure
    return None


def _apply(step: Step, job: Job, wish: StopWish, *, number: int, total: int) -> ReleaseError | None:
    tell(step.planned, job, StepStatus.STARTED, number=number, total=total)
    try:
        with wish.at_once() if step.planned.kind in ONLY_ASKS else nullcontext():
            job.journal.write(number, step.planned, Mark.INTENT)
            note = step.apply(job)
    except BaseException as error:  # noqa: BLE001 - whatever it was, what was started must be taken back
        failure = as_release_error(error, doing=step.planned.subject)
        _remember(step, job, _mark_of(failure, step), number=number, note=failure.message)
        tell(step.planned, job, StepStatus.FAILED, number=number, total=total, note=failure.message)
        return failure
    _remember(step, job, Mark.DONE, number=number, note=note)
    tell(step.planned, job, StepStatus.DONE, number=number, total=total, note=note)
    return None


def _mark_of(failure: ReleaseError, step: Step) -> Mark:
    """Return FAIL only for what is known to have failed: that is what sends a run back."""
    unknown = isinstance(failure, UNCERTAIN) or step.planned.kind is StepKind.ACCEPT
    return Mark.UNKNOWN if unknown else Mark.FAIL


def _touched(job: Job) -> bool:
    return any(job.journal.attempted(kind) for kind in StepKind if kind not in UNTOUCHED)


def _after_failure(steps: Sequence[Step], job: Job, *, failure: ReleaseError, on_failure: Callable[[], None]) -> Ending:
    if not _touched(job):
        return Ending(outcome=Outcome.REFUSED, failure=failure)
    if _must_hold(failure, job):
        return Ending(outcome=Outcome.HELD, failure=failure)
    if job.journal.finished(StepKind.ACCEPT):
        return Ending(outcome=Outcome.NOT_RESTORED, failure=failure)
    undo_failure = taken_back(steps, job, on_failure=on_failure)
    return Ending(outcome=outcome_of(undo_failure), failure=failure, undo_failure=undo_failure)


def taken_back(steps: Sequence[Step], job: Job, *, on_failure: Callable[[], None]) -> ReleaseError | None:
    """Keep evidence, then unwind, whatever signals come.

    Returns:
        The error that stopped the way back, None when all was taken back.
    """
    with undisturbed(lambda: say(job, GOING_BACK, warning=True)):
        _keep(on_failure, job)
        return unwind(steps, job)


def _must_hold(failure: ReleaseError, job: Job) -> bool:
    """Tell whether the run stays where it is: on request, without lock, on silence, or perhaps accepted already."""
    if isinstance(failure, (Interrupted, LockLost)):
        return True
    if job.journal.mentions(StepKind.ACCEPT) and not job.journal.finished(StepKind.ACCEPT):
        return True
    return isinstance(failure, TargetUnreachable) and is_silent(job)


def _keep(evidence: Callable[[], None], job: Job) -> None:
    """Keep evidence if that is possible; nothing about it may stop the way back."""
    try:
        evidence()
    except Exception as error:  # noqa: BLE001 - a full disk, an engine that does not answer: the way back matters more
        say(job, f"Not all evidence could be kept: {error}", warning=True)


def outcome_of(undo_failure: ReleaseError | None) -> Outcome:
    """Return how a run ended whose steps were undone."""
    if undo_failure is None:
        return Outcome.ROLLED_BACK
    return Outcome.HELD if isinstance(undo_failure, (TargetUnreachable, LockLost)) else Outcome.NOT_RESTORED


def unwind(steps: Sequence[Step], job: Job) -> ReleaseError | None:
    """Undo every step that may have acted, newest first; stop at the first undo that fails.

    Returns:
        The error that stopped the way back, None when all was taken back.
    """
    with undisturbed(lambda: say(job, GOING_BACK, warning=True)):
        for number in job.journal.open_steps():
            if steps[number - 1].planned.kind in NOTHING_TO_UNDO:
                continue
            failure = _persist_back(steps[number - 1], job, number=number, total=len(steps))
            if failure is not None:
                return failure
    return None


def _persist_back(step: Step, job: Job, *, number: int, total: int) -> ReleaseError | None:
    for left in reversed(range(TRIES)):
        failure = _undo(step, job, number=number, total=total)
        if failure is None or not left or not worth_another_try(failure, job):
            return failure
    return None


def _undo(step: Step, job: Job, *, number: int, total: int) -> ReleaseError | None:
    tell(step.planned, job, StepStatus.UNDOING, number=number, total=total)
    try:
        _remember(step, job, Mark.UNDO_INTENT, number=number)
        note = step.undo(job)
    except BaseException as error:  # noqa: BLE001 - a person must be told what is left, whatever stopped it
        failure = as_release_error(error, doing=step.planned.subject)
        _remember(step, job, Mark.UNDO_FAIL, number=number, note=failure.message)
        tell(step.planned, job, StepStatus.UNDO_FAILED, number=number, total=total, note=failure.message)
        return failure
    _remember(step, job, Mark.UNDO_DONE, number=number, note=note)
    tell(step.planned, job, StepStatus.UNDONE, number=number, total=total, note=note)
    return None


def _remember(step: Step, job: Job, mark: Mark, *, number: int, note: str = "") -> None:
    """Write a record that no later step depends on; a full disk must not stop the way back."""
    try:
        job.journal.write(number, step.planned, mark, note=note)
    except OSError as error:
        say(job, f"The journal cannot be written ({error.strerror}); going on without it.", warning=True)
