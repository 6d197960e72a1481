"""How long users will be cut off: said from what earlier runs took, with its source, or said to be unknown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from olmis_release.instance.config import Timeouts
from olmis_release.plan.model import Outcome, Run, WayBack
from olmis_release.text import listed, minutes, plural

MOST = 3
"""How many of the latest runs are looked at; older ones say little about today's host and data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offline:
    """An estimate.

    Attributes:
        seconds: None when nothing is known.
        basis: Where the figure comes from, or what bound holds instead.
    """

    seconds: float | None
    basis: str


def estimate(history: Sequence[Run], *, instance: str, way_back: WayBack, timeouts: Timeouts) -> Offline:
    """Return how long a run with this way back will cut users off.

    Args:
        history: Runs on all instances, oldest first.
        instance: Its own runs count; those of others only where it has none.
        way_back: Only runs that were undone in the same way are alike.
        timeouts: The bound when there is no such run.
    """
    alike = [run for run in history if run.outcome is Outcome.DEPLOYED and run.way_back is way_back and run.outage_s]
    own = [run for run in alike if run.instance == instance]
    known = (own or alike)[-MOST:]
    return _from(known, instance) if known else _unknown(timeouts)


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
