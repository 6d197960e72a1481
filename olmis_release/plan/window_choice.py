"""Which window a plan gets: the one that was typed, where the instance may be changed then, or the next that fits."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from olmis_release import clock
from olmis_release.errors import OutsideWindow, UsageError
from olmis_release.instance.config import InstanceConfig
from olmis_release.manifest.emergency import Route
from olmis_release.plan.schedule import notice_needed
from olmis_release.plan.windows import PlannedWindow, Span, freeze_at, next_opening, opening_at
from olmis_release.text import safe

USUAL = timedelta(hours=2)
"""Length of a window of which only the beginning was typed, where the instance's own do not say it."""

ANY = "RELEASE"
"""Stands for a release in a command to type, where it is not known which."""

_TYPED = re.compile(r"(?P<start>\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?:Z|[+-]\d\d:\d\d)?)(?:\s*(?:/|to)\s*(?P<end>\d\d:\d\d))?")


def choose_window(
    config: InstanceConfig, typed: str, *, route: Route, now: datetime, release: str = ANY
) -> PlannedWindow | None:
    """Return when a plan is to be carried out; None where nobody asks for a window.

    Args:
        config: The instance.
        typed: ``2026-11-28 20:00``, or ``2026-11-28 20:00/22:00``; empty for the next window that fits.
        route: Windows may be open for one route only; it also says how long users are told beforehand.
        now: When the plan is made.
        release: For the command to type.

    Raises:
        UsageError: What was typed is no moment, or none was where one is needed.
        OutsideWindow: The instance may not be changed then; names the next window.
    """
    if typed:
        span = _typed(config, typed, route)
        _require_ahead(span, now, typed)
        require_open(config, route, span.start, release=release)
        _require_within(config, route, span, release=release)
        return span.planned()
    if config.windows:
        return _next(config, route, now, release=release).planned()
    if config.asks_for_inputs:
        raise UsageError(
            f"{config.name} has no windows in its file, and its plans say when they are carried out.",
            resolution="Give --window 'YYYY-MM-DD HH:MM', in the instance's time.",
        )
    return None


def require_open(config: InstanceConfig, route: Route, moment: datetime, *, release: str = ANY) -> None:
    """Refuse a moment at which the instance may not be changed.

    Raises:
        OutsideWindow: Says why, and when it may be next.
    """
    freeze = freeze_at(config.timetable, route, moment)
    if freeze is not None:
        why = f"lies in a freeze: {safe(freeze.reason)}"
    elif opening_at(config.timetable, route, moment) is None:
        why = f"lies outside of the windows for the {route} route"
    else:
        return
    raise outside(
        config, f"{clock.local_and_utc(moment, config.zone)} {why}.", route=route, after=moment, release=release
    )


def outside(config: InstanceConfig, what: str, *, route: Route, after: datetime, release: str = ANY) -> OutsideWindow:
    """Return the refusal that names the next possible window."""
    found = next_opening(config.timetable, route, after=after)
    if found is None:
        return OutsideWindow(
            f"{config.name}: {what} There is no window within a year.",
            resolution=f"Look at windows and freezes in manifests/instances/{config.name}.yml.",
        )
    when = shown(config, found) if config.windows else f"from {clock.local_and_utc(found.start, config.zone)} on"
    return OutsideWindow(
        f"{config.name}: {what} The next possible window is {when}.",
        resolution=f"olmis-release plan {release} --to {config.name} --window "
        f"'{found.start.astimezone(config.zone):%Y-%m-%d %H:%M}'",
    )


def shown(config: InstanceConfig, span: Span) -> str:
    """Return a span in the instance's time and in UTC."""
    start, end = span.start.astimezone(config.zone), span.end.astimezone(config.zone)
    until = f"{end:%H:%M}" if start.date() == end.date() or end - start < timedelta(days=1) else f"{end:%a %d %b %H:%M}"
    utc = f"{span.start.astimezone(UTC):%H:%M}-{span.end.astimezone(UTC):%H:%M} UTC"
    return f"{start:%a %d %b %Y %H:%M} to {until} {start:%Z} ({utc})"


def _typed(config: InstanceConfig, typed: str, route: Route) -> Span:
    match = _TYPED.fullmatch(typed.strip())
    try:
        start = _moment(match["start"], config) if match else None
        end = _clock_time(match["end"]) if match and match["end"] else None
    except ValueError:
        start = end = None
    if start is None:
        raise UsageError(
            f"--window {safe(typed)!r} is not a moment.",
            resolution="Write it in the instance's time: --window '2026-11-28 20:00' or '2026-11-28 20:00/22:00'.",
        )
    if end is not None:
        return Span(start=start, end=_after(start, end, config))
    inside = opening_at(config.timetable, route, start) if config.windows else None
    return Span(start=start, end=inside.end if inside else start + USUAL)


def _moment(text: str, config: InstanceConfig) -> datetime:
    moment = datetime.fromisoformat(text.replace(" ", "T"))
    return (moment if moment.tzinfo else moment.replace(tzinfo=config.zone)).astimezone(UTC)


def _clock_time(text: str) -> tuple[int, int]:
    hours, _, minutes = text.partition(":")
    datetime(2000, 1, 1, int(hours), int(minutes), tzinfo=UTC)  # refuses 25:61
    return int(hours), int(minutes)


def _after(start: datetime, end: tuple[int, int], config: InstanceConfig) -> datetime:
    """Return the first moment after `start` at which the instance's clocks show that."""
    local = start.astimezone(config.zone)
    same_day = local.replace(hour=end[0], minute=end[1], fold=0)
    found = same_day if same_day > local else (same_day + timedelta(days=1))
    return found.astimezone(UTC)


def _require_ahead(span: Span, now: datetime, typed: str) -> None:
    if span.end <= now:
        raise UsageError(f"--window {safe(typed)!r} is over.", resolution="Name one that is still to come.")


def _require_within(config: InstanceConfig, route: Route, span: Span, *, release: str) -> None:
    inside = opening_at(config.timetable, route, span.start)
    if inside is None or span.end > inside.end:
        edge = inside.end if inside else span.start
        what = f"It would go on after {clock.local_and_utc(edge, config.zone)}, when the window is over."
        raise outside(config, what, route=route, after=span.start, release=release)


def _next(config: InstanceConfig, route: Route, now: datetime, *, release: str) -> Span:
    told = notice_needed(route, config.schedule.get(route, {}))
    found = next_opening(config.timetable, route, after=now + told)
    if found is None:
        raise outside(config, "The instance is never open.", route=route, after=now + told, release=release)
    return found
