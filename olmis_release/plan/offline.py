"""How long users will be cut off: said from what earlier runs took, with its source, or said to be unknown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from olmis_release.instance.config import Timeouts
from olmis_release.plan.model import Outcome, Run, WayBack
from olmis_release.plan.steps import STOPPED, Route, wall_reason
from olmis_release.text import listed, minutes, plural

MOST = 3
"""How many of the latest runs are looked at; older ones say little about today's host and data."""

NOBODY_YET = "Nobody works on this instance yet. Users are let in once everything is proved."
NOT_AT_ALL = "Not at all: nothing that runs is stopped."


@dataclass(frozen=True, slots=True, kw_only=True)
class Offline:
    """An estimate.

    Attributes:
        seconds: None when nothing is known.
        basis: Where the figure comes from, or what bound holds instead.
    """

    seconds: float | None
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What users will meet.

    Attributes:
        way_back: How a failed run is undone; runs with the same one are alike.
        shut_out: Everybody meets the maintenance page.
        stopped: Components that do not answer meanwhile.
    """

    way_back: WayBack
    shut_out: bool
    stopped: tuple[str, ...]


def outlook_of(route: Route) -> Outlook:
    """Return what users will meet on a route."""
    stopped = tuple(change.component for change in route.changes if change.action in STOPPED)
    return Outlook(way_back=route.way_back, shut_out=bool(wall_reason(route)), stopped=stopped)


def estimate(history: Sequence[Run], *, instance: str, outlook: Outlook, timeouts: Timeouts) -> Offline:
    """Return how long a run will cut users off.

    Args:
        history: Runs on all instances, oldest first.
        instance: Its own runs count; those of others only where it has none.
        outlook: What users will meet.
        timeouts: The bound when there is no run like it.
    """
    if outlook.way_back is WayBack.NONE:
        return Offline(seconds=None, basis=NOBODY_YET)
    if not outlook.stopped and not outlook.shut_out:
        return Offline(seconds=None, basis=NOT_AT_ALL)
    good = (run for run in history if run.outcome is Outcome.DEPLOYED and run.outage_s)
    alike = [run for run in good if run.way_back is outlook.way_back]
    own = [run for run in alike if run.instance == instance]
    known = (own or alike)[-MOST:]
    found = _from(known, instance) if known else _unknown(timeouts)
    return found if outlook.shut_out else replace(found, basis=f"{_only(outlook.stopped)} {found.basis}")


def _only(stopped: tuple[str, ...]) -> str:
    return f"Users are not shut out; what does not answer meanwhile is: {listed(stopped)}."


def _from(known: Sequence[Run], instance: str) -> Offline:
    figures = listed(f"{minutes(run.outage_s)} ({run.release})" for run in known)
    places = sorted({run.instance for run in known})
    source = (
        f"That is what the last {plural(len(known), 'run')} with this way back took on {listed(places)}: {figures}."
    )
    missing = "" if instance in places else f" {instance} itself has had none yet."
    return Offline(seconds=median(run.outage_s for run in known), basis=source + missing)


def _unknown(timeouts: Timeouts) -> Offline:
    bound = (
        f"Components get {minutes(timeouts.ready_s)} to answer; if they do not, the old release is brought back, which "
        f"may take as long again."
    )
    return Offline(seconds=None, basis=f"Not known: no run like this one is on record. {bound}")
