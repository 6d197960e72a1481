"""Steps and their inverses over doubles: applied half, applied whole, undone twice, the target ends as it began."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import pytest

from olmis_release.deploy.executor import Step
from olmis_release.deploy.job import Job
from olmis_release.deploy.journal import Journal, Mark
from olmis_release.deploy.steps import proof
from olmis_release.deploy.steps.accept import Accept
from olmis_release.deploy.steps.lower_wall import LowerWall
from olmis_release.deploy.steps.prove_old import ProveOldRelease
from olmis_release.deploy.steps.pull_images import PullImages
from olmis_release.deploy.steps.raise_wall import RaiseWall
from olmis_release.deploy.steps.rollback_point import TakeRollbackPoint
from olmis_release.deploy.steps.start_components import StartComponents
from olmis_release.deploy.steps.stop_components import StopComponents
from olmis_release.deploy.steps.swap_database import SwapDatabase
from olmis_release.deploy.steps.table import STEPS, steps_of
from olmis_release.errors import NotRestored, StepFailed
from olmis_release.events import Silent
from olmis_release.instance.config import DatabaseConfig, InstanceConfig, Purpose, SmokeCheck, Timeouts, WallConfig
from olmis_release.instance.ports import ContainerStatus, DatabaseState, WallState
from olmis_release.instance.site import Site
from olmis_release.manifest.model import Component, ImageRef, ReleaseManifest, Role
from olmis_release.plan.model import Action, Base, Change, Plan, PlannedStep, StepKind, WayBack
from olmis_release.workspace import InstanceFolder
from tests.fakes.database import FakeDatabase, Kept, some_facts
from tests.fakes.instance import (
    FakeCompose,
    FakeConsul,
    FakeEngine,
    FakeFrontDoor,
    FakeRegistry,
    FakeWall,
    a_container,
    an_answer,
    an_image,
)
from tests.fakes.lock import FakeLock

DIGEST = "sha256:" + "a" * 64
POINT, FAILED = "open_lmis__before_r1", "open_lmis__failed_r1"
BASE = Base(engine_id="", containers={}, settings="", histories={}, hooks={}, instance_file="", manifest="")


def component(name: str, *, role: Role = Role.SERVICE, tag: str = "1.0.0") -> Component:
    consul = name if role is Role.SERVICE else None
    return Component(image=ImageRef.parse(f"openlmis/{name}:{tag}@{DIGEST}"), role=role, consul=consul)


def release(version: str, *components: str) -> ReleaseManifest:
    return ReleaseManifest(version=version, core="3.5.0", components={name: component(name) for name in components})


def planned(kind: StepKind, *components: str, **parameters: str) -> PlannedStep:
    return PlannedStep(kind=kind, subject=str(kind), reason="test", components=components, parameters=parameters)


@dataclass
class Estate:
    """A job over doubles: `auth` stays, `requisition` is replaced, `cce` goes, `dhis2` comes."""

    folder: Path
    first: bool = False
    kinds: tuple[StepKind, ...] = tuple(StepKind)
    engine: FakeEngine = field(default_factory=FakeEngine)
    wall: FakeWall = field(default_factory=lambda: FakeWall(WallState.OPEN))
    database: FakeDatabase = field(default_factory=FakeDatabase)
    consul: FakeConsul = field(default_factory=FakeConsul)
    front: FakeFrontDoor = field(default_factory=FakeFrontDoor)

    def __post_init__(self) -> None:
        for name in () if self.first else ("auth", "requisition", "cce"):
            self.engine.all[f"id-of-{name}"] = a_container(name)
        made = [a_container(name) for name in ("auth", "requisition", "cce", "dhis2")]
        self.compose = FakeCompose(self.engine, *made)
        for name in ("auth", "requisition", "cce", "dhis2"):
            self.front.prepare("GET", f"/{name}", an_answer(json={"version": "1.0.0"}))
        self.front.prepare("GET", "/", an_answer(text="<html></html>"))
        self.job = self._job()

    def _job(self) -> Job:
        for name in ("new", "old"):
            services = "".join(f"  {one}: {{image: openlmis/{one}@{DIGEST}}}\n" for one in ("requisition", "dhis2"))
            (self.folder / f"{name}.yml").write_text(f"services:\n{services}")
        return Job(
            site=self._site(),
            plan=self._plan(),
            run="r1",
            release=release("3.5.0+mw1", "auth", "requisition", "dhis2"),
            compose_file=self.folder / "new.yml",
            previous=None if self.first else release("3.4.1+mw1", "auth", "requisition", "cce"),
            previous_file=None if self.first else self.folder / "old.yml",
            journal=Journal(self.folder / "journal", run="20261128t180211"),
            folder=self.folder,
        )

    def _site(self) -> Site:
        config = InstanceConfig(
            kind="instance", name="uat", purpose=Purpose.UAT, url="http://127.0.0.1:1", project="uat", settings="s",
            database=DatabaseConfig(component="db"), wall=WallConfig(image="nginx:1.22", publish="127.0.0.1:1"),
            smoke=(SmokeCheck(name="front page", path="/"),), timeouts=Timeouts(ready_s=0.1, steady_s=0),
        )  # fmt: skip
        return Site(
            config=config, folder=InstanceFolder(root=self.folder), engine=self.engine, compose=self.compose,
            database=self.database, registry=FakeRegistry(), front=self.front, wall=self.wall, consul=self.consul,
            lock=FakeLock(),
            reporter=Silent(), run_pass="p" * 32,
        )  # fmt: skip

    def _plan(self) -> Plan:
        actions = {"auth": Action.KEEP, "requisition": Action.REPLACE, "cce": Action.REMOVE, "dhis2": Action.ADD}
        return Plan(
            tool_version="0", instance="uat", project="uat", url="", release="3.5.0+mw1", release_file="",
            previous="3.4.1+mw1", previous_plan=None, compose="", previous_compose=None, created="", author="",
            base=BASE,
            changes=tuple(Change(component=name, action=action) for name, action in actions.items()),
            steps=tuple(START.planned if kind is StepKind.START_COMPONENTS else planned(kind) for kind in self.kinds),
            way_back=WayBack.DATABASE, data_cost="",
        )  # fmt: skip

    def note(self, kind: StepKind, *marks: Mark, epoch: int = 0) -> None:
        """Write down what became of a step; of an epoch before this one's, where that is asked for."""
        journal = Journal(self.folder / "journal", run="20261128t180211", epoch=epoch)
        for mark in marks:
            journal.write(self.kinds.index(kind) + 1, planned(kind), mark)
        self.job = replace(self.job, journal=Journal(self.folder / "journal", run="20261128t180211"))

    @property
    def running(self) -> set[str]:
        return {one.component for one in self.engine.all.values() if one.status is ContainerStatus.RUNNING}


