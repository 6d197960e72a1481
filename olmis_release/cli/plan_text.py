"""A plan in words, as `plan`, `plan show` and `deploy` print it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

from olmis_release import clock
from olmis_release.plan.model import Action, Change, Plan, PlanPurpose
from olmis_release.plan.schedule import decision_deadline
from olmis_release.text import listed, minutes, plural, safe

SIGNS = {Action.ADD: "+", Action.REPLACE: "~", Action.RESTART: "*", Action.REMOVE: "-", Action.KEEP: "="}
COLUMN_LIMIT = 46
"""A longer image is still shown whole; it only stops lining up the rest."""


def plan_text(plan: Plan, code: str) -> str:
    """Return the summary of a plan: what changes, the counts, the way back, what to know, the code."""
    purpose = f" {plan.instance_purpose.upper()}" if plan.instance_purpose == "production" else ""
    head = f"{plan.instance}{purpose}  {plan.previous or 'nothing'} -> {plan.release}   {plan.url}"
    return "\n".join([head, *_emergency(plan), *_change_lines(plan), counts_text(plan), *_end(plan, code)])


def _emergency(plan: Plan) -> Iterator[str]:
    """Yield why an emergency release could not wait."""
    if patch := plan.patch:
        yield f"{patch.priority}: {safe(patch.ticket)}, impact {patch.impact}, urgency {patch.urgency}"
        yield f"Emergency release of {patch.base}: only {listed(patch.components)} may differ from it."


def steps_text(plan: Plan) -> str:
    """Return the numbered steps with their reasons."""
    lines = [f"{number:>3}. {step.subject}: {step.reason}" for number, step in enumerate(plan.steps, 1)]
    return "\n".join(["Steps:", *lines])


def counts_text(plan: Plan) -> str:
    """Return ``Plan: 1 to add, 3 to change, 1 to restart, 1 to remove, 12 unchanged.``."""
    counts = Counter(change.action for change in plan.changes)
    restarts = f"{counts[Action.RESTART]} to restart, " if counts[Action.RESTART] else ""
    return (
        f"Plan: {counts[Action.ADD]} to add, {counts[Action.REPLACE]} to change, {restarts}"
        f"{counts[Action.REMOVE]} to remove."
    )


def offline_text(plan: Plan) -> str:
    """Return how long users will be cut off, and how that is known."""
    about = f"about {minutes(plan.offline_s)}. " if plan.offline_s is not None else ""
    return f"{about}{plan.offline_basis}".strip()


def _agreed(plan: Plan) -> Iterator[str]:
    """Yield priority, route and window, where people agreed on them."""
    if (judged := plan.assessment) and not plan.patch:
        yield f"Priority {judged.priority}: impact {judged.impact}, urgency {judged.urgency}, {judged.route} route"
    if plan.window:
        zone, span = ZoneInfo(plan.time_zone), plan.window.span
        start, end = (clock.local_and_utc(moment, zone) for moment in (span.start, span.end))
        deadline = clock.local_and_utc(decision_deadline(span, plan.rollback_s), zone)
        yield f"Window: {start} to {end}. To go back within it, decide by {deadline}."


def _end(plan: Plan, code: str) -> Iterator[str]:
    yield from _agreed(plan)
    if offline := offline_text(plan):
        yield f"Users offline: {offline}"
    yield f"Way back: {plan.way_back}"
    label = "In data this costs" if plan.purpose is PlanPurpose.ROLLBACK else "Going back loses"
    yield f"{label}: {plan.data_cost}"
    yield from (f"Note: {note}" for note in plan.notes)
    yield f"Code {code}"


def _change_lines(plan: Plan) -> Iterator[str]:
    changed = plan.changed
    names = _width(change.component for change in changed)
    before, after = _width(map(_before, changed)), _width(map(_after, changed))
    for change in changed:
        arrow = "->" if _after(change) else "  "
        moved = f"{_before(change):<{before}} {arrow} {_after(change):<{after}}"
        yield f"  {SIGNS[change.action]} {change.component:<{names}}  {moved}  {_why(change)}".rstrip()
    if kept := len(plan.changes) - len(changed):
        yield f"  = {kept} unchanged"


def _width(cells: Iterable[str]) -> int:
    return min(max(map(len, cells), default=0), COLUMN_LIMIT)


def _before(change: Change) -> str:
    """Return the tag where only it moves, the whole image where the repository does."""
    return _short(change.before, change.after)


def _after(change: Change) -> str:
    """Return the same of the new image, nothing where the image stays."""
    return _short(change.after, change.before) if _moves(change) else ""


def _short(image: str | None, other: str | None) -> str:
    if image is None:
        return ""
    repository, _, tag = image.rpartition(":")
    same = other is None or other.rpartition(":")[0] == repository
    return tag if same and repository else image


def _why(change: Change) -> str:
    """Return the database changes and the reasons that the two images do not show already."""
    pending = plural(len(change.pending), "database change") if change.pending else ""
    if not change.migrations_known:
        pending = "database changes not known"
    told = change.action in {Action.REPLACE, Action.RESTART}
    reasons = [reason for reason in change.reasons if told and not (_is_of_image(reason) and _moves(change))]
    return "; ".join(part for part in (pending, *reasons) if part)


def _moves(change: Change) -> bool:
    return change.before != change.after


def _is_of_image(reason: str) -> bool:
    return reason.startswith("image ")
