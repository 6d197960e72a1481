"""A database that falls silent behind an engine that answers is waited for as the engine itself is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import pytest

from olmis_release.deploy.holding import ASK_EVERY_S, database_answers
from olmis_release.deploy.resume import Wish, resume
from olmis_release.errors import StepFailed, TargetUnreachable
from olmis_release.events import Event, Note, Progress
from olmis_release.instance.ports import ContainerStatus, WallState
from olmis_release.plan.model import Outcome
from tests.fakes.live_estate import LiveEstate, running_images, stand_still
from tests.fakes.plan_estate import Notebook

HOLD_S = 600.0
SAID_EVERY_S = 30.0
SILENT = TargetUnreachable("PostgreSQL gave no session: it is starting.", resolution="Wait.")


@dataclass
class Waiting(Notebook):
    """A reporter that notes each word of the wait for the database, and calls back at each."""

    then: Callable[[int], None] = lambda _count: None
    waits: list[Progress] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def report(self, event: Event) -> None:
        if isinstance(event, Note):
            self.notes.append(event.message)
        if isinstance(event, Progress) and event.activity == "waiting for the database to answer":
            self.waits.append(event)
            self.then(len(self.waits))


@pytest.fixture
def estate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LiveEstate:
    """Whose database falls silent when the wall closes."""
    stand_still(monkeypatch)
    made = LiveEstate(root=tmp_path / "here", reporter=Waiting())
    limits = made.config.timeouts.model_copy(update={"hold_s": HOLD_S})
    made.config = made.config.model_copy(update={"timeouts": limits})
    made.serve_old()
    close = made.wall.close

    def fall_silent(run_pass: str) -> None:
        close(run_pass)
        made.database.fails = {"server": SILENT, "checkpoint": SILENT}

    monkeypatch.setattr(made.wall, "close", fall_silent)
    return made


def waiting(estate: LiveEstate) -> Waiting:
    assert isinstance(estate.reporter, Waiting)
    return estate.reporter


def test_it_is_waited_for_and_the_step_done_when_it_answers(estate: LiveEstate) -> None:
    waiting(estate).then = lambda count: estate.database.fails.clear() if count > 100 else None
    run, _ = estate.really_deploy()
    assert run.outcome is Outcome.DEPLOYED
    assert "The database does not answer; waiting up to 600 s. Nothing is taken back on silence." in (
        waiting(estate).notes
    )


def test_it_is_waited_for_as_long_as_the_instance_says_and_told_all_the_while_then_the_run_is_held(
    estate: LiveEstate,
) -> None:
    run, _ = estate.really_deploy()
    assert run.outcome is Outcome.HELD
    assert estate.wall.now is WallState.CLOSED
    at = [one.done or 0.0 for one in waiting(estate).waits]
    assert at[-1] >= HOLD_S - ASK_EVERY_S
    assert max(later - earlier for earlier, later in pairwise(at)) <= SAID_EVERY_S


def test_nothing_is_taken_back_for_its_silence_so_that_a_resume_goes_forward(
    estate: LiveEstate, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as soon:
        soon.setattr("olmis_release.deploy.lock.this_process", lambda: "gone")
        estate.really_deploy()
    estate.database.fails.clear()
    monkeypatch.setattr("olmis_release.deploy.lock.is_gone", lambda _process: True)
    monkeypatch.setattr(estate.wall, "close", type(estate.wall).close.__get__(estate.wall))
    run, _ = resume(estate.workspace, estate.site, Wish(operator="C. Phiri"))
    assert run.outcome is Outcome.DEPLOYED
    assert running_images(estate)["requisition"] == "7.2.0"


@pytest.mark.parametrize("failure", [SILENT, StepFailed("role unknown", resolution="Correct it.")])
def test_one_for_which_no_container_runs_is_left_to_the_steps_and_one_that_refuses_answers(
    estate: LiveEstate, failure: TargetUnreachable | StepFailed
) -> None:
    job = Asked(estate, running=failure is not SILENT)
    estate.database.fails["server"] = failure
    assert database_answers(job)  # type: ignore[arg-type] # the part of a job that is asked


class Asked:
    """The part of a job that a question for the database needs."""

    def __init__(self, estate: LiveEstate, *, running: bool) -> None:
        self.site = estate.site
        status = ContainerStatus.RUNNING if running else ContainerStatus.EXITED
        self.found = tuple(replace(one, status=status) for one in estate.engine.containers("uat"))

    def containers(self, _names: object) -> object:
        return self.found
