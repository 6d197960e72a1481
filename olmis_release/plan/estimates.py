"""How long going back will take: said from what earlier runs took, with its source, or said to be unknown."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from olmis_release.instance.config import Timeouts
from olmis_release.plan.model import Outcome, PlanPurpose, Run, WayBack
from olmis_release.plan.offline import MOST, Offline
from olmis_release.text import listed, minutes, plural

NOTHING_TO_GO_BACK_TO = "There is nothing to go back to."


def estimate_rollback(history: Sequence[Run], *, instance: str, way_back: WayBack, timeouts: Timeouts) -> Offline:
    """Return how long going back is expected to take.

    Args:
        history: Runs on all instances, oldest first.
        instance: Its own runs count; those of others only where it has none.
        way_back: Runs with the same one are alike.
        timeouts: The bound when there is no run like it.
    """
    if way_back is WayBack.NONE:
        return Offline(seconds=None, basis=NOTHING_TO_GO_BACK_TO)
    alike = [run for run in history if run.way_back is way_back and run.outage_s and _went_back(run)]
    own = [run for run in alike if run.instance == instance]
    known = (own or alike)[-MOST:]
    return _from(known, instance) if known else _unknown(timeouts)


def _went_back(run: Run) -> bool:
    asked = run.kind is PlanPurpose.ROLLBACK and run.outcome is Outcome.DEPLOYED
    return asked or run.outcome is Outcome.ROLLED_BACK


def _from(known: Sequence[Run], instance: str) -> Offline:
    figures = listed(f"{minutes(run.outage_s)} ({run.release})" for run in known)
    places = sorted({run.instance for run in known})
    source = (
        f"That is how long users were cut off in the last {plural(len(known), 'run')} that went back on "
        f"{listed(places)}, the failed attempt included: {figures}."
    )
    missing = "" if instance in places else f" {instance} itself has had none yet."
    return Offline(seconds=median(run.outage_s for run in known), basis=source + missing)


def _unknown(timeouts: Timeouts) -> Offline:
    return Offline(
        seconds=None,
        basis="Not known: no run that went back is on record. The old components get "
        f"{minutes(timeouts.ready_s)} to answer; the database goes back within seconds where it was copied, and in the "
        "time of a restore where it was dumped.",
    )
