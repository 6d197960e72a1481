"""The fault matrix: ``python -m tests.torture.matrix [--cells PATTERN] [--bed NAME] [--again]``.

A cell is named ``matrix/<step>/<fault>``, for example ``matrix/start/Z``. Column D runs on an engine of its own, which
is killed. Results are lines of build/torture/results-matrix.jsonl; what passed there is not run again.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from lab.writers import Writers
from tests.torture.bed import HOME, SERVICES, TOOL_S, Done
from tests.torture.cases import Case, Flow
from tests.torture.judge import Word
from tests.torture.look import look
from tests.torture.matrix_bed import LinedBed, killable_bed, matrix_bed, remove
from tests.torture.matrix_faults import Column, Harm, harm_of
from tests.torture.matrix_points import PLACES, PROVE_OLD, Place, Row, as_spec
from tests.torture.matrix_table import PROMISES, Cell, Outcome, cells
from tests.torture.trial import PAUSE_S, Trial, keep_for_reading, references, references_of, share_plans

GROUP = "matrix"
CLIENTS = 6
STOP_S = 120.0
REFUSED = 8
ROOM = (Outcome.ROOM_EARLY, Outcome.ROOM)
UNRECORDED = f"exit 16, and the instance is {Word.NEW}"
"""No lie where the record had no room: the run ended, and says so, and that `resume` completes the record."""
HELD_OPEN = f"exit 10, and the instance is {Word.OLD}"
"""No lie where the line broke before the wall was up: nothing can close it over a line that is cut, so the run is held
by its lock alone, and the old release serves on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixCase(Case):
    """A cell as a case."""

    cell: Cell


def case_of(cell: Cell) -> MatrixCase:
    """Return the case of a cell."""
    usual = Word.OLD if cell.row.is_back else Word.NEW
    return MatrixCase(
        name=f"matrix/{cell.row}/{cell.column}",
        group=f"{GROUP}-{cell.column}",
        flow=Flow.BAD if cell.plan != "good" else Flow.GOOD,
        spec=spec_of(cell),
        ends=(Word.OLD, Word.NEW) if cell.outcome in ROOM else (PROMISES[cell.outcome].last or usual,),
        cell=cell,
    )


def spec_of(cell: Cell) -> dict[str, Any]:
    """Return where the driver stops or dies."""
    begin, end = places_of(cell)
    if cell.column is Column.KILL:
        return as_spec([begin], kill=True)
    if cell.in_the_release:
        return {}
    return as_spec([begin] if cell.lasting or cell.column is Column.SECOND else [begin, end])


def places_of(cell: Cell) -> tuple[Place, Place]:
    """Return beginning and end of a cell's step, as its fault sees it."""
    begin, end = PLACES[cell.row]
    if cell.row is Row.PREFLIGHT and cell.column in {Column.UNHEALTHY, Column.SMOKE}:
        return PROVE_OLD
    if cell.row is Row.LOCK and cell.column is Column.KILL:
        return end, end
    if cell.row is Row.UNDO_STOP and cell.column is Column.UNHEALTHY:
        return end, end  # the old container is there only once the step has begun it
    return begin, end


