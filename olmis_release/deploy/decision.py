"""What is to become of a run that was cut off or stopped: values in, a decision out.

The journal tells which steps may have acted; whether the release was accepted is read from the target, because a crash
may have come between the acceptance and the record of it. The rules stand in the order in which they are asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from olmis_release.deploy.journal import Mark, Record
from olmis_release.plan.model import StepKind

MOST_TRANSITIONS = 40
"""Begun steps, forward and back, after which a run counts as going in circles (the rule of update clients that may
never loop: Mender's)."""
MOST_STARTS = 2
MOST_TRIES = 3
TRIES_OF = {StepKind.START_COMPONENTS: MOST_STARTS}
"""How often a step may be begun going forward: starting new code again is tried once, everything else twice."""
STOPPED_BEFORE = frozenset({StepKind.TAKE_ROLLBACK_POINT, StepKind.SWAP_DATABASE, StepKind.START_COMPONENTS})
NOT_TOUCHING = frozenset({StepKind.PULL_IMAGES, StepKind.PROVE_OLD})


class Course(StrEnum):
    """Where a run goes from here.

    ANEW: nothing was touched; every check is made again, then it goes forward from its first step.
    LET_GO: nothing was touched; the run is closed. FORWARD: from step `first`. BACK: undo what may have acted.
    FINISH: it was accepted; what comes after is carried out. PERSON: it was tried often enough.
    """

    ANEW = "anew"
    LET_GO = "let-go"
    FORWARD = "forward"
    BACK = "back"
    FINISH = "finish"
    PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a run.

    Attributes:
        steps: The kinds of the plan's steps, in order.
        begun, undo_begun: Step (from 1) to how often it was begun, and its undo.
        tried, undo_tried: Step to how many commands began it, and its undo; each command tries again by itself while
            the target is silent, and nothing is taken back for that.
        done: Steps whose last try came to its end.
        failed: Steps that failed and did not come to their end after that.
        undone: Steps that were taken back.
        accepted: The target says that the release was accepted.
        certain: The journal is there; without it every step before the acceptance may have acted.
    """

    steps: tuple[StepKind, ...]
    begun: Mapping[int, int] = field(default_factory=dict)
    undo_begun: Mapping[int, int] = field(default_factory=dict)
    tried: Mapping[int, int] = field(default_factory=dict)
    undo_tried: Mapping[int, int] = field(default_factory=dict)
    done: frozenset[int] = frozenset()
    failed: frozenset[int] = frozenset()
    undone: frozenset[int] = frozenset()
    accepted: bool = False
    certain: bool = True

    @property
    def touched(self) -> bool:
        """Whether any step may have changed the instance."""
        return any(self.steps[step - 1] not in NOT_TOUCHING for step in self.begun)

    @property
    def next_step(self) -> int:
        """The first step that did not come to its end."""
        return next(number for number in range(1, len(self.steps) + 2) if number not in self.done)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What happens now, and why, in words for the person who asked.

    Attributes:
        first: Step to go forward from, 0 where it does not.
    """

    course: Course
    reason: str
    first: int = 0


def facts_of(steps: Iterable[StepKind], records: Iterable[Record], *, accepted: bool, certain: bool = True) -> Facts:
    """Return what a journal's records say."""
    seen = tuple(records)
    done, failed = set[int](), set[int]()
    for one in seen:
        match one.mark:
            case Mark.INTENT | Mark.UNKNOWN:
                done.discard(one.step)
            case Mark.DONE:
                done.add(one.step)
                failed.discard(one.step)
            case Mark.FAIL:
                done.discard(one.step)
                failed.add(one.step)
    return Facts(
        steps=tuple(steps),
        begun=Counter(one.step for one in seen if one.mark is Mark.INTENT),
        undo_begun=Counter(one.step for one in seen if one.mark is Mark.UNDO_INTENT),
        tried=_commands(seen, Mark.INTENT),
        undo_tried=_commands(seen, Mark.UNDO_INTENT),
        done=frozenset(done),
        failed=frozenset(failed),
        undone=frozenset(one.step for one in seen if one.mark is Mark.UNDO_DONE),
        accepted=accepted,
        certain=certain,
    )


def _commands(records: Iterable[Record], mark: Mark) -> Mapping[int, int]:
    """Return step to how many commands made such a record: each has a lock, and so an epoch, of its own."""
    return Counter(step for step, _epoch in {(one.step, one.epoch) for one in records if one.mark is mark})


def decide(facts: Facts, *, abort: bool = False, again: bool = False) -> Decision:
    """Decide.

    Args:
        facts: What is known.
        abort: The person wants it back, where that is possible.
        again: The person corrected what failed and wants it tried once more, however often it was.
    """
    if facts.accepted:
        why = "it was accepted, so users may have written since" if abort else "it was accepted"
        return Decision(course=Course.FINISH, reason=why, first=facts.steps.index(StepKind.ACCEPT) + 2)
    if not again and (tired := _tried_enough(facts)):
        return Decision(course=Course.PERSON, reason=tired)
    if facts.undo_begun:
        return Decision(course=Course.BACK, reason="it was being taken back, and never turns forward again")
    if not facts.certain:
        return Decision(course=Course.BACK, reason="its journal is lost, so every step may have acted")
    if not facts.touched:
        course = Course.LET_GO if abort else Course.ANEW
        return Decision(course=course, reason="it had not touched anything", first=0 if abort else 1)
    return _of_a_touched(facts, abort=abort)


def _of_a_touched(facts: Facts, *, abort: bool) -> Decision:
    number = facts.next_step
    if facts.failed:
        return Decision(course=Course.BACK, reason=f"its step {min(facts.failed)} failed")
    if abort:
        return Decision(course=Course.BACK, reason="that was asked for")
    kind = facts.steps[number - 1] if number <= len(facts.steps) else None
    begun = (facts.begun if kind in TRIES_OF else facts.tried).get(number, 0)
    if kind and begun >= TRIES_OF.get(kind, MOST_TRIES):
        return Decision(course=Course.BACK, reason=f"its step {number} was begun {begun} times in vain")
    return Decision(
        course=Course.FORWARD, reason=f"step {number} is the first that did not end", first=_first(facts, number)
    )


def _first(facts: Facts, number: int) -> int:
    """Return the step to begin with so that step `number` finds what it relies on.

    Readiness is proved again before anything is judged by it. Old containers may have come back with the engine, so
    they are stopped again as long as nothing new was started.
    """
    kinds = facts.steps
    kind = kinds[number - 1] if number <= len(kinds) else None
    if kind in {StepKind.SMOKE_TEST, StepKind.ACCEPT}:
        return kinds.index(StepKind.AWAIT_READY) + 1
    started = any(kinds[step - 1] is StepKind.START_COMPONENTS for step in facts.begun)
    if kind in STOPPED_BEFORE and StepKind.STOP_COMPONENTS in kinds and not started:
        return kinds.index(StepKind.STOP_COMPONENTS) + 1
    return number


def _tried_enough(facts: Facts) -> str:
    """Return why a person must look at it, empty when nobody need."""
    stuck = [step for step, count in facts.undo_tried.items() if count >= MOST_TRIES and step not in facts.undone]
    if stuck:
        return f"taking back step {stuck[0]} failed in {facts.undo_tried[stuck[0]]} commands"
    transitions = sum(facts.begun.values()) + sum(facts.undo_begun.values())
    return f"{transitions} steps were begun in it" if transitions > MOST_TRANSITIONS else ""
