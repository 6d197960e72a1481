"""What is to come on every instance: plans, windows, freezes, and where they clash. Values in, values out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import combinations

from olmis_release.instance.config import InstanceConfig
from olmis_release.instance.timetable import Window
from olmis_release.plan.model import Plan
from olmis_release.plan.windows import Span, freeze_at, frozen_spans, opening_at, window_spans
from olmis_release.text import listed


class Kind(StrEnum):
    """What stands in the agenda."""

    PLAN = "plan"
    WINDOW = "window"
    FREEZE = "freeze"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something that is to come.

    Attributes:
        what: A plan's code and release, a window's routes, a freeze's reason.
        code: Of a plan, empty otherwise.
    """

    kind: Kind
    instance: str
    span: Span
    what: str
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """An open plan of an instance, with its code."""

    plan: Plan
    code: str


def entries(config: InstanceConfig, plans: Iterable[Planned], *, now: datetime, ahead: timedelta) -> tuple[Entry, ...]:
    """Return what is to come on an instance, in order of time; what is over is left out."""
    wanted = Span(start=now, end=now + ahead)
    every = (*_plans(config, plans), *_windows(config, now, ahead), *_freezes(config, now))
    return tuple(sorted((one for one in every if one.span.overlaps(wanted)), key=lambda one: (one.span, one.kind)))


def clashes(configs: Iterable[InstanceConfig], plans: Sequence[Planned]) -> tuple[str, ...]:
    """Return a sentence for every two plans that meet, and for every plan whose time the instance no longer allows."""
    return (*_meeting(plans), *_not_allowed({one.name: one for one in configs}, plans))


def _plans(config: InstanceConfig, plans: Iterable[Planned]) -> Iterator[Entry]:
    for one in plans:
        if one.plan.window is not None:
            what = f"{one.code} {one.plan.release}"
            yield Entry(kind=Kind.PLAN, instance=config.name, span=one.plan.window.span, what=what, code=one.code)


def _windows(config: InstanceConfig, now: datetime, ahead: timedelta) -> Iterator[Entry]:
    for window in config.windows:
        for span in window_spans(window, config.timetable.zone_of(window), after=now, days=ahead.days + 3):
            yield Entry(kind=Kind.WINDOW, instance=config.name, span=span, what=_routes(window))


def _routes(window: Window) -> str:
    return listed(f"{route} route" for route in window.routes)


def _freezes(config: InstanceConfig, now: datetime) -> Iterator[Entry]:
    for freeze in config.freezes:
        for span in frozen_spans(freeze, config.timetable.zone_of(freeze), after=now):
            yield Entry(kind=Kind.FREEZE, instance=config.name, span=span, what=freeze.reason)


def _meeting(plans: Sequence[Planned]) -> Iterator[str]:
    timed = [(one, one.plan.window.span) for one in plans if one.plan.window is not None]
    for (one, span), (other, other_span) in combinations(timed, 2):
        if not span.overlaps(other_span):
            continue
        if one.plan.instance == other.plan.instance:
            yield f"{one.code} and {other.code} are both for {one.plan.instance} at the same time."
        elif shared := sorted(_people(one.plan) & _people(other.plan)):
            yield (
                f"{one.code} ({one.plan.instance}) and {other.code} ({other.plan.instance}) need {listed(shared)} "
                "at the same time."
            )


def _people(plan: Plan) -> set[str]:
    return {row.owner for row in plan.schedule if row.owner}


def _not_allowed(configs: dict[str, InstanceConfig], plans: Iterable[Planned]) -> Iterator[str]:
    for one in plans:
        config = configs.get(one.plan.instance)
        if config is None or one.plan.window is None:
            continue
        start = one.plan.window.span.start
        freeze = freeze_at(config.timetable, one.plan.route, start)
        if freeze is not None:
            yield f"{one.code} lies in a freeze of {config.name}: {freeze.reason}."
        elif opening_at(config.timetable, one.plan.route, start) is None:
            yield f"{one.code} lies outside of the windows of {config.name}."