@pytest.fixture
def estate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Estate:
    monkeypatch.setattr(proof, "PATIENCE_S", 0.05)
    monkeypatch.setattr(proof, "AGAIN_S", 0.01)
    return Estate(tmp_path)


STOP = StopComponents(planned=planned(StepKind.STOP_COMPONENTS, "requisition", "cce"))
START = StartComponents(planned=planned(StepKind.START_COMPONENTS, "requisition", "dhis2"))
TAKE_POINT = TakeRollbackPoint(planned=planned(StepKind.TAKE_ROLLBACK_POINT))


def started(estate: Estate) -> None:
    """Write down that new components may have run."""
    estate.job.journal.write(1, planned(StepKind.START_COMPONENTS), Mark.INTENT)


def test_every_kind_of_step_has_its_class(estate: Estate) -> None:
    assert set(STEPS) == set(StepKind)
    assert [step.planned.kind for step in steps_of(estate.job.plan)] == list(StepKind)


def test_stopping_takes_a_component_off_consul_first_and_leaves_the_others_alone(estate: Estate) -> None:
    STOP.apply(estate.job)

    assert estate.running == {"auth"}
    assert [call[1] for call in estate.consul.calls if call[0] == "deregister"] == ["cce", "requisition"]


def test_what_a_crash_loop_registered_goes_too_though_it_has_no_address_between_two_starts(estate: Estate) -> None:
    estate.consul.services["requisition"] = ["172.18.0.9"]
    looping = estate.engine.all["id-of-requisition"]
    estate.engine.all["id-of-requisition"] = replace(looping, status=ContainerStatus.RESTARTING, networks={})

    START.undo(estate.job)

    assert estate.consul.services["requisition"] == []


def test_a_crash_loop_is_taken_off_consul_after_its_last_start(estate: Estate) -> None:
    still_running: list[set[str]] = []
    deregister = estate.consul.deregister

    def note(service: str) -> int:
        still_running.append(estate.running)
        return deregister(service)

    estate.consul.deregister = note  # type: ignore[assignment, method-assign]
    START.undo(estate.job)

    assert still_running == [{"auth", "cce"}]


