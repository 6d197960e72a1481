"""How long going back takes, from what is on record."""

from __future__ import annotations

from olmis_release.instance.config import Timeouts
from olmis_release.plan.estimates import NOTHING_TO_GO_BACK_TO, estimate_rollback
from olmis_release.plan.model import Outcome, PlanPurpose, Run, WayBack
from olmis_release.plan.offline import Offline
from tests.fakes.plan import a_run


def estimated(*history: Run, way_back: WayBack = WayBack.DATABASE) -> Offline:
    return estimate_rollback(history, instance="prod", way_back=way_back, timeouts=Timeouts())


def taken_back(outage_s: float, **values: object) -> Run:
    usual: dict[str, object] = {"way_back": WayBack.DATABASE, "outcome": Outcome.ROLLED_BACK, "instance": "prod"}
    return a_run(**{"outage_s": outage_s, **usual, **values})  # type: ignore[arg-type]


def test_the_median_of_the_last_runs_that_went_back_with_their_source() -> None:
    found = estimated(taken_back(900.0), taken_back(60.0), taken_back(80.0), taken_back(70.0))
    assert found.seconds == 70.0
    assert "the last 3 runs that went back on prod" in found.basis


def test_a_rollback_that_was_asked_for_counts_a_deploy_does_not() -> None:
    asked = taken_back(40.0, outcome=Outcome.DEPLOYED, kind=PlanPurpose.ROLLBACK)
    assert estimated(asked, taken_back(500.0, outcome=Outcome.DEPLOYED)).seconds == 40.0


def test_other_instances_stand_in_where_there_is_none_and_that_is_said() -> None:
    assert estimated(taken_back(40.0, instance="uat")).basis.endswith("prod itself has had none yet.")


def test_nothing_on_record_is_said_with_the_bound() -> None:
    found = estimated()
    assert found.seconds is None
    assert "no run that went back is on record. The old components get 10 min 00 s" in found.basis


def test_a_first_deploy_has_nothing_to_go_back_to() -> None:
    assert estimated(way_back=WayBack.NONE).basis == NOTHING_TO_GO_BACK_TO
