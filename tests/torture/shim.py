"""Every call of a run fails once, in six ways, over fakes that stand for engine, Compose, database, wall and lock.

The real engine is tortured call by call too (`cases.call_cases`), some seconds a case; here a case takes milliseconds,
so that none is left out. A run makes its calls through one counter; the call of one number is refused, never answered,
carried out and not answered, carried out and answered with garbage, or is where the process dies, before or after it.
Whoever died does nothing more: every later call of that process dies as well. Then one command after another leads out,
and what there is then is judged: exactly old or exactly new, nothing open, every acknowledged row there.

``python -m tests.torture --group shim`` runs them all.
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from olmis_release.cli.main import NOT_WRITABLE
from olmis_release.deploy.gatekeeping import open_in_ledger
from olmis_release.deploy.resume import Wish, resume, take_over
from olmis_release.errors import ReleaseError, StepFailed, TargetUnreachable
from olmis_release.instance.config import SmokeCheck
from olmis_release.instance.ports import LedgerState, WallState
from olmis_release.instance.site import Site
from olmis_release.plan.sets import PlanSet
from olmis_release.smoke import readiness
from tests.fakes.instance import FakeFrontDoor, FakeWall, an_answer
from tests.fakes.live_estate import ComposeFromFiles, Killed, LiveEstate, cut_off, dying, running_images, stand_still
from tests.torture import whole
from tests.torture.bed import HOME
from tests.torture.cases import Flow
from tests.torture.gates import GARBAGE, Do

OLD_TAG, NEW_TAG, MIGRATED = "7.1.0", "7.2.0", "migrated"
PORTS = ("engine", "compose", "database", "wall", "consul", "lock", "front")
MOST_COMMANDS = 5
ONLY_OLD_WORKS = SmokeCheck(name="requisition works", path="/requisition", expect_json={"version": OLD_TAG})
Call = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShimCase:
    """A call of a flow, by its number, and what happens to it; number 0 only counts."""

    flow: Flow
    call: int
    do: Do

    @property
    def name(self) -> str:
        """What it is called."""
        return f"shim/{self.flow}/{self.call:03}/{self.do}"


class WritingWall(FakeWall):
    """A wall behind which users wait: each time it opens one of them writes a row, which is acknowledged."""

    def __init__(self, estate: LiveEstate) -> None:
        super().__init__(estate.wall.now)
        self.estate, self.acknowledged = estate, list[str]()

    def open(self, run_pass: str = "") -> None:
        super().open(run_pass)
        self.write()

    def write(self) -> None:
        """Let a user write a row into the live database."""
        row = f"row {len(self.acknowledged) + 1}"
        self.estate.database.rows.append(row)
        self.acknowledged.append(row)


class MigratingCompose(ComposeFromFiles):
    """Starting the new release changes the live database, as Flyway does."""

    estate: LiveEstate

    def _up(self, name: str) -> None:
        super()._up(name)
        rows = self.estate.database.rows
        if running_images(self.estate).get("requisition") == NEW_TAG and MIGRATED not in rows:
            rows.append(MIGRATED)


@dataclass(slots=True)
class Counter:
    """Counts the calls of a process and does to one of them what was asked for."""

    call: int
    do: Do
    calls: list[str] = field(default_factory=list)
    dead: bool = False

    def passed(self, name: str, real: Call, answer: Callable[[], Any]) -> Any:
        """Let a call through, or do to it what was asked for; `answer` is how its peer fails."""
        if threading.current_thread().name == "lease":
            return None if self.dead else real()
        if self.dead:
            raise Killed
        self.calls.append(name)
        return self._treated(real, answer) if len(self.calls) == self.call else real()

    def _treated(self, real: Call, answer: Callable[[], Any]) -> Any:
        if self.do is Do.KILL_BEFORE:
            self._die()
        if self.do in {Do.LOST, Do.GARBAGE, Do.KILL_AFTER}:
            real()
        if self.do is Do.KILL_AFTER:
            self._die()
        return answer()

    def _die(self) -> None:
        self.dead = True
        raise Killed


@dataclass(frozen=True, slots=True)
class Gate:
    """A port whose every call passes the counter; its ledger is a port too, and what is no call is handed on."""

    _real: Any
    _port: str
    _counter: Counter

    def __getattr__(self, called: str) -> Any:
        found = getattr(self._real, called)
        if called == "ledger":
            return Gate(found, called, self._counter)
        if not callable(found):
            return found
        named = f"{self._port} {called}"

        def call(*arguments: Any, **options: Any) -> Any:
            return self._counter.passed(named, lambda: found(*arguments, **options), self._failure)

        return call

    def _failure(self) -> Any:
        """Fail as the real port does: the front tells, the others raise."""
        if isinstance(self._real, FakeFrontDoor):
            garbage = self._counter.do is Do.GARBAGE
            return an_answer(200, text=GARBAGE) if garbage else an_answer(0, error="ConnectionError: injected")
        if self._counter.do is Do.ERROR:
            raise StepFailed("injected: it refused.", resolution="Look.")
        raise TargetUnreachable("injected: no whole answer came.", resolution="Wait.")


class Tortured(LiveEstate):
    """An estate whose site passes a counter while one is set."""

    counter: Counter | None = None

    @property
    def site(self) -> Site:
        """The instance as this workspace reaches it."""
        site = super().site
        if self.counter is None:
            return site
        gates: dict[str, Any] = {name: Gate(getattr(site, name), name, self.counter) for name in PORTS}
        return replace(site, **gates)


@dataclass(slots=True)
class Trial:
    """A case under way."""

    case: ShimCase
    folder: Path
    patch: pytest.MonkeyPatch
    complaints: list[str] = field(default_factory=list)
    ended: str = "-"
    counter: Counter = field(init=False)

    def __post_init__(self) -> None:
        self.counter = Counter(self.case.call, self.case.do)

    def carry_out(self) -> None:
        """Prepare, torture, lead out, judge."""
        estate, command = self._prepared()
        wall = estate.wall
        assert isinstance(wall, WritingWall)
        self._tortured(estate, command)
        if wall.now is WallState.OPEN and not _is_whole(estate):
            self.complaints.append(f"users are let in to {running_images(estate)}, {estate.database.rows}")
        self._lead_out(estate)
        self._judge(estate, wall)
        if self.case.call == 0 and running_images(estate)["requisition"] != self._wanted:
            self.complaints.append("nothing was wrong, and it did not end as it was meant to")

    @property
    def _wanted(self) -> str:
        return NEW_TAG if self.case.flow in {Flow.GOOD, Flow.TAKEOVER} else OLD_TAG

    def _prepared(self) -> tuple[Tortured, Callable[[], object]]:
        estate = Tortured(root=self.folder / "here")
        estate.wall = WritingWall(estate)
        compose = MigratingCompose(estate.engine)
        compose.estate = estate
        estate.compose = compose
        estate.serve_old()
        estate.wall.write()
        match self.case.flow:
            case Flow.TAKEOVER:
                cut_off(self.patch, estate, step=6, moment="effect")
                there = _elsewhere(estate, self.folder / "there")
                return there, lambda: take_over(there.workspace, there.site, Wish(operator="C. Phiri"))
            case Flow.ROLLBACK:
                estate.really_deploy()
                made: PlanSet = estate.go_back(restore_data=True)
            case Flow.GOOD | Flow.BAD:
                if self.case.flow is Flow.BAD:
                    estate.config = estate.config.model_copy(update={"smoke": (ONLY_OLD_WORKS,)})
                made = estate.made()
        return estate, lambda: estate.really_deploy(made)

    def _tortured(self, estate: Tortured, command: Callable[[], object]) -> None:
        estate.counter = self.counter
        with _disk(self.counter), dying(self.patch):
            try:
                command()
            except (ReleaseError, Killed):
                pass
            except Exception as error:  # noqa: BLE001 - whatever comes up raw is a fault of the tool
                if not (isinstance(error, OSError) and error.errno in NOT_WRITABLE):  # `cli.main` words these
                    self.complaints.append(f"{type(error).__name__}: {error}")
        estate.counter = None

    def _lead_out(self, estate: Tortured) -> None:
        lead = take_over if self.case.flow is Flow.TAKEOVER and estate.lock.standing else resume
        again = False
        for _ in range(MOST_COMMANDS):
            if _is_settled(estate):
                return
            try:
                lead(estate.workspace, estate.site, Wish(operator="C. Phiri", again=again))
            except ReleaseError as error:
                again = "--again" in error.resolution
                lead = take_over if "takeover" in error.resolution or _is_open_elsewhere(estate) else resume
        if not _is_settled(estate):
            self.complaints.append(f"{MOST_COMMANDS} commands did not lead out")

    def _judge(self, estate: Tortured, wall: WritingWall) -> None:
        self.ended = {OLD_TAG: "old", NEW_TAG: "new"}.get(running_images(estate).get("requisition", ""), "neither")
        if not _is_whole(estate):
            self.complaints.append(f"it ended with {running_images(estate)} and {estate.database.rows}")
        if self.case.flow is Flow.BAD and running_images(estate)["requisition"] != OLD_TAG:
            self.complaints.append("a release that does not work serves")
        rows = estate.database.rows
        asked_for = self.case.flow is Flow.ROLLBACK and MIGRATED not in rows  # the data of then, by name
        wrong = [] if asked_for else [row for row in wall.acknowledged if rows.count(row) != 1]
        if wrong:
            self.complaints.append(f"acknowledged, and not there exactly once: {wrong}")


def _is_whole(estate: LiveEstate) -> bool:
    """Whether it is exactly one release: its images, and its database."""
    tag, migrated = running_images(estate).get("requisition"), MIGRATED in estate.database.rows
    return (tag, migrated) in {(OLD_TAG, False), (NEW_TAG, True)}


def _is_settled(estate: LiveEstate) -> bool:
    """Whether nothing of a run is left open: no lock, no entry, users are let in."""
    newest = estate.database.ledger.newest("uat")
    ended = newest is None or newest.state is LedgerState.ENDED
    let_in = estate.wall.now is WallState.OPEN and estate.database.all["open_lmis"].facts.open
    return estate.lock.standing is None and ended and let_in


def _is_open_elsewhere(estate: LiveEstate) -> bool:
    """Whether the next deploy would be refused for a run that this workspace knows nothing of."""
    return open_in_ledger(estate.workspace, estate.site) is not None


def _elsewhere(estate: Tortured, root: Path) -> Tortured:
    there = estate.elsewhere(root)
    made = Tortured(root=root, engine=there.engine, database=there.database, wall=there.wall, lock=there.lock)
    made.files, made.front, made.compose = there.files, there.front, there.compose
    return made


@contextmanager
def _disk(counter: Counter) -> Iterator[None]:
    """Let writes of the journal pass the counter too: a full disk, half a record, a death; the dead replace no file."""
    real, replacing, linking = os.write, os.replace, os.link

    def alive(real: Call) -> Call:
        def call(*arguments: Any, **options: Any) -> Any:
            if counter.dead:
                raise Killed
            return real(*arguments, **options)

        return call

    def write(descriptor: int, data: bytes) -> int:
        def answer() -> int:
            if counter.do in {Do.ERROR, Do.HANG}:
                raise OSError(28, "No space left on device (injected)")
            return len(data)

        return int(counter.passed(f"disk write {len(data)}", lambda: real(descriptor, data), answer))

    os.write, os.replace, os.link = write, alive(replacing), alive(linking)  # type: ignore[assignment]
    try:
        yield
    finally:
        os.write, os.replace, os.link = real, replacing, linking


def tortured(case: ShimCase) -> Trial:
    """Carry a case out; return it with its complaints, its end, and the calls that the tortured command made."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        stand_still(patch)
        patch.setattr(readiness, "REAL", readiness.Pace(poll_s=0.002))
        numbers = count(1)  # two runs within a second, as here, never happen outside
        patch.setattr("olmis_release.deploy.run.new_run", lambda: f"20261126t1200{next(numbers):02}")
        trial = Trial(case, Path(folder), patch)
        try:
            trial.carry_out()
        except Exception as error:  # noqa: BLE001 - a case that cannot be judged failed; the next one must still run
            trial.complaints.append(f"the case broke: {type(error).__name__}: {error}")
        return trial