def test_on_the_way_back_a_test_that_fails_for_a_moment_is_asked_again(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdicts = iter([StepFailed("got 502", resolution=""), None])

    def moody(_job: Job, *, timeout_s: float) -> str:
        verdict = next(verdicts)
        if verdict:
            raise verdict
        return "all well"

    monkeypatch.setattr(proof, "prove_old", moody)
    step = RaiseWall(planned=planned(StepKind.RAISE_WALL))
    step.apply(estate.job)

    step.undo(estate.job)

    assert estate.wall.now is WallState.OPEN


def test_without_a_wall_users_are_cut_off_until_the_old_release_is_proven_again(estate: Estate) -> None:
    unwalled = estate.job.plan.model_copy(update={"steps": (planned(StepKind.STOP_COMPONENTS),)})
    job = replace(estate.job, plan=unwalled)
    prove = ProveOldRelease(planned=planned(StepKind.PROVE_OLD))

    START.undo(job)
    assert job.outage.total_s == 0.0
    STOP.undo(job)
    prove.undo(job)

    assert job.outage.total_s > 0.0


def test_the_routes_of_a_component_that_is_left_out_are_forgotten(estate: Estate) -> None:
    STOP.apply(estate.job)

    assert ("forget", "cce") in estate.consul.calls
    assert ("forget", "requisition") not in estate.consul.calls


def test_undoing_a_stop_brings_every_old_component_back_once_or_twice(estate: Estate) -> None:
    STOP.apply(estate.job)

    for _ in range(2):
        STOP.undo(estate.job)
        assert estate.running == {"auth", "requisition", "cce"}


def test_stopped_containers_are_not_removed_so_that_their_anonymous_volumes_are_kept(estate: Estate) -> None:
    STOP.apply(estate.job)

    assert not [call for call in estate.engine.calls if call[0] == "remove"]


def test_undoing_a_start_stops_the_new_and_removes_only_what_did_not_exist_before(estate: Estate) -> None:
    START.apply(estate.job)

    START.undo(estate.job)

    assert estate.running == {"auth", "cce"}
    assert [call for call in estate.engine.calls if call[0] == "remove"] == [("remove", "id-of-dhis2")]


def test_a_half_done_start_is_undone_too(estate: Estate) -> None:
    estate.compose.fails = {"dhis2"}
    with pytest.raises(StepFailed):
        START.apply(estate.job)

    START.undo(estate.job)

    assert estate.running == {"auth", "cce"}


def test_a_rollback_point_is_a_copy_and_leaves_the_database_open(estate: Estate) -> None:
    TAKE_POINT.apply(estate.job)

    point = estate.database.point(POINT)
    assert point is not None
    assert point.state is DatabaseState.READY
    assert estate.database.all["open_lmis"].facts.open


def test_if_new_code_may_have_written_the_point_takes_the_databases_place(estate: Estate) -> None:
    estate.database.rows.append("acknowledged")
    TAKE_POINT.apply(estate.job)
    started(estate)
    estate.database.rows.append("by the new release")

    for _ in range(2):
        TAKE_POINT.undo(estate.job)
        assert estate.database.rows == ["acknowledged"]
        assert estate.database.all["open_lmis"].facts.open
        assert FAILED in estate.database.all


def test_if_no_new_code_ran_the_database_stays_and_the_copy_is_dropped(estate: Estate) -> None:
    TAKE_POINT.apply(estate.job)
    estate.database.rows.append("by an unchanged service")

    TAKE_POINT.undo(estate.job)

    assert estate.database.rows == ["by an unchanged service"]
    assert set(estate.database.all) == {"open_lmis"}


@pytest.mark.parametrize("broken", ["checkpoint", "close", "clone", "open"])
def test_a_point_that_could_not_be_taken_leaves_the_database_open_and_whole(estate: Estate, broken: str) -> None:
    estate.database.rows.append("acknowledged")
    estate.database.fails[broken] = StepFailed("no", resolution="")
    with pytest.raises(StepFailed):
        TAKE_POINT.apply(estate.job)
    estate.database.fails.clear()

    TAKE_POINT.undo(estate.job)

    assert estate.database.rows == ["acknowledged"]
    assert estate.database.all["open_lmis"].facts.open
    assert set(estate.database.all) == {"open_lmis"}


def test_accepting_forbids_an_automatic_way_back(estate: Estate) -> None:
    TAKE_POINT.apply(estate.job)
    STOP.apply(estate.job)
    estate.note(StepKind.AWAIT_READY, Mark.INTENT, Mark.DONE)
    accept = Accept(planned=planned(StepKind.ACCEPT))
    estate.job.journal.write(1, accept.planned, Mark.INTENT)

    accept.apply(estate.job)

    point = estate.database.point(POINT)
    assert point is not None
    assert point.state is DatabaseState.ACCEPTED
    with pytest.raises(NotRestored):
        accept.undo(estate.job)


def test_an_acceptance_that_a_crash_cut_off_before_its_mark_does_not_stop_the_way_back(estate: Estate) -> None:
    TAKE_POINT.apply(estate.job)
    accept = Accept(planned=planned(StepKind.ACCEPT))
    estate.job.journal.write(1, accept.planned, Mark.INTENT)

    assert accept.undo(estate.job) == "it was not accepted yet"


def test_what_is_left_out_is_removed_only_after_users_are_let_in(estate: Estate) -> None:
    TAKE_POINT.apply(estate.job)
    STOP.apply(estate.job)
    estate.note(StepKind.AWAIT_READY, Mark.INTENT, Mark.DONE)
    Accept(planned=planned(StepKind.ACCEPT)).apply(estate.job)
    assert "id-of-cce" in estate.engine.all

    LowerWall(planned=planned(StepKind.LOWER_WALL)).apply(estate.job)

    assert "id-of-cce" not in estate.engine.all


def test_without_a_wall_what_is_left_out_is_removed_at_the_acceptance(estate: Estate) -> None:
    unwalled = estate.job.plan.model_copy(update={"steps": (planned(StepKind.ACCEPT),)})
    STOP.apply(estate.job)

    Accept(planned=planned(StepKind.ACCEPT)).apply(replace(estate.job, plan=unwalled))

    assert "id-of-cce" not in estate.engine.all


ONCE_MORE = {
    "tried again": (0, Mark.INTENT, Mark.UNKNOWN, Mark.INTENT),
    "cut off before": (-1, Mark.INTENT),
    "failed before": (0, Mark.INTENT, Mark.FAIL, Mark.INTENT),
}


@pytest.mark.parametrize("kind", [StepKind.ACCEPT, StepKind.LOWER_WALL])
@pytest.mark.parametrize("history", ONCE_MORE.values(), ids=ONCE_MORE)
def test_a_release_is_accepted_and_let_in_only_once_all_is_ready_again_after_something_was_tried_twice(
    estate: Estate, kind: StepKind, history: tuple[int | Mark, ...]
) -> None:
    epoch, *marks = history
    TAKE_POINT.apply(estate.job)
    RaiseWall(planned=planned(StepKind.RAISE_WALL)).apply(estate.job)
    estate.note(StepKind.AWAIT_READY, Mark.INTENT, Mark.DONE, epoch=cast(int, epoch))
    estate.note(kind, *cast(list[Mark], marks), epoch=cast(int, epoch))
    dead = replace(a_container("auth"), status=ContainerStatus.EXITED, exit_code=137)
    estate.engine.all[dead.id] = dead
    step: Step = STEPS[kind](planned=planned(kind))

    with pytest.raises(StepFailed, match="auth"):
        step.apply(estate.job)

    point = estate.database.point(POINT)
    assert point is not None
    assert point.state is not DatabaseState.ACCEPTED
    assert estate.wall.now is WallState.CLOSED


def test_what_went_on_without_any_trouble_is_not_asked_once_more(estate: Estate) -> None:
    RaiseWall(planned=planned(StepKind.RAISE_WALL)).apply(estate.job)
    estate.note(StepKind.AWAIT_READY, Mark.INTENT, Mark.FAIL, Mark.INTENT, Mark.DONE)
    estate.note(StepKind.LOWER_WALL, Mark.INTENT)
    before = len(estate.front.calls)

    LowerWall(planned=planned(StepKind.LOWER_WALL)).apply(estate.job)

    assert len(estate.front.calls) == before


def test_a_wall_that_was_made_anew_lets_this_run_in_so_that_it_can_ask_before_it_opens(estate: Estate) -> None:
    estate.wall.now = WallState.ABSENT
    STOP.undo(estate.job)
    START.apply(estate.job)
    estate.note(StepKind.AWAIT_READY, Mark.INTENT, Mark.DONE, epoch=-1)

    LowerWall(planned=planned(StepKind.LOWER_WALL)).apply(estate.job)

    assert estate.wall.calls == [("ensure", True), ("closed", "p" * 32), ("open", "p" * 32)]


def test_letting_users_in_keeps_as_many_points_as_the_instance_wants(estate: Estate) -> None:
    for run in ("r0", "r1"):
        estate.database.close(timeout_s=1)
        estate.database.clone(f"open_lmis__before_{run}", run=run)
        estate.database.open()
    STOP.apply(estate.job)
    estate.note(StepKind.AWAIT_READY, Mark.INTENT, Mark.DONE)

    LowerWall(planned=planned(StepKind.LOWER_WALL)).apply(estate.job)

    assert [point.run for point in estate.database.points()] == ["r1"]


def test_letting_users_in_drops_the_oldest_databases_that_were_taken_back(estate: Estate) -> None:
    for run in ("20261101t080000", "20261102t080000", "20261103t080000"):
        estate.database.all[f"open_lmis__failed_{run}"] = Kept(facts=some_facts(f"open_lmis__failed_{run}"))
    STOP.apply(estate.job)
    estate.note(StepKind.AWAIT_READY, Mark.INTENT, Mark.DONE)

    LowerWall(planned=planned(StepKind.LOWER_WALL)).apply(estate.job)

    assert {name for name in estate.database.all if "failed" in name} == {"open_lmis__failed_20261103t080000"}


def test_the_wall_is_raised_with_this_runs_pass_and_opened_only_after_the_old_release_is_proven(estate: Estate) -> None:
    step: Step = RaiseWall(planned=planned(StepKind.RAISE_WALL))
    step.apply(estate.job)
    assert estate.wall.calls[-1] == ("closed", "p" * 32)

    step.undo(estate.job)

    assert estate.wall.now is WallState.OPEN


def test_the_wall_stays_up_if_the_old_release_cannot_be_proven(estate: Estate) -> None:
    step = RaiseWall(planned=planned(StepKind.RAISE_WALL))
    step.apply(estate.job)
    estate.front.prepare("GET", "/", an_answer(500, text="broken"))

    with pytest.raises(StepFailed):
        step.undo(estate.job)

    assert estate.wall.now is WallState.CLOSED


def test_the_wall_of_a_failed_first_deploy_is_removed(tmp_path: Path) -> None:
    estate = Estate(tmp_path, first=True, wall=FakeWall(WallState.ABSENT))
    step = RaiseWall(planned=planned(StepKind.RAISE_WALL))
    step.apply(estate.job)

    step.undo(estate.job)

    assert estate.wall.now is WallState.ABSENT


def test_a_wall_whose_raising_was_cut_in_two_is_closed_with_this_runs_pass_before_the_old_release_is_asked(
    estate: Estate,
) -> None:
    step = RaiseWall(planned=planned(StepKind.RAISE_WALL))
    estate.job.journal.write(1, step.planned, Mark.INTENT)

    step.undo(estate.job)

    assert ("closed", "p" * 32) in estate.wall.calls
    assert estate.wall.now is WallState.OPEN


def test_the_outage_lasts_from_wall_up_to_wall_down(estate: Estate) -> None:
    RaiseWall(planned=planned(StepKind.RAISE_WALL)).apply(estate.job)
    assert estate.job.outage.total_s == 0.0
    estate.note(StepKind.AWAIT_READY, Mark.INTENT, Mark.DONE)

    LowerWall(planned=planned(StepKind.LOWER_WALL)).apply(estate.job)

    assert estate.job.outage.total_s > 0.0


def test_only_images_that_are_missing_are_pulled_and_by_digest(estate: Estate) -> None:
    estate.engine.images[f"openlmis/dhis2@{DIGEST}"] = an_image(f"openlmis/dhis2@{DIGEST}")
    estate.engine.pullable[f"openlmis/requisition@{DIGEST}"] = an_image(f"openlmis/requisition@{DIGEST}")

    note = PullImages(planned=planned(StepKind.PULL_IMAGES, "requisition", "dhis2")).apply(estate.job)

    assert note == "1 pulled, 1 already here"
    assert [call for call in estate.engine.calls if call[0] == "pull"] == [("pull", f"openlmis/requisition@{DIGEST}")]


def test_restoring_data_swaps_an_accepted_point_and_can_be_swapped_back(estate: Estate) -> None:
    estate.database.rows.append("before")
    TAKE_POINT.apply(estate.job)
    estate.database.accept(POINT)
    estate.database.rows.append("since")
    step = SwapDatabase(planned=planned(StepKind.SWAP_DATABASE, point=POINT))

    step.apply(estate.job)
    assert estate.database.rows == ["before"]

    step.undo(estate.job)
    assert estate.database.rows == ["before", "since"]


def test_what_was_started_in_vain_is_stopped_so_that_no_restart_of_the_engine_lets_it_migrate_again(
    estate: Estate,
) -> None:
    START.apply(estate.job)
    START.undo(estate.job)

    assert {call[1] for call in estate.engine.calls if call[0] == "retire"} == {"id-of-requisition", "id-of-dhis2"}
