"""The order of things: what is undone, in which order, and what never is."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from olmis_release.deploy.ending import exit_code_of
from olmis_release.deploy.executor import Ending, execute, unwind
from olmis_release.deploy.job import Job, Outage
from olmis_release.deploy.journal import Journal, Mark
from olmis_release.errors import LockLost, StepFailed, TargetUnreachable
from olmis_release.events import Event, StepEvent, StepStatus
from olmis_release.instance.config import Timeouts
from olmis_release.plan.model import Outcome, PlannedStep, StepKind
from tests.fakes.database import FakeDatabase
from tests.fakes.instance import FakeEngine

KINDS = (StepKind.PULL_IMAGES, StepKind.RAISE_WALL, StepKind.START_COMPONENTS, StepKind.ACCEPT, StepKind.LOWER_WALL)


@dataclass
class Notebook:
    """A reporter that remembers."""

    events: list[Event] = field(default_factory=list)

    def report(self, event: Event) -> None:
        self.events.append(event)

    def seen(self, status: StepStatus) -> list[str]:
        return [one.title for one in self.events if isinstance(one, StepEvent) and one.status is status]


@dataclass
class Rehearsed:
    """A step that writes down what happened to it and fails on request."""

    planned: PlannedStep
    diary: list[str]
    fails: BaseException | None = None
    undo_fails: BaseException | None = None
    meanwhile: Callable[[], None] = lambda: None

    def apply(self, job: Job) -> str:
        self.diary.append(f"apply {self.planned.kind}")
        self.meanwhile()
        if self.fails:
            raise self.fails
        return "done"

    def undo(self, job: Job) -> str:
        self.diary.append(f"undo {self.planned.kind}")
        if self.undo_fails:
            raise self.undo_fails
        return "undone"


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("olmis_release.deploy.holding.time.sleep", lambda _seconds: None)


def job_in(folder: Path) -> Job:
    config = SimpleNamespace(timeouts=Timeouts(hold_s=0.01), database=SimpleNamespace(component=None))
    site = SimpleNamespace(reporter=Notebook(), engine=FakeEngine(), database=FakeDatabase(), config=config)
    journal = Journal(folder / "journal", run="20261128t180211")
    parts = {"site": site, "journal": journal, "outage": Outage(), "target_restarted": lambda: False}
    return cast(Job, SimpleNamespace(**parts, plan=SimpleNamespace(changes=()), containers=lambda _names: ()))


def rehearsal(diary: list[str]) -> list[Rehearsed]:
    return [Rehearsed(PlannedStep(kind=kind, subject=str(kind), reason="test"), diary) for kind in KINDS]


def perform(steps: Sequence[Rehearsed], job: Job, diary: list[str]) -> Ending:
    return execute(
        steps, job, after=lambda step: diary.append(f"after {step.kind}"), on_failure=lambda: diary.append("evidence")
    )


SILENT = TargetUnreachable("The engine does not answer.", resolution="Wait.")
BROKEN = StepFailed("requisition is broken.", resolution="Look at its log.")


def test_every_step_is_done_in_order_and_nothing_is_undone(tmp_path: Path) -> None:
    diary: list[str] = []

    ending = perform(rehearsal(diary), job_in(tmp_path), diary)

    assert ending == Ending(outcome=Outcome.DEPLOYED)
    assert [line for line in diary if line.startswith("apply")] == [f"apply {kind}" for kind in KINDS]
    assert not [line for line in diary if line.startswith("undo")]


def test_a_failing_step_is_undone_too_newest_first_after_the_evidence_was_kept(tmp_path: Path) -> None:
    diary: list[str] = []
    steps = rehearsal(diary)
    steps[2].fails = BROKEN

    ending = perform(steps, job_in(tmp_path), diary)

    assert ending.outcome is Outcome.ROLLED_BACK
    assert ending.failure is BROKEN
    assert diary[-3:] == ["evidence", "undo start-components", "undo raise-wall"]


def test_a_failure_before_anything_was_touched_is_a_refusal_and_undoes_nothing(tmp_path: Path) -> None:
    diary: list[str] = []
    steps = rehearsal(diary)
    steps[0].fails = BROKEN

    ending = perform(steps, job_in(tmp_path), diary)

    assert ending.outcome is Outcome.REFUSED
    assert diary == ["apply pull-images"]


def test_nothing_is_undone_once_the_release_was_accepted(tmp_path: Path) -> None:
    diary: list[str] = []
    steps = rehearsal(diary)
    steps[4].fails = BROKEN

    ending = perform(steps, job_in(tmp_path), diary)

    assert ending.outcome is Outcome.NOT_RESTORED
    assert not [line for line in diary if line.startswith("undo")]


def test_the_way_back_stops_at_the_first_undo_that_fails_and_says_so(tmp_path: Path) -> None:
    diary: list[str] = []
    steps = rehearsal(diary)
    steps[2].fails = BROKEN
    steps[2].undo_fails = StepFailed("a container cannot be stopped", resolution="Act.")

    ending = perform(steps, job_in(tmp_path), diary)

    assert ending.outcome is Outcome.NOT_RESTORED
    assert ending.undo_failure is steps[2].undo_fails
    assert "undo raise-wall" not in diary


@pytest.mark.parametrize("surprise", [RuntimeError("a bug"), ValueError("another")])
def test_whatever_stops_a_step_what_was_started_is_taken_back(tmp_path: Path, surprise: BaseException) -> None:
    diary: list[str] = []
    steps = rehearsal(diary)
    steps[2].fails = surprise

    ending = perform(steps, job_in(tmp_path), diary)

    assert ending.outcome is Outcome.ROLLED_BACK
    assert diary[-1] == "undo raise-wall"


def test_a_wish_to_stop_between_two_steps_is_obeyed_and_nothing_is_taken_back(tmp_path: Path) -> None:
    diary: list[str] = []

    def after(step: PlannedStep) -> None:
        if step.kind is StepKind.START_COMPONENTS:
            raise KeyboardInterrupt

    ending = execute(rehearsal(diary), job_in(tmp_path), after=after, on_failure=lambda: None)

    assert ending.outcome is Outcome.HELD
    assert exit_code_of(ending) == 130
    assert diary[-1] == "apply start-components"


def test_a_signal_while_a_step_acts_waits_for_its_end(tmp_path: Path) -> None:
    diary: list[str] = []
    steps = rehearsal(diary)
    job = job_in(tmp_path)
    steps[2].meanwhile = lambda: signal.raise_signal(signal.SIGTERM)

    ending = perform(steps, job, diary)

    assert ending.outcome is Outcome.HELD
    assert job.journal.finished(StepKind.START_COMPONENTS)
    assert diary[-1] == "apply start-components"


def test_a_silent_target_is_waited_for_and_then_the_run_is_held_not_taken_back(tmp_path: Path) -> None:
    diary: list[str] = []
    steps = rehearsal(diary)
    job = job_in(tmp_path)
    steps[2].fails = SILENT
    cast(FakeEngine, job.site.engine).silent = SILENT

    ending = perform(steps, job, diary)

    assert ending.outcome is Outcome.HELD
    assert exit_code_of(ending) == 10
    assert "evidence" not in diary


def test_what_behind_an_answering_engine_stays_silent_is_tried_three_times_and_then_taken_back(tmp_path: Path) -> None:
    diary: list[str] = []
    steps = rehearsal(diary)
    steps[2].fails = SILENT

    ending = perform(steps, job_in(tmp_path), diary)

    assert ending.outcome is Outcome.ROLLED_BACK
    assert diary.count("apply start-components") == 3


def test_an_acceptance_of_which_nothing_is_known_is_held(tmp_path: Path) -> None:
    diary: list[str] = []
    steps = rehearsal(diary)
    job = job_in(tmp_path)
    steps[3].fails = SILENT

    ending = perform(steps, job, diary)

    assert ending.outcome is Outcome.HELD
    assert not [line for line in diary if line.startswith("undo")]
    assert Mark.FAIL not in {record.mark for record in job.journal.records}


def test_whoever_lost_the_lock_does_nothing_more(tmp_path: Path) -> None:
    diary: list[str] = []
    steps = rehearsal(diary)
    steps[2].fails = LockLost.to("uat", epoch=7)

    ending = perform(steps, job_in(tmp_path), diary)

    assert ending.outcome is Outcome.HELD
    assert exit_code_of(ending) == 8
    assert diary[-1] == "apply start-components"


def test_an_intent_that_did_not_reach_the_target_keeps_its_step_from_acting(tmp_path: Path) -> None:
    diary: list[str] = []
    steps = rehearsal(diary)
    job = job_in(tmp_path)
    sent: list[bytes] = []

    def mirror(content: bytes) -> None:
        sent.append(content)
        if len(sent) > 1:
            raise LockLost.to("uat", epoch=7)

    job.journal.mirror_to(mirror)

    assert perform(steps, job, diary).outcome is Outcome.HELD
    assert diary == ["apply pull-images", "after pull-images"]


def test_an_interrupt_before_anything_was_touched_ends_as_an_interrupt(tmp_path: Path) -> None:
    diary: list[str] = []
    steps = rehearsal(diary)
    steps[0].fails = KeyboardInterrupt()

    ending = perform(steps, job_in(tmp_path), diary)

    assert ending.outcome is Outcome.REFUSED
    assert exit_code_of(ending) == 130


def test_a_full_disk_is_named_with_what_to_do(tmp_path: Path) -> None:
    diary: list[str] = []
    steps = rehearsal(diary)
    steps[0].fails = OSError(28, "No space left on device")

    failure = perform(steps, job_in(tmp_path), diary).failure

    assert failure is not None
    assert "cannot be written to (No space left on device)" in failure.message
    assert failure.resolution.startswith("Make room")


def test_evidence_that_cannot_be_kept_does_not_stop_the_way_back(tmp_path: Path) -> None:
    diary: list[str] = []
    steps = rehearsal(diary)
    steps[2].fails = BROKEN

    def disk_is_full() -> None:
        raise OSError(28, "No space left on device")

    ending = execute(steps, job_in(tmp_path), after=lambda _: None, on_failure=disk_is_full)

    assert ending.outcome is Outcome.ROLLED_BACK
    assert diary[-1] == "undo raise-wall"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_cuts_neither_an_acceptance_nor_the_letting_in(tmp_path: Path, number: signal.Signals) -> None:
    diary: list[str] = []
    steps = rehearsal(diary)
    steps[3].meanwhile = steps[4].meanwhile = lambda: signal.raise_signal(number)

    ending = perform(steps, job_in(tmp_path), diary)

    assert ending == Ending(outcome=Outcome.DEPLOYED)


def test_every_intent_is_in_the_journal_before_its_step_acts(tmp_path: Path) -> None:
    diary: list[str] = []
    steps = rehearsal(diary)
    job = job_in(tmp_path)
    seen: list[Mark] = []
    steps[1].meanwhile = lambda: seen.append(job.journal.records[-1].mark)

    perform(steps, job, diary)

    assert seen == [Mark.INTENT]


def test_a_journal_that_cannot_be_written_stops_the_step_before_it_acts(tmp_path: Path) -> None:
    diary: list[str] = []
    steps = rehearsal(diary)
    job = job_in(tmp_path)

    def break_the_journal() -> None:
        (tmp_path / "journal").unlink()
        (tmp_path / "journal").mkdir()

    steps[0].meanwhile = break_the_journal

    ending = perform(steps, job, diary)

    assert "apply raise-wall" not in diary
    assert ending.outcome is Outcome.REFUSED


def test_unwinding_what_a_killed_run_left_undoes_only_what_was_attempted(tmp_path: Path) -> None:
    diary: list[str] = []
    steps = rehearsal(diary)
    job = job_in(tmp_path)
    job.journal.write(1, steps[0].planned, Mark.INTENT)
    job.journal.write(1, steps[0].planned, Mark.DONE)
    job.journal.write(2, steps[1].planned, Mark.INTENT)

    assert unwind(steps, job) is None
    assert diary == ["undo raise-wall"]


def test_unwinding_twice_undoes_nothing_the_second_time(tmp_path: Path) -> None:
    diary: list[str] = []
    steps = rehearsal(diary)
    job = job_in(tmp_path)
    job.journal.write(2, steps[1].planned, Mark.INTENT)
    unwind(steps, job)
    diary.clear()

    unwind(steps, job)

    assert diary == []


def test_the_reader_is_told_of_every_step_and_of_its_way_back(tmp_path: Path) -> None:
    diary: list[str] = []
    steps = rehearsal(diary)
    steps[2].fails = BROKEN
    job = job_in(tmp_path)

    perform(steps, job, diary)

    notebook = cast(Notebook, job.site.reporter)
    assert notebook.seen(StepStatus.FAILED) == ["start-components"]
    assert notebook.seen(StepStatus.UNDONE) == ["start-components", "raise-wall"]