def result(case: ShimCase) -> dict[str, Any]:
    """Carry a case out; return its result as plain values."""
    trial = tortured(case)
    told = {"case": case.name, "group": f"shim-{case.flow}", "passed": not trial.complaints}
    return {**told, "words": [trial.ended], "complaints": trial.complaints}


def torture(wanted: str) -> int:
    """Run what has not passed yet of the cases that a pattern names; return an exit status."""
    path = HOME / "results-shim.jsonl"
    known, failed = whole.results(), 0
    for flow in Flow:
        cases = [case for case in shim_cases(flow) if fnmatch(case.name, wanted or "*")]
        left = [case for case in cases if not known.get(case.name, {}).get("passed")]
        whole.say(f"{flow} over fakes: {len(cases)} cases, {len(cases) - len(left)} passed before")
        for number, case in enumerate(left, 1):
            found = result(case)
            failed += not found["passed"]
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(found) + "\n")
            if not found["passed"] or number % 100 == 0:
                verdict = "ok" if found["passed"] else "FAILED: " + "; ".join(found["complaints"])[:400]
                whole.say(f"{number} of {len(left)}: {case.name}: {verdict}")
    return 1 if failed else 0


def shim_cases(flow: Flow) -> Sequence[ShimCase]:
    """List every call of a flow with everything that may happen to it.

    Raises:
        RuntimeError: Something is wrong even without a fault: nothing that follows would mean anything.
    """
    trial = tortured(ShimCase(flow=flow, call=0, do=Do.ERROR))
    if trial.complaints:
        raise RuntimeError(f"{flow} without a fault: {'; '.join(trial.complaints)}")
    calls = len(trial.counter.calls)
    return [ShimCase(flow=flow, call=number, do=do) for number in range(1, calls + 1) for do in Do]
