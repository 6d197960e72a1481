"""The dates of a plan as a calendar file that calendar programs read (RFC 5545)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from icalendar import Alarm, Calendar, Event

from olmis_release import clock
from olmis_release.instance.timetable import Milestone
from olmis_release.plan.documents.language import Tongue, tongue
from olmis_release.plan.model import Plan
from olmis_release.text import safe

PRODUCT = "-//olmis-release//release deployment plan//EN"
WINDOW = "window"
"""In an event's UID; the others have the id of their row of the schedule."""

_ALARMS = (timedelta(days=-1), timedelta(hours=-1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """A plan with the code that names it, and how often its release was planned for this instance before.

    Attributes:
        revision: Becomes SEQUENCE: a later plan moves the events of an earlier one.
    """

    plan: Plan
    code: str
    revision: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    id: str
    title: str
    start: datetime
    end: datetime


def calendar_of(plans: Iterable[Dated], *, cancel: bool = False) -> bytes:
    """Return the go/no-go, the window, the last moment to go back and the end of hypercare of every plan.

    Args:
        plans: Those without a window have no dates and are left out.
        cancel: Withdraw the events instead of publishing them.
    """
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "CANCEL" if cancel else "PUBLISH")
    for one in plans:
        for event in _events(one, cancel=cancel):
            calendar.add_component(event)
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())


def _events(one: Dated, *, cancel: bool) -> Iterator[Event]:
    plan = one.plan
    for entry in _entries(plan):
        event = Event()
        event.add("uid", f"{plan.instance}-{plan.release}-{entry.id}@olmis-release")
        event.add("sequence", one.revision + cancel)
        event.add("dtstamp", clock.parse_iso(plan.created))
        event.add("dtstart", entry.start.astimezone(ZoneInfo(plan.time_zone)))
        event.add("dtend", entry.end.astimezone(ZoneInfo(plan.time_zone)))
        event.add("summary", safe(entry.title))
        event.add("description", safe(f"olmis-release {one.code}, {plan.url}"))
        event.add("status", "CANCELLED" if cancel else "CONFIRMED")
        event.add("transp", "OPAQUE" if entry.id == WINDOW else "TRANSPARENT")
        for before in () if cancel else _ALARMS:
            event.add_component(_alarm(before, entry.title))
        yield event


def _alarm(before: timedelta, title: str) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("trigger", before)
    alarm.add("description", safe(title))
    return alarm


def _entries(plan: Plan) -> Iterator[_Entry]:
    if plan.window is None:
        return
    spoken = tongue(plan.languages[0], (plan.time_zone,))
    titles = _titles(spoken)
    span = plan.window.span
    yield _Entry(id=WINDOW, title=_titled(titles[WINDOW], plan), start=span.start, end=span.end)
    for row in plan.schedule:
        if row.id in titles:
            start = clock.parse_iso(row.start)
            end = start + timedelta(minutes=max(row.minutes, 15))
            yield _Entry(id=row.id, title=_titled(titles[row.id], plan), start=start, end=end)


def _titled(title: str, plan: Plan) -> str:
    return title % {"release": plan.release, "instance": plan.instance}


def _titles(spoken: Tongue) -> dict[str, str]:
    say = spoken.say
    return {
        WINDOW: say("Release %(release)s on %(instance)s"),
        Milestone.GO_NO_GO: say("Go or no-go: %(release)s on %(instance)s"),
        Milestone.ROLLBACK_DECISION: say("Last moment to go back: %(release)s on %(instance)s"),
        Milestone.HYPERCARE_END: say("End of hypercare: %(release)s on %(instance)s"),
    }
