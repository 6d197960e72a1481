"""The schedule of a release: rows at a distance from the window, moved with it. Values in, values out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from olmis_release import clock
from olmis_release.instance.timetable import Milestone
from olmis_release.manifest.emergency import Route
from olmis_release.manifest.model import Strict
from olmis_release.plan.inputs import Duty, Person
from olmis_release.plan.windows import Span


class RowStatus(StrEnum):
    """Where a row stands when the plan is made: still to come, or its time had passed already."""

    PLANNED = "planned"
    OVERDUE = "overdue"


class ScheduleRow(Strict):
    """One thing that somebody does at a time.

    Attributes:
        activity: In words.
        duty: Who owns it; `owner` and `deputy` are their names, empty where nobody was named.
        start: UTC, ISO 8601.
        depends_on: Rows that must be done before.
        verified_by: How everybody sees that it is done.
    """

    id: Milestone
    activity: str
    duty: Duty
    owner: str = ""
    deputy: str = ""
    start: str
    minutes: int
    depends_on: tuple[Milestone, ...] = ()
    verified_by: str = ""
    status: RowStatus = RowStatus.PLANNED


@dataclass(frozen=True, slots=True, kw_only=True)
class _Usual:
    """A row as it usually is; `at` is its distance from the window's start, or from its end."""

    id: Milestone
    activity: str
    duty: Duty
    at: timedelta = timedelta()
    from_end: bool = False
    minutes: int = 30
    after: tuple[Milestone, ...] = ()
    verified_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What a schedule is made from.

    Attributes:
        offsets: Of the instance: rows at another distance than usual.
        offline_s: Expected outage; the window's length where it is not known.
        rollback_s: How long going back takes, None when that is not known.
        made: When the plan is made: what lies before is overdue.
    """

    window: Span
    route: Route
    offsets: Mapping[Milestone, timedelta] = field(default_factory=dict)
    people: Mapping[Duty, Person] = field(default_factory=dict)
    offline_s: float | None = None
    rollback_s: float | None = None
    made: datetime


MARGIN = timedelta(minutes=15)
"""Left between the end of a rollback and the end of the window."""

LEAST_BEFORE_END = timedelta(minutes=45)
"""The decision to go back is due so long before the window ends, or earlier where going back takes longer."""

_M, _D = Milestone, Duty
_DAY = timedelta(days=1)
_BEFORE: Mapping[Route, tuple[_Usual, ...]] = {
    Route.STANDARD: (
        _Usual(
            id=_M.CODE_FREEZE,
            activity="Code freeze: the candidate changes no more",
            duty=_D.RELEASE_MANAGER,
            at=-21 * _DAY,
            verified_by="The candidate has its number, and every image its digest",
        ),
        _Usual(
            id=_M.ON_UAT,
            activity="Deploy the candidate to UAT",
            duty=_D.RELEASE_MANAGER,
            at=-20 * _DAY,
            minutes=60,
            after=(_M.CODE_FREEZE,),
            verified_by="The record of the run on UAT",
        ),
        _Usual(
            id=_M.UAT_SIGN_OFF,
            activity="Sign the tests on UAT off",
            duty=_D.TESTER,
            at=-8 * _DAY,
            minutes=60,
            after=(_M.ON_UAT,),
            verified_by="The test report, with names and dates",
        ),
        _Usual(
            id=_M.NOTICE_1,
            activity="First notice to users",
            duty=_D.SUPPORT_LEAD,
            at=-7 * _DAY,
            after=(_M.UAT_SIGN_OFF,),
            verified_by="The notice and how many it reached",
        ),
        _Usual(
            id=_M.GO_NO_GO,
            activity="Decide go or no-go",
            duty=_D.PRODUCT_OWNER,
            at=-1 * _DAY - timedelta(hours=4),
            after=(_M.NOTICE_1,),
            verified_by="The approvals of this plan",
        ),
        _Usual(
            id=_M.NOTICE_2,
            activity="Second notice to users",
            duty=_D.SUPPORT_LEAD,
            at=-1 * _DAY,
            after=(_M.GO_NO_GO,),
            verified_by="The notice and how many it reached",
        ),
    ),
    Route.EMERGENCY: (
        _Usual(
            id=_M.GO_NO_GO,
            activity="Decide go or no-go",
            duty=_D.PRODUCT_OWNER,
            at=-timedelta(hours=1),
            verified_by="The approvals of this plan",
        ),
    ),
}
_AFTER: Mapping[Route, tuple[timedelta, timedelta]] = {
    Route.STANDARD: (5 * _DAY, 7 * _DAY),
    Route.EMERGENCY: (2 * _DAY, 3 * _DAY),
}
"""Until when somebody watches closely, and when the release is looked back on."""


def make_schedule(course: Course) -> tuple[ScheduleRow, ...]:
    """Return the rows in order of time."""
    rows = (_row(usual, course) for usual in (*_BEFORE[course.route], *_on_the_day(course), *_later(course.route)))
    return tuple(sorted(rows, key=lambda row: (row.start, tuple(Milestone).index(row.id))))


def texts() -> tuple[str, ...]:
    """Return everything that a schedule can say, for the catalogues."""
    moment = clock.parse_iso("2026-01-01T00:00:00Z")
    course = Course(window=Span(start=moment, end=moment + _DAY), route=Route.STANDARD, made=moment)
    rows = (*make_schedule(course), *make_schedule(replace(course, route=Route.EMERGENCY)))
    return tuple(dict.fromkeys(text for row in rows for text in (row.activity, row.verified_by)))


def decision_deadline(window: Span, rollback_s: float | None) -> datetime:
    """Return until when going back can be decided, so that it ends within the window."""
    needed = timedelta(seconds=rollback_s or 0) + MARGIN
    return max(window.start, window.end - max(needed, LEAST_BEFORE_END))


def notice_needed(route: Route, offsets: Mapping[Milestone, timedelta]) -> timedelta:
    """Return how long before a window users must be told on a route."""
    usual = next((row.at for row in _BEFORE[route] if row.id is Milestone.NOTICE_1), timedelta())
    return -min(offsets.get(Milestone.NOTICE_1, usual), timedelta())


def _on_the_day(course: Course) -> Iterator[_Usual]:
    window = course.window
    length = window.end - window.start
    known = timedelta(seconds=course.offline_s) if course.offline_s is not None else length - LEAST_BEFORE_END
    deploy = max(timedelta(minutes=1), min(known, length))
    yield _Usual(
        id=_M.PREFLIGHT,
        activity="Preflight: everything that can be asked without touching anything",
        duty=_D.RELEASE_MANAGER,
        at=-timedelta(hours=1),
        after=(_M.GO_NO_GO,),
        verified_by="olmis-release preflight ends with 0",
    )
    yield _Usual(
        id=_M.DEPLOY,
        activity="Deploy: way back taken, components replaced, smoke tests",
        duty=_D.RELEASE_MANAGER,
        minutes=-(-int(deploy.total_seconds()) // 60),
        after=(_M.PREFLIGHT,),
        verified_by="The record of the run",
    )
    yield _Usual(
        id=_M.REOPEN,
        activity="Users work again; look at what they meet first",
        duty=_D.TESTER,
        at=deploy,
        after=(_M.DEPLOY,),
        verified_by="A requisition is opened and saved",
    )
    yield _Usual(
        id=_M.ROLLBACK_DECISION,
        activity="Last moment to decide to go back within the window",
        duty=_D.PRODUCT_OWNER,
        at=decision_deadline(window, course.rollback_s) - window.start,
        minutes=0,
        after=(_M.DEPLOY,),
        verified_by="The decision is written down",
    )
    yield _Usual(
        id=_M.NOTICE_DONE,
        activity="Tell users how it ended",
        duty=_D.SUPPORT_LEAD,
        from_end=True,
        after=(_M.REOPEN,),
        verified_by="The notice and how many it reached",
    )


def _later(route: Route) -> Iterator[_Usual]:
    hypercare, review = _AFTER[route]
    yield _Usual(
        id=_M.HYPERCARE_END,
        activity="End of hypercare: support goes back to its usual hours",
        duty=_D.SUPPORT_LEAD,
        at=hypercare,
        from_end=True,
        minutes=0,
        after=(_M.REOPEN,),
        verified_by="No open problem of priority Blocker or Critical",
    )
    yield _Usual(
        id=_M.REVIEW,
        activity="Review: planned against what happened",
        duty=_D.RELEASE_MANAGER,
        at=review,
        from_end=True,
        minutes=60,
        after=(_M.HYPERCARE_END,),
        verified_by="The review is filed with this plan",
    )


def _row(usual: _Usual, course: Course) -> ScheduleRow:
    anchor = course.window.end if usual.from_end else course.window.start
    start = anchor + course.offsets.get(usual.id, usual.at)
    person = course.people.get(usual.duty, Person())
    return ScheduleRow(
        id=usual.id,
        activity=usual.activity,
        duty=usual.duty,
        owner=person.name or "",
        deputy=person.deputy or "",
        start=clock.iso(start),
        minutes=usual.minutes,
        depends_on=usual.after,
        verified_by=usual.verified_by,
        status=RowStatus.OVERDUE if start < course.made else RowStatus.PLANNED,
    )
