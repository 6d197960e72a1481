"""An estate on which plans are really carried out, over fakes that answer as the real things would; and ways to cut it.

Several workspaces may share one target: `elsewhere` gives another operator's.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from olmis_release.deploy.executor import AfterStep, Ending, Step
from olmis_release.deploy.job import Job
from olmis_release.deploy.journal import Mark
from olmis_release.deploy.process_identity import this_process
from olmis_release.deploy.run import Order, carry_out
from olmis_release.instance.compose_file import by_digest
from olmis_release.instance.config import Timeouts
from olmis_release.instance.ports import Answer, ContainerStatus
from olmis_release.instance.site import Site
from olmis_release.plan.composed import config_of, services_in
from olmis_release.plan.model import PlannedStep, Run
from olmis_release.plan.records import runs
from olmis_release.plan.sets import PlanSet
from olmis_release.workspace import Workspace
from tests.fakes.instance import FakeCompose, FakeEngine, FakeFrontDoor, an_answer
from tests.fakes.lock import FakeLock
from tests.fakes.plan import changed, with_tag
from tests.fakes.plan_estate import OLD, REQUISITION_FILES, Estate, _container

MIGRATION = {**REQUISITION_FILES, "20260101000000000__new.sql": b"create table new ();"}
NEW = changed(OLD, "3.5.0+mw1", requisition=with_tag(OLD.components["requisition"], "7.2.0"))
GONE = " ".join([*this_process().split(" ")[:5], "0"])
"""Identity of a process that has ended: its number belongs to another one now."""


class Killed(BaseException):
    """The process was killed; nothing that it meant to do afterwards was done."""


class ComposeFromFiles(FakeCompose):
    """`up` starts what the file describes."""

    def _up(self, name: str) -> None:
        if name in self.fails:
            super()._up(name)
        body = services_in(self._text, shown_as="compose.yml")[name]
        image = str(body["image"])
        found = self.engine.images[by_digest(image)]
        self.engine.all[f"id-of-{name}"] = _container(name, image, found, label=config_of(body) or "")

    def up(self, file: Path, components: Sequence[str], *, timeout_s: float, anew: bool = False) -> None:
        self._text = file.read_text(encoding="utf-8")
        super().up(file, components, timeout_s=timeout_s)


class FrontOfContainers(FakeFrontDoor):
    """Every running component answers with the version it was made from.

    Attributes:
        broken: Tags whose service answers 500.
    """

    def __init__(self, engine: FakeEngine) -> None:
        super().__init__()
        self.engine = engine
        self.broken: set[str] = set()

    def request(
        self, method: str, path: str, *, body: str | None = None, timeout_s: float = 10.0, with_pass: bool = True
    ) -> Answer:
        self.calls.append((method, path, body))
        name = {"/mw-reference-ui": "ui", "/": "ui"}.get(path, path.strip("/"))
        one = self.engine.all.get(f"id-of-{name}")
        if one is None or one.status is not ContainerStatus.RUNNING:
            return an_answer(502)
        tag = one.image_name.partition("@")[0].rpartition(":")[2]
        if tag in self.broken:
            return an_answer(500)
        return an_answer(json={"service": name, "version": tag}, text="<html></html>")


@dataclass
class LiveEstate(Estate):
    """The estate; OLD serves, and NEW, which migrates, can be planned."""

    lock: FakeLock = field(default_factory=FakeLock)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.front = FrontOfContainers(self.engine)
        self.compose = ComposeFromFiles(self.engine)
        limits = Timeouts(ready_s=60, steady_s=0, hold_s=0.01, lease_s=3, step_s=2)
        self.config = self.config.model_copy(update={"timeouts": limits})
        self.files["openlmis/requisition:7.2.0"] = dict(MIGRATION)

    @property
    def site(self) -> Site:
        """The instance as this workspace reaches it."""
        return replace(super().site, compose=self.compose, front=self.front, lock=self.lock)

    def serve_old(self) -> None:
        """Let OLD serve, as an earlier deploy left it."""
        self.migrated("requisition", REQUISITION_FILES)
        self.deploy(OLD)

    def made(self) -> PlanSet:
        """Plan NEW."""
        self.release(NEW)
        made = self.make(NEW.version)
        assert made is not None
        return made

    def another(self) -> PlanSet:
        """Plan yet another release; only to be turned away with it."""
        self.release(changed(OLD, "3.6.0+mw1", ui=with_tag(OLD.components["ui"], "1.3.0")))
        made = self.make("3.6.0+mw1")
        assert made is not None
        return made

    def order(self, made: PlanSet) -> Order:
        """Ask for a plan to be carried out."""
        return Order(plan_set=made, operator="M. Banda")

    def really_deploy(self, made: PlanSet | None = None) -> tuple[Run, Ending]:
        """Carry out a plan with the real executor."""
        return carry_out(self.workspace, self.site, self.order(made or self.made()))

    @property
    def last(self) -> Run:
        """The last run that this workspace knows."""
        return runs(self.workspace, "uat")[-1]

    def elsewhere(self, root: Path) -> LiveEstate:
        """Return another operator's workspace with the same plans, on the same target; it knows of no open run."""
        shutil.copytree(self.root, root, ignore=shutil.ignore_patterns(".olmis-release"))
        for run in runs(Workspace(root=root), "uat"):
            if run.ended is None:
                (root / "plans" / run.code / "record.json").unlink()
        there = LiveEstate(root=root, engine=self.engine, database=self.database, wall=self.wall, lock=self.lock)
        there.files, there.front, there.compose = self.files, self.front, self.compose
        shutil.copy(self.workspace.instance("uat"), there.workspace.instance("uat"))
        return there


