"""The torture: ``python -m tests.torture [--group GROUP] [--cases N | PATTERN] [--bed NAME | --beds N]``.

Results are lines of build/torture/results-<bed>.jsonl; a case that passed on any bed is not run again. Groups: shim
(every call over fakes), kill-points, calls-deploy-good, calls-deploy-bad, calls-rollback, calls-takeover, lock-race;
and, each on a bed of its own: matrix (CASES are patterns of its cells), machine (how many stories), writers (how many
rounds). Without a group all of them are run (see `whole`), the long ones on several beds side by side.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import partial
from typing import Any

from olmis_release.text import plural
from tests.torture import lock_race, machine, machine_writers, matrix, shim, whole
from tests.torture.bed import HOME, Bed, Start, have_bed
from tests.torture.cases import Flow, call_cases, kill_cases, sampled
from tests.torture.look import Reference
from tests.torture.trial import counted, references, tortured
from tests.torture.whole import results, say

RACE_S, RACE_LEAST = 60.0, 200
References = dict[Start, Reference]
FURTHER: dict[str, Callable[[str], int]] = {
    "matrix": lambda wanted: matrix.torture(wanted, "matrix"),
    "machine": lambda wanted: machine.torture(range(1, 1 + int(wanted or machine.STORIES)), "machine"),
    "shim": shim.torture,
    "writers": lambda wanted: machine_writers.torture(int(wanted or machine_writers.ROUNDS), "machine"),
}
"""Groups that have beds of their own, with lines to cut and disks to fill."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A case with the way to carry it out; what comes back is its result as plain values."""

    name: str
    group: str
    carry_out: Callable[[References], dict[str, Any]]


def all_tasks(bed: Bed) -> Iterator[Task]:
    """List every case; how many calls a flow makes is counted once per bed."""
    counts = counted(bed)
    for case in (*kill_cases(), *(one for flow in Flow for one in call_cases(flow, counts[flow]))):
        yield Task(name=case.name, group=case.group, carry_out=partial(tortured, bed, case))
    for where in lock_race.STOPS:
        carry_out = partial(lock_race.stopped, bed, where)
        yield Task(name=f"race/stopped-{where}", group="lock-race", carry_out=carry_out)
    yield Task(
        name="race/ten-operators",
        group="lock-race",
        carry_out=lambda _: lock_race.race(bed, seconds=RACE_S, least=RACE_LEAST),
    )


def chosen(tasks: Sequence[Task], group: str, wanted: str) -> list[Task]:
    """Return the cases of a group, those of a pattern, or so many of them, spread evenly."""
    groups = (group or "*").split(",")
    found = [task for task in tasks if any(fnmatch(task.group, one) for one in groups)]
    if wanted.isdigit():
        return sampled(found, int(wanted))
    return [task for task in found if not wanted or fnmatch(task.name, wanted)]


def work_through(bed: Bed, tasks: Sequence[Task], part: tuple[int, int]) -> list[dict[str, Any]]:
    """Run our part of what has not passed yet, one by one, and tell how it goes.

    Args:
        bed: Where.
        tasks: Which; every bed is given all of them.
        part: Which of them are ours: ``(0, 3)`` is every third one, from the first.
    """
    known, path = results(), HOME / f"results-{bed.name}.jsonl"
    ours = tasks[part[0] :: part[1]]
    left = [task for task in ours if not known.get(task.name, {}).get("passed")]
    say(f"{plural(len(ours), 'case')}, {len(ours) - len(left)} passed before")
    seen = references(bed) if left else {}
    began = time.monotonic()
    for number, task in enumerate(left, 1):
        known[task.name] = result = carried_out(task, seen)
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(result) + "\n")
        verdict = "ok" if result["passed"] else "FAILED: " + "; ".join(result["complaints"])[:400]
        elapsed = time.monotonic() - began
        say(f"{number} of {len(left)}, {elapsed:.0f} s: {task.name}: {' > '.join(result['words'])}: {verdict}")
    return [known[task.name] for task in ours if task.name in known]


def carried_out(task: Task, seen: References) -> dict[str, Any]:
    """Carry a case out; one that breaks failed, and the next one is still run."""
    try:
        return task.carry_out(seen)
    except Exception as error:  # noqa: BLE001 - whatever it was, it is told in the results
        told = f"the case broke: {type(error).__name__}: {error}"
        return {"case": task.name, "group": task.group, "passed": False, "words": [], "complaints": [told]}


def part_of(text: str) -> tuple[int, int]:
    """Read ``2/3``, the second of three parts."""
    number, _, of = text.partition("/")
    return int(number) - 1, int(of)


def main() -> int:
    """Run it; the exit status is 1 when any case failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--group", default="", help="of cases: patterns, parted by commas")
    parser.add_argument("--cases", default="", help="how many, spread evenly; or a pattern of their names")
    parser.add_argument("--bed", default="torture", help="name of the instance that is tortured")
    parser.add_argument("--part", default="1/1", type=part_of, help="only every N-th case, from the I-th on: I/N")
    parser.add_argument("--beds", default=0, type=int, help="how many instances are tortured side by side")
    parser.add_argument("--table", action="store_true", help="only show the results so far")
    parser.add_argument("--remove", action="store_true", help="only remove the beds")
    options = parser.parse_args()
    HOME.mkdir(parents=True, exist_ok=True)
    if options.remove:
        return whole.remove()
    if options.table:
        say(whole.table(results()))
        return 0
    if further := FURTHER.get(options.group):
        return further(options.cases)
    if options.beds or not options.group:
        return whole.torture(options.beds or whole.BEDS, options.group, options.cases)
    say("the bed is there" if (HOME / options.bed / "bed.json").exists() else "making the bed")
    bed = have_bed(options.bed)
    found = work_through(bed, chosen(list(all_tasks(bed)), options.group, options.cases), options.part)
    return 0 if all(one["passed"] for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
