"""What the templates show of a plan, in one language; values in, values out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from olmis_release import clock
from olmis_release.instance.config import Contact
from olmis_release.instance.timetable import Milestone
from olmis_release.plan.documents.language import Tongue
from olmis_release.plan.inputs import Supporter
from olmis_release.plan.model import Action, Change, Plan, PlanPurpose, WayBack
from olmis_release.plan.schedule import ScheduleRow, decision_deadline
from olmis_release.tags import compare_tags

_RELEASED = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")

ON_PAGE_1 = 12
"""As many changed components are named on page 1; section 3 has them all."""

_ON_THE_DAY = (
    Milestone.PREFLIGHT,
    Milestone.DEPLOY,
    Milestone.REOPEN,
    Milestone.ROLLBACK_DECISION,
    Milestone.NOTICE_DONE,
)


class Titled(NamedTuple):
    """A few words, and what they mean."""

    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A component in the table."""

    change: Change
    direction: str
    undone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A row of the schedule on the line of the day, in percent of the line."""

    activity: str
    time: str
    left: float
    width: float


def content(plan: Plan, spoken: Tongue) -> Mapping[str, Any]:
    """Return the values of the templates."""
    counts = {str(action): sum(change.action is action for change in plan.changes) for action in Action}
    windows = list(spoken.span(plan.window.span)) if plan.window else []
    return {
        "assessment": plan.assessment or plan.patch,
        "made": spoken.moment(clock.parse_iso(plan.created)),
        "moved": plan.changed,
        "moved_names": _named([change.component for change in plan.changed]),
        "kept": [change.component for change in plan.changes if change.action is Action.KEEP],
        "counts": counts,
        "rows": [_row(change, plan, spoken) for change in plan.changes],
        "migrating": [change for change in plan.changes if change.may_migrate],
        "strangers": [change for change in plan.changes if change.unknown_rows],
        "keyed": [change for change in plan.changes if change.keys_added or change.keys_removed],
        "manual": sorted((rule for rule in plan.rules if rule.step), key=lambda rule: rule.step == "after"),
        "changelogs": list(_changelogs(plan.changed)),
        "window": windows[0] if windows else "",
        "other_windows": windows[1:],
        "deadline": _deadline(plan, spoken),
        "noticed": _noticed(plan, spoken),
        "way_back": _way_back(plan, spoken),
        "not_asked": spoken.say("Not given: the policy of this instance does not ask for it."),
        "timeline": list(_timeline(plan.schedule, spoken)),
        "numbers": _numbers(plan.schedule),
        "supporters": _supporters(plan),
        "technical": list(_technical(plan, spoken)),
    }


def _named(names: list[str]) -> str:
    more = f" + {len(names) - ON_PAGE_1}" if len(names) > ON_PAGE_1 else ""
    return ", ".join(names[:ON_PAGE_1]) + more


def _row(change: Change, plan: Plan, spoken: Tongue) -> Row:
    return Row(change=change, direction=_direction(change, spoken), undone=_undone(change, plan, spoken))


def _direction(change: Change, spoken: Tongue) -> str:
    if change.action is Action.KEEP or change.before is None or change.after is None:
        return "–"
    (old, _, old_tag), (new, _, new_tag) = change.before.rpartition(":"), change.after.rpartition(":")
    return spoken.label(compare_tags(old_tag, new_tag) if old == new else "unknown")


def _undone(change: Change, plan: Plan, spoken: Tongue) -> str:
    if not change.may_migrate:
        return "–"
    with_copy = plan.way_back is WayBack.DATABASE
    return spoken.say("with the copy only") if with_copy else spoken.say("no")


def _changelogs(changes: Iterable[Change]) -> Iterator[tuple[str, str]]:
    """Yield where Core's own components tell what changed, at the tag that is wanted."""
    for change in changes:
        repository, _, tag = (change.after or "").rpartition(":")
        owner, _, name = repository.partition("/")
        if owner == "openlmis" and change.schema_name and _RELEASED.fullmatch(tag):
            yield change.component, f"https://github.com/OpenLMIS/openlmis-{name}/blob/v{tag}/CHANGELOG.md"


def _deadline(plan: Plan, spoken: Tongue) -> str:
    if plan.window is None or plan.way_back is WayBack.NONE:
        return ""
    return spoken.moment(decision_deadline(plan.window.span, plan.rollback_s))


def _noticed(plan: Plan, spoken: Tongue) -> str:
    told = plan.inputs.users_notice if plan.inputs else None
    if told is None or (told and spoken.language not in told):
        return spoken.say("Not given.")
    return told.get(spoken.language) or spoken.say("None.")


def _way_back(plan: Plan, spoken: Tongue) -> Titled:
    say = spoken.say
    if plan.way_back is WayBack.NONE:
        return Titled(say("There is none."), say("Nothing older is there."))
    if plan.way_back is WayBack.IMAGES:
        return Titled(
            say("By itself, without touching data."), say("If a check fails, the old containers are started again.")
        )
    if plan.purpose is PlanPurpose.ROLLBACK:
        return Titled(
            say("By itself, data included."),
            say(
                "If a check fails, the database that runs now takes its place again, and the present containers with "
                "it."
            ),
        )
    return Titled(
        say("By itself, data included."),
        say(
            "The database is copied before anything changes; if a check fails, the copy takes its place and the old "
            "containers are started again."
        ),
    )


def _timeline(rows: Iterable[ScheduleRow], spoken: Tongue) -> Iterator[Bar]:
    """Yield the rows of the day itself on one line, from the first beginning to the last end."""
    day = [row for row in rows if row.id in _ON_THE_DAY]
    if not day:
        return
    begins = [clock.parse_iso(row.start).timestamp() for row in day]
    first = min(begins)
    length = max(start + row.minutes * 60 for start, row in zip(begins, day, strict=True)) - first or 1
    for start, row in zip(begins, day, strict=True):
        yield Bar(
            activity=row.activity,
            time=spoken.clock_time(clock.parse_iso(row.start)),
            left=round((start - first) / length * 100, 1),
            width=round(max(row.minutes * 60 / length * 100, 0.6), 1),
        )


def _numbers(rows: Iterable[ScheduleRow]) -> Callable[[Iterable[Milestone]], str]:
    known = {row.id: number for number, row in enumerate(rows, 1)}

    def numbers(wanted: Iterable[Milestone]) -> str:
        return ", ".join(str(known[one]) for one in wanted if one in known) or "–"

    return numbers


def _supporters(plan: Plan) -> tuple[Supporter | Contact, ...]:
    given: tuple[Supporter | Contact, ...] = plan.inputs.support or () if plan.inputs else ()
    return tuple(sorted(given or plan.contacts, key=lambda one: one.tier or 9))


def _technical(plan: Plan, spoken: Tongue) -> Iterator[tuple[str, str]]:
    """Yield what the plan was made from, for those who check it by hand."""
    base, say = plan.base, spoken.say
    yield say("Compose file"), plan.compose
    yield say("Compose file of what runs"), plan.previous_compose or "–"
    yield say("Release manifest"), base.manifest
    yield say("Instance file"), base.instance_file
    yield say("Settings file (keyed fingerprint)"), base.settings
    yield say("Engine"), base.engine_id
    for path, digest in sorted(base.hooks.items()):
        yield say("Hook %(path)s") % {"path": path}, digest