def running_images(estate: LiveEstate) -> dict[str, str]:
    """Return component to tag of what runs."""
    every = (one for one in estate.engine.all.values() if one.status is ContainerStatus.RUNNING)
    return {one.component: one.image_name.partition("@")[0].rpartition(":")[2] for one in every}


def stand_still(patch: pytest.MonkeyPatch) -> None:
    """Let no wait take time, and leave preflight to its own tests."""
    moment = [0.0]

    def sleep(seconds: float) -> None:
        moment[0] += seconds

    patch.setattr("os.fsync", lambda _descriptor: None)
    for place in ("holding", "takeover"):
        patch.setattr(f"olmis_release.deploy.{place}.time.sleep", sleep)
    patch.setattr("olmis_release.clock.monotonic_s", lambda: moment[0])
    report = SimpleNamespace(refused=False, results=())
    patch.setattr("olmis_release.deploy.gatekeeping.run_checks", lambda _subject: report)


def cut_off(patch: pytest.MonkeyPatch, estate: LiveEstate, *, step: int, moment: str) -> PlanSet:
    """Carry out the plan until the process is killed at a step: ``before``, ``intent`` or ``effect`` of it."""
    made = estate.made()
    with dying(patch, **{"run.execute": _until(step, moment)}), pytest.raises(Killed):
        estate.really_deploy(made)
    return made


@contextmanager
def dying(patch: pytest.MonkeyPatch, **instead: Callable[..., object]) -> Iterator[None]:
    """What is done inside is done by a process that has ended afterwards; keywords replace parts of `deploy`."""
    with patch.context() as soon:
        soon.setattr("olmis_release.deploy.lock.this_process", lambda: GONE)
        for name, value in instead.items():
            soon.setattr(f"olmis_release.deploy.{name}", value)
        yield


def _until(cut: int, moment: str) -> Callable[..., Ending]:
    def execute(steps: Sequence[Step], job: Job, *, after: AfterStep, on_failure: Callable[[], None]) -> Ending:
        for number, step in enumerate(steps, 1):
            if number == cut and moment == "before":
                raise Killed
            job.journal.write(number, step.planned, Mark.INTENT)
            if number == cut and moment == "intent":
                raise Killed
            step.apply(job)
            if number == cut:
                raise Killed
            job.journal.write(number, step.planned, Mark.DONE)
            after(step.planned)
        raise AssertionError(f"there is no step {cut}: {on_failure}")

    return execute


def number_of(steps: Sequence[PlannedStep], kind: str) -> int:
    """Return the place of a kind of step, from 1."""
    return next(number for number, step in enumerate(steps, 1) if step.kind == kind)
