"""The rollback point by other means than a copy: a dump that is swapped in, a snapshot that is restored in place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from olmis_release.deploy.job import Job
from olmis_release.deploy.journal import Mark
from olmis_release.deploy.steps.rollback_point import TakeRollbackPoint, accepted_point
from olmis_release.deploy.steps.swap_database import SwapDatabase
from olmis_release.deploy.steps.tidying import tidy
from olmis_release.errors import RollbackRefused, StepFailed
from olmis_release.instance.config import RollbackMethod
from olmis_release.instance.ports import DatabaseState
from olmis_release.plan.model import StepKind
from tests.fakes.fallback import FakeFallback
from tests.unit.deploy.test_steps import FAILED, POINT, STOP, Estate, planned

STARTS = planned(StepKind.START_COMPONENTS)


class Filling(FakeFallback):
    """A dump whose restoring brings a database called like the point."""

    estate: Estate

    def restore(self, point: str, *, run: str, accepted: bool = False) -> None:
        super().restore(point, run=run)
        self.estate.database.close(timeout_s=1)
        self.estate.database.clone(point, run=run)
        if accepted:
            self.estate.database.accept(point)


def prepared(folder: Path, method: RollbackMethod) -> tuple[Estate, Job, Filling, TakeRollbackPoint]:
    estate, fallback = Estate(folder), Filling(beside=method is RollbackMethod.DUMP)
    fallback.estate = estate
    step = planned(StepKind.TAKE_ROLLBACK_POINT, method=method)
    site = replace(estate.job.site, fallbacks={method: fallback})
    plan = estate.job.plan.model_copy(update={"steps": (step, STARTS)})
    return estate, replace(estate.job, site=site, plan=plan), fallback, TakeRollbackPoint(planned=step)


@pytest.mark.parametrize(
    ("method", "calls"),
    [(RollbackMethod.DUMP, ["close", "open", "take"]), (RollbackMethod.HOOK, ["close", "take", "open"])],
)
def test_a_dump_is_taken_of_the_open_database_and_a_snapshot_while_nobody_is_in(
    tmp_path: Path, method: RollbackMethod, calls: list[str]
) -> None:
    estate, job, fallback, step = prepared(tmp_path, method)
    told = estate.database.calls
    fallback.calls = told
    assert step.apply(job) == "taken"
    assert [call.split()[0] for call in told if call.split()[0] in {"close", "open", "take"}] == calls
    assert POINT not in estate.database.all


def test_going_back_fills_a_database_from_the_dump_and_swaps_it_in(tmp_path: Path) -> None:
    estate, job, fallback, step = prepared(tmp_path, RollbackMethod.DUMP)
    step.apply(job)
    job.journal.write(2, STARTS, Mark.INTENT)
    assert FAILED in step.undo(job)
    assert FAILED in estate.database.all
    assert step.undo(job) == "the database is back already"
    assert fallback.calls == [f"take {POINT}", f"restore {POINT}"]


def test_going_back_by_snapshot_restores_it_in_place_and_opens(tmp_path: Path) -> None:
    estate, job, fallback, step = prepared(tmp_path, RollbackMethod.HOOK)
    fallback.estate = Estate(tmp_path)
    step.apply(job)
    job.journal.write(2, STARTS, Mark.INTENT)
    assert step.undo(job) == "database restored from the snapshot"
    assert set(estate.database.all) == {"open_lmis"}


def test_before_anything_new_ran_the_dump_is_dropped_and_its_failure_keeps_nobody_out(tmp_path: Path) -> None:
    _, job, fallback, step = prepared(tmp_path, RollbackMethod.DUMP)
    step.apply(job)
    fallback.broken = StepFailed("the volume is gone.", resolution="Look.")
    assert step.undo(job).startswith("nothing new had run")
    assert fallback.calls == [f"take {POINT}", f"drop {POINT}"]


def test_what_is_not_a_database_is_not_marked_accepted_and_only_the_newest_is_kept(tmp_path: Path) -> None:
    estate, job, fallback, _ = prepared(tmp_path, RollbackMethod.DUMP)
    assert accepted_point(job) is None
    assert accepted_point(estate.job) == POINT
    STOP.apply(job)
    tidy(job)
    assert fallback.calls == ["keep 1"]


def test_data_is_restored_from_a_dump_where_that_is_what_there_is(tmp_path: Path) -> None:
    estate, job, fallback, _ = prepared(tmp_path, RollbackMethod.DUMP)
    step = SwapDatabase(planned=planned(StepKind.SWAP_DATABASE, point=POINT))
    for _ in range(2):
        step.apply(job)
    assert fallback.calls == [f"restore {POINT}"]
    assert FAILED in estate.database.all
    step.undo(job)
    point = estate.database.point(POINT)
    assert point is not None
    assert point.state is DatabaseState.ACCEPTED


def test_a_point_that_is_gone_when_it_is_needed_is_told_and_not_passed_over(tmp_path: Path) -> None:
    estate = Estate(tmp_path)
    step = TakeRollbackPoint(planned=planned(StepKind.TAKE_ROLLBACK_POINT))
    step.apply(estate.job)
    estate.database.drop(POINT)
    estate.job.journal.write(2, STARTS, Mark.INTENT)
    with pytest.raises(RollbackRefused):
        step.undo(estate.job)


def test_an_undo_says_when_nothing_had_changed(tmp_path: Path) -> None:
    estate = Estate(tmp_path)
    step = TakeRollbackPoint(planned=planned(StepKind.TAKE_ROLLBACK_POINT))
    step.apply(estate.job)
    estate.job.journal.write(2, STARTS, Mark.INTENT)
    assert "nothing had changed" in step.undo(estate.job)
