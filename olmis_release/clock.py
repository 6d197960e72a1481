"""Time, in one place, so that decisions can be given a time instead of asking for it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, tzinfo


def now() -> datetime:
    """Return the current time in UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


def monotonic_s() -> float:
    """Return seconds on a clock that never jumps; only differences mean anything."""
    return time.monotonic()


def iso(moment: datetime) -> str:
    """Return a moment as ``2026-11-28T18:02:11Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_iso(text: str) -> datetime:
    """Return the moment that `iso` wrote."""
    return datetime.fromisoformat(text)


def local_and_utc(moment: datetime, zone: tzinfo) -> str:
    """Return a moment in an instance's zone and in UTC, as every message shows times."""
    local = moment.astimezone(zone)
    return f"{local:%a %d %b %Y %H:%M %Z} ({moment.astimezone(UTC):%H:%M} UTC)"
