"""Windows and freezes: whether an instance may be changed at a moment, and when next. Values in, values out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from olmis_release import clock
from olmis_release.instance.timetable import Day, Freeze, Timetable, Window
from olmis_release.manifest.emergency import Route
from olmis_release.manifest.model import Strict

HORIZON_DAYS = 400
"""How far ahead an opening is looked for: a year, and a window that comes once in it."""

USEFUL = timedelta(minutes=15)
"""A shorter rest of a window is none."""


class PlannedWindow(Strict):
    """When a plan is to be carried out.

    Attributes:
        start, end: UTC, ISO 8601.
    """

    start: str
    end: str

    @property
    def span(self) -> Span:
        """The same as moments."""
        return Span(start=clock.parse_iso(self.start), end=clock.parse_iso(self.end))


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Span:
    """From one moment to another, the second not included."""

    start: datetime
    end: datetime

    def holds(self, moment: datetime) -> bool:
        """Return whether a moment lies within."""
        return self.start <= moment < self.end

    def overlaps(self, other: Span) -> bool:
        """Return whether two spans share a moment."""
        return self.start < other.end and other.start < self.end

    def planned(self) -> PlannedWindow:
        """Return the form in which a plan keeps it."""
        return PlannedWindow(start=clock.iso(self.start), end=clock.iso(self.end))


def freeze_at(table: Timetable, route: Route, moment: datetime) -> Freeze | None:
    """Return the freeze that forbids a change at a moment."""
    for freeze in table.freezes:
        if route in freeze.routes and freeze.holds_on(moment.astimezone(table.zone_of(freeze)).date()):
            return freeze
    return None


def opening_at(table: Timetable, route: Route, moment: datetime) -> Span | None:
    """Return the opening that a moment lies in, None when the instance may not be changed then."""
    return next((span for span in openings(table, route, after=moment) if span.holds(moment)), None)


def next_opening(table: Timetable, route: Route, *, after: datetime, at_least: timedelta = USEFUL) -> Span | None:
    """Return the first opening from a moment on that is long enough; None when there is none within a year."""
    for span in openings(table, route, after=after):
        rest = Span(start=max(span.start, after), end=span.end)
        if rest.end - rest.start >= at_least:
            return rest
    return None


def openings(table: Timetable, route: Route, *, after: datetime) -> Iterator[Span]:
    """Yield when the instance may be changed, freezes taken out, in order of time; those that ended before are not."""
    frozen = sorted(_frozen(table, route, after))
    for span in _merged(_windows(table, route, after)):
        yield from (piece for piece in _without(span, frozen) if piece.end > after)


def frozen_spans(freeze: Freeze, zone: ZoneInfo, *, after: datetime, days: int = HORIZON_DAYS) -> Iterator[Span]:
    """Return when a freeze holds, neighbouring days as one."""
    if freeze.begins and freeze.ends:
        whole = Span(start=_day_span(freeze.begins, zone).start, end=_day_span(freeze.ends, zone).end)
        return iter((whole,) if whole.end > after else ())
    return _merged(_day_span(day, zone) for day in _days(after, zone, days) if freeze.holds_on(day))


def window_spans(window: Window, zone: ZoneInfo, *, after: datetime, days: int = HORIZON_DAYS) -> Iterator[Span]:
    """Yield when a window is open."""
    wanted = {tuple(Day).index(day) for day in window.days}
    for day in _days(after, zone, days):
        if day.weekday() in wanted:
            over_night = window.ends <= window.begins
            yield Span(
                start=_moment(day, window.begins, zone),
                end=_moment(day + timedelta(days=over_night), window.ends, zone),
            )


def _windows(table: Timetable, route: Route, after: datetime) -> list[Span]:
    if not table.windows:
        return [Span(start=after - timedelta(days=1), end=after + timedelta(days=HORIZON_DAYS))]
    mine = (one for one in table.windows if route in one.routes)
    return sorted(span for one in mine for span in window_spans(one, table.zone_of(one), after=after))


def _frozen(table: Timetable, route: Route, after: datetime) -> Iterator[Span]:
    for freeze in table.freezes:
        if route in freeze.routes:
            yield from frozen_spans(freeze, table.zone_of(freeze), after=after)


def _days(after: datetime, zone: ZoneInfo, days: int) -> Iterator[date]:
    first = after.astimezone(zone).date() - timedelta(days=2)
    return (first + timedelta(days=number) for number in range(days))


def _day_span(day: date, zone: ZoneInfo) -> Span:
    return Span(start=_moment(day, time(), zone), end=_moment(day + timedelta(days=1), time(), zone))


def _moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)


def _merged(spans: Iterable[Span]) -> Iterator[Span]:
    """Yield sorted spans with those that touch made one."""
    held: Span | None = None
    for span in spans:
        if held is not None and span.start <= held.end:
            held = Span(start=held.start, end=max(held.end, span.end))
            continue
        if held is not None:
            yield held
        held = span
    if held is not None:
        yield held


def _without(span: Span, frozen: Iterable[Span]) -> Iterator[Span]:
    """Yield what is left of a span after the frozen ones are cut out of it."""
    start = span.start
    for one in frozen:
        if one.end <= start or one.start >= span.end:
            continue
        if one.start > start:
            yield Span(start=start, end=one.start)
        start = max(start, one.end)
    if start < span.end:
        yield Span(start=start, end=span.end)
