"""Which cases there are: values, in an order that does not change, each with a name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from tests.torture.bed import Start
from tests.torture.gates import Do, KillPoint, Moment
from tests.torture.judge import Word

STEPS = 10
ACCEPT = 9
#: Steps of a bad release that it comes to, beginning where something is touched; and those that the way back undoes.
BAD_STEPS, UNDONE = range(3, 9), (6, 5, 4, 3, 2)
RUNS_PER_FLOW = 300


class Flow(StrEnum):
    """What is done to the instance."""

    GOOD = "deploy-good"
    BAD = "deploy-bad"
    ROLLBACK = "rollback"
    TAKEOVER = "takeover"


class WayOut(StrEnum):
    """What a person does after a kill; takeover is from another workspace."""

    RESUME = "resume"
    ABORT = "resume --abort"
    TAKEOVER = "takeover"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case.

    Attributes:
        name: Unique; results are found by it.
        spec: For the driver of the command that is tortured.
        way_out: What follows a kill; None: what the Next line says.
        ends: What may be in the end.
    """

    name: str
    group: str
    flow: Flow
    spec: dict[str, Any]
    way_out: WayOut | None = None
    ends: tuple[Word, ...] = (Word.OLD, Word.NEW)

    @property
    def start(self) -> Start:
        """What serves when it begins."""
        return Start.NEW if self.flow is Flow.ROLLBACK else Start.OLD


def kill_cases() -> Iterator[Case]:
    """List every kill point of a good deploy, a bad one and a rollback, with each way out."""
    for way in WayOut:
        yield from (_kill(Flow.GOOD, step, way) for step in points(range(1, STEPS + 1)))
        yield from (_kill(Flow.BAD, step, way) for step in points(BAD_STEPS))
        yield from (_kill(Flow.BAD, step, way) for step in points(UNDONE, back=True))
        yield from (_kill(Flow.ROLLBACK, step, way) for step in points(range(1, STEPS + 1)))


def points(steps: Sequence[int], *, back: bool = False) -> Iterator[KillPoint]:
    """List the moments of steps."""
    return (KillPoint(step=step, back=back, moment=moment) for step in steps for moment in Moment)


def _kill(flow: Flow, point: KillPoint, way: WayOut) -> Case:
    side = "undo" if point.back else "step"
    return Case(
        name=f"kill/{flow}/{side}-{point.step:02}/{point.moment}/{way.replace(' --', '-')}",
        group="kill-points",
        flow=flow,
        spec={"kill": {"step": point.step, "back": point.back, "moment": str(point.moment)}},
        way_out=way,
        ends=expected(flow, point, way),
    )


def expected(flow: Flow, point: KillPoint, way: WayOut) -> tuple[Word, ...]:
    """Say how a case must end: what was accepted stays, what failed goes back, the rest as the person wishes.

    A run that had touched nothing begins anew, from another workspace too: its plan still holds.
    """
    if flow is Flow.BAD:
        return (Word.OLD,)
    accepted = point.step > ACCEPT or (point.step == ACCEPT and point.moment is Moment.AFTER_EFFECT)
    if way is WayOut.ABORT and not accepted:
        return (Word.OLD,)
    return (Word.NEW,)


def call_cases(flow: Flow, calls: int) -> Iterator[Case]:
    """List calls of a flow, each with what happens to it, spread evenly where there are more than `RUNS_PER_FLOW`.

    Args:
        flow: What is done.
        calls: How many calls it makes when nothing is wrong.
    """
    every = [(call, do) for call in range(1, calls + 1) for do in Do]
    chosen = [every[place * len(every) // RUNS_PER_FLOW] for place in range(min(RUNS_PER_FLOW, len(every)))]
    for call, do in chosen:
        yield Case(
            name=f"call/{flow}/{call:03}/{do}",
            group=f"calls-{flow}",
            flow=flow,
            spec={"fault": {"call": call, "do": str(do)}},
            ends=(Word.OLD,) if flow is Flow.BAD else (Word.OLD, Word.NEW),
        )


Item = TypeVar("Item")


def sampled(cases: Sequence[Item], count: int) -> list[Item]:
    """Choose so many, spread evenly and over all ways out."""
    if count >= len(cases):
        return list(cases)
    return [cases[place * len(cases) // count] for place in range(count)]