@dataclass(slots=True, kw_only=True)
class MatrixTrial(Trial):
    """A cell under way."""

    harm: Harm = field(default_factory=Harm)

    @property
    def cell(self) -> Cell:
        """The cell."""
        assert isinstance(self.case, MatrixCase)
        return self.case.cell

    @property
    def lined(self) -> LinedBed:
        """The bed."""
        assert isinstance(self.bed, LinedBed)
        return self.bed

    def carry_out(self) -> None:
        """Reset, strike, mend, lead out, judge."""
        self.lined.reset(self.case.start)
        if self.cell.column is Column.DISK:
            self.lined.mount()
        if self.cell.column is Column.SECOND:
            share_plans(self.bed)
        before = look(self.bed)
        writers = Writers(self.bed.estate.url, SERVICES, threads=CLIENTS, pause_s=PAUSE_S)
        with writers:
            writers.wait_for(CLIENTS)
            self._struck()
            end = self._lead_out()
            if self.cell.outcome is Outcome.RERUN:
                self._run(*self._deploy())
                end = self._seen()
            self._judge_end(end, before)
            self._let_write(writers)
        self._judge_writes(writers)
        self._judge_files()
        self._judge_promise()

    def _deploy(self) -> tuple[str, ...]:
        return ("deploy", self.bed.name, "--plan", self.bed.plans[self.cell.plan])

    def _struck(self) -> None:
        self.harm = harm_of(self.cell.column, self.cell.row)
        process = self.bed.start(*self._deploy(), spec=self.case.spec)
        others: list[subprocess.Popen[str]] = []
        try:
            self._strike(process, others)
            out, err = process.communicate(timeout=TOOL_S)
        finally:
            if process.poll() is None:
                process.kill()
            self.harm.mend(self.lined)
        self.commands.append(Done(arguments=self._deploy(), exit_code=process.returncode, out=out, err=err))
        for one in others:
            self._judge_second(one)

    def _strike(self, process: subprocess.Popen[str], others: list[subprocess.Popen[str]]) -> None:
        for number, _place in enumerate(self.case.spec.get("stops", ()), 1):
            if not stopped(process):
                self.complaints.append(f"it never came to place {number} of {self.cell.row}")
                return
            if number == 1:
                self.harm.do(self.lined)
                if self.cell.column is Column.SECOND:
                    others.append(self._second())
                process.send_signal(18)
                self.harm.meanwhile(self.lined)
            else:
                self.harm.mend(self.lined)
                process.send_signal(18)

    def _second(self) -> subprocess.Popen[str]:
        other = self.bed.start("deploy", self.bed.name, "--plan", self.bed.plans["good"], second=True)
        if self.cell.row is not Row.LOCK:
            other.wait(TOOL_S)
        return other

    def _judge_second(self, other: subprocess.Popen[str]) -> None:
        out, err = other.communicate(timeout=TOOL_S)
        done = Done(arguments=("second",), exit_code=other.returncode, out=out, err=err)
        first = self.commands[-1].exit_code
        if self.cell.outcome is Outcome.X and done.exit_code != REFUSED:
            self.complaints.append(f"the second operator ended with {done.exit_code}: {err[-200:]}")
        if self.cell.outcome is Outcome.BOTH and sorted((first == 0, done.exit_code == 0)) != [False, True]:
            self.complaints.append(f"of two operators one must win: {first} and {done.exit_code}")
        if self.cell.outcome is Outcome.BOTH and first != 0:
            self.commands[-1] = done  # whose end is judged
            self.second = True

    def _judge_promise(self) -> None:
        if self.cell.row is Row.WALL_UP and self.cell.outcome is Outcome.H and self.open_after[0]:
            self.complaints = [one for one in self.complaints if one != HELD_OPEN]
        if self.cell.column is Column.DISK and "without record" in self.commands[0].err:
            self.complaints = [one for one in self.complaints if one != UNRECORDED]
        promise, done = PROMISES[self.cell.outcome], self.commands[0]
        if promise.first and self.words[0] not in promise.first:
            self.complaints.append(f"after the fault it was {self.words[0]}, which is not {self.cell.outcome}")
        if promise.exits and done.exit_code not in promise.exits:
            self.complaints.append(f"exit {done.exit_code}, which is not {self.cell.outcome}")
        usual = 9 if self.cell.row.is_back else 0
        if self.cell.outcome in {Outcome.NONE, Outcome.LATER, Outcome.X} and done.exit_code != usual:
            self.complaints.append(f"exit {done.exit_code}, and without the fault {usual}")


def stopped(process: subprocess.Popen[str]) -> bool:
    """Wait until a process has stopped itself; tells whether it did, or ended."""
    until_s = time.monotonic() + STOP_S
    while process.poll() is None and time.monotonic() < until_s:
        state = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]
        if state == "T":
            return True
        time.sleep(0.02)
    return False


