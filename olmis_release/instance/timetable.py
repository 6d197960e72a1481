"""When an instance may be changed, as its file says it: windows, freezes, and how far ahead things are done.

Shapes only; what follows from them is `plan.windows` and `plan.schedule`.
"""

from __future__ import annotations

import re
from datetime import date, time, timedelta
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from olmis_release.manifest.emergency import Route
from olmis_release.manifest.image import Strict


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name!r} is not an IANA time zone, for example Africa/Blantyre")
    return name


Zone = Annotated[str, AfterValidator(_zone)]


class Day(StrEnum):
    """A day of the week, in the order in which `datetime.weekday` counts."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


class Milestone(StrEnum):
    """A row of every schedule; its time follows from the window."""

    CODE_FREEZE = "code-freeze"
    ON_UAT = "on-uat"
    UAT_SIGN_OFF = "uat-sign-off"
    NOTICE_1 = "notice-1"
    GO_NO_GO = "go-no-go"
    NOTICE_2 = "notice-2"
    PREFLIGHT = "preflight"
    DEPLOY = "deploy"
    REOPEN = "reopen"
    ROLLBACK_DECISION = "rollback-decision"
    NOTICE_DONE = "notice-done"
    HYPERCARE_END = "hypercare-end"
    REVIEW = "review"


EVERY_ROUTE = (Route.EMERGENCY, Route.STANDARD)
_OFFSET = re.compile(r"(?P<sign>[+-]?)(?:(?P<days>\d{1,3})d)?(?:(?P<hours>\d{1,3})h)?(?:(?P<minutes>\d{1,4})m)?")


def _offset(value: Any) -> Any:
    """Return ``-7d``, ``+1d4h`` or ``30m`` as a duration."""
    if not isinstance(value, str):
        return value
    match = _OFFSET.fullmatch(value.replace(" ", ""))
    if match is None or not any(match[part] for part in ("days", "hours", "minutes")):
        raise ValueError(f"{value!r} is not a distance in time, for example -7d, +1d4h or 30m")
    days, hours, minutes = (int(match[part] or 0) for part in ("days", "hours", "minutes"))
    found = timedelta(days=days, hours=hours, minutes=minutes)
    return -found if match["sign"] == "-" else found


Offset = Annotated[timedelta, BeforeValidator(_offset)]


class Window(Strict):
    """Hours of the week in which the instance may be changed.

    Attributes:
        days: On which days it begins.
        begins: Local time, key ``from``.
        ends: Local time, key ``to``; not later than `begins` means: on the next day.
        tz: In whose time; the instance's when None.
        routes: For whom it is open.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    days: tuple[Day, ...] = Field(min_length=1)
    begins: time = Field(alias="from")
    ends: time = Field(alias="to")
    tz: Zone | None = None
    routes: tuple[Route, ...] = Field(default=EVERY_ROUTE, min_length=1)


class Freeze(Strict):
    """Days on which the instance may not be changed: from one date to another, or some days of every month.

    Attributes:
        begins: First day, key ``from``.
        ends: Last day, key ``to``.
        month_days: Days of the month, for example those on which requisitions are submitted; -1 is the last.
        reason: Why, for people.
        tz: In whose time; the instance's when None.
        routes: Whom it stops.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    begins: date | None = Field(default=None, alias="from")
    ends: date | None = Field(default=None, alias="to")
    month_days: tuple[Annotated[int, Field(ge=-31, le=31)], ...] = ()
    reason: str = Field(min_length=1)
    tz: Zone | None = None
    routes: tuple[Route, ...] = Field(default=EVERY_ROUTE, min_length=1)

    @model_validator(mode="after")
    def _one_form(self) -> Freeze:
        if (self.begins is None) != (self.ends is None) or bool(self.begins) == bool(self.month_days):
            raise ValueError("give from and to, or month_days")
        if self.begins and self.ends and self.ends < self.begins:
            raise ValueError(f"it ends ({self.ends}) before it begins ({self.begins})")
        return self

    def holds_on(self, day: date) -> bool:
        """Return whether it stops changes on a day."""
        if self.begins and self.ends:
            return self.begins <= day <= self.ends
        last = (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
        return day.day in self.month_days or day.day - last.day - 1 in self.month_days


class Timetable(Strict):
    """When an instance may be changed; without windows and freezes: always.

    Attributes:
        zone_name: The instance's own time zone.
    """

    windows: tuple[Window, ...] = ()
    freezes: tuple[Freeze, ...] = ()
    zone_name: str = "UTC"

    def zone_of(self, one: Window | Freeze) -> ZoneInfo:
        """Return in whose time a window or freeze is meant."""
        return ZoneInfo(one.tz or self.zone_name)