def tried(bed: LinedBed, case: MatrixCase, seen: Any) -> dict[str, Any]:
    """Carry a cell out; return its result as plain values."""
    began = time.monotonic()
    trial = MatrixTrial(bed=bed, case=case, references=references_of(case, seen))
    try:
        trial.carry_out()
    except Exception as error:  # noqa: BLE001 - a cell that cannot be judged failed; the next one must still run
        trial.complaints.append(f"the case broke: {type(error).__name__}: {error}")
    if trial.complaints:
        keep_for_reading(trial)
    cell = case.cell
    return {
        "case": case.name,
        "group": case.group,
        "passed": not trial.complaints,
        "said": cell.said,
        "outcome": str(cell.outcome),
        "reason": cell.reason,
        "words": [str(word) for word in trial.words],
        "exits": [done.exit_code for done in trial.commands],
        "commands": [" ".join(done.arguments) for done in trial.commands],
        "complaints": trial.complaints,
        "acknowledged": trial.acknowledged,
        "took_s": round(time.monotonic() - began, 1),
    }


def matrix_cases() -> list[MatrixCase]:
    """List all cells as cases."""
    return [case_of(cell) for cell in cells()]


def run_on(bed: LinedBed, cases: Sequence[MatrixCase], path: Path) -> None:
    """Run cells one by one, and tell how it goes."""
    seen = references(bed)
    for number, case in enumerate(cases, 1):
        result = tried(bed, case, seen)
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(result) + "\n")
        verdict = "ok" if result["passed"] else "FAILED: " + "; ".join(result["complaints"])[:600]
        told = f"{' > '.join(result['words'])} {result['exits']} {result['took_s']:.0f} s"
        say(f"{number} of {len(cases)} {case.name} ({case.cell.outcome}): {told}: {verdict}")


def say(text: str) -> None:
    """Tell whoever waits."""
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stdout.flush()


def known(path: Path) -> dict[str, dict[str, Any]]:
    """Return the last result of each case."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {one["case"]: one for one in map(json.loads, lines)}


def table(found: dict[str, dict[str, Any]]) -> str:
    """Return the matrix with what became of each cell; ``?`` was not run, ``!`` failed."""
    lines = [f"{'':<18}" + "".join(f"{column:<7}" for column in Column)]
    for row in Row:
        told = []
        for cell in (one for one in cells() if one.row is row):
            result = found.get(case_of(cell).name)
            told.append(f"{cell.outcome}{'?' if result is None else '' if result['passed'] else '!'}")
        lines.append(f"{row:<18}" + "".join(f"{word:<7}" for word in told))
    passed = sum(one["passed"] for one in found.values())
    acknowledged = sum(one["acknowledged"] for one in found.values())
    lines.append(f"{passed} of {len(found)} cells passed, {acknowledged} writes acknowledged")
    return "\n".join(lines)


def torture(wanted: str, name: str, *, again: bool = False) -> int:
    """Run what has not passed yet of the cells that a list of patterns names; return an exit status.

    Args:
        wanted: For example ``matrix/start/*,matrix/*/Z``; empty for all.
        name: Of the instance.
        again: Run also what passed before.
    """
    HOME.mkdir(parents=True, exist_ok=True)
    path = HOME / "results-matrix.jsonl"
    before = known(path)
    patterns = (wanted or "*").split(",")
    cases = [one for one in matrix_cases() if any(fnmatch(one.name, pattern) for pattern in patterns)]
    left = [one for one in cases if again or not before.get(one.name, {}).get("passed")]
    say(f"{len(cases)} cells, {len(cases) - len(left)} passed before")
    killing = [one for one in left if one.cell.column is Column.ENGINE]
    if ordinary := [one for one in left if one not in killing]:
        with matrix_bed(name) as bed:
            run_on(bed, ordinary, path)
    if killing:
        with killable_bed(f"{name}-d") as bed:
            run_on(bed, killing, path)
    found = known(path)
    sys.stdout.write(table({one.name: found[one.name] for one in matrix_cases() if one.name in found}) + "\n")
    return 0 if all(found.get(one.name, {}).get("passed") for one in cases) else 1


def main() -> int:
    """Run it; the exit status is 1 when any cell failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture.matrix", description=__doc__)
    parser.add_argument("--cells", default="", help="patterns of names, parted by commas")
    parser.add_argument("--bed", default=GROUP, help="name of the instance")
    parser.add_argument("--again", action="store_true", help="run also what passed before")
    parser.add_argument("--remove", action="store_true", help="only remove the bed")
    options = parser.parse_args()
    if options.remove:
        remove(options.bed)
        return 0
    return torture(options.cells, options.bed, again=options.again)


if __name__ == "__main__":
    sys.exit(main())
