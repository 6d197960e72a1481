"""The torture: ``python -m tests.torture [--group GROUP] [--cases N | PATTERN] [--bed NAME]``.

Results are lines of build/torture/results-<bed>.jsonl; a case that passed there is not run again. Groups: kill-points,
calls-deploy-good, calls-deploy-bad, calls-rollback, calls-takeover, lock-race; and, each on a bed of its own and only
when named: matrix (CASES are patterns of its cells), machine (how many stories), writers (how many rounds).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from typing import Any

from olmis_release.text import plural
from tests.torture import lock_race, machine, machine_writers, matrix, matrix_bed
from tests.torture.bed import HOME, Bed, Start, have_bed, remove_bed
from tests.torture.cases import Flow, call_cases, kill_cases, sampled
from tests.torture.look import Reference
from tests.torture.trial import counted, references, tortured

RACE_S, RACE_LEAST = 60.0, 200
References = dict[Start, Reference]
FURTHER: dict[str, Callable[[str], int]] = {
    "matrix": lambda wanted: matrix.torture(wanted, "matrix"),
    "machine": lambda wanted: machine.torture(range(1, 1 + int(wanted or machine.STORIES)), "machine"),
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
    found = [task for task in tasks if fnmatch(task.group, group or "*")]
    if wanted.isdigit():
        return sampled(found, int(wanted))
    return [task for task in found if not wanted or fnmatch(task.name, wanted)]


def results(path: Path) -> dict[str, dict[str, Any]]:
    """Return what is known of each case, the last result of it."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {one["case"]: one for one in map(json.loads, lines)}


def work_through(bed: Bed, tasks: Sequence[Task], path: Path) -> list[dict[str, Any]]:
    """Run what has not passed yet, one by one, and tell how it goes."""
    known = results(path)
    left = [task for task in tasks if not known.get(task.name, {}).get("passed")]
    say(f"{plural(len(tasks), 'case')}, {len(tasks) - len(left)} passed before")
    seen = references(bed) if left else {}
    began = time.monotonic()
    for number, task in enumerate(left, 1):
        known[task.name] = result = carried_out(task, seen)
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(result) + "\n")
        verdict = "ok" if result["passed"] else "FAILED: " + "; ".join(result["complaints"])[:400]
        elapsed = time.monotonic() - began
        say(f"{number} of {len(left)}, {elapsed:.0f} s: {task.name}: {' > '.join(result['words'])}: {verdict}")
    return [known[task.name] for task in tasks if task.name in known]


def carried_out(task: Task, seen: References) -> dict[str, Any]:
    """Carry a case out; one that breaks failed, and the next one is still run."""
    try:
        return task.carry_out(seen)
    except Exception as error:  # noqa: BLE001 - whatever it was, it is told in the results
        told = f"the case broke: {type(error).__name__}: {error}"
        return {"case": task.name, "group": task.group, "passed": False, "words": [], "complaints": [told]}


def table(found: Sequence[dict[str, Any]]) -> str:
    """Return one line per group: cases, passed, how they ended."""
    lines = [f"{'GROUP':<22}{'CASES':>7}{'PASSED':>8}  ENDED"]
    for group in dict.fromkeys(one["group"] for one in found):
        ours = [one for one in found if one["group"] == group]
        ends = Counter(one["words"][-1] if one["words"] else "-" for one in ours)
        told = ", ".join(f"{count} {word}" for word, count in sorted(ends.items()))
        lines.append(f"{group:<22}{len(ours):>7}{sum(one['passed'] for one in ours):>8}  {told}")
    return "\n".join(lines)


def say(text: str) -> None:
    """Tell whoever waits."""
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stdout.flush()


def main() -> int:
    """Run it; the exit status is 1 when any case failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--group", default="", help="of cases, a pattern")
    parser.add_argument("--cases", default="", help="how many, spread evenly; or a pattern of their names")
    parser.add_argument("--bed", default="torture", help="name of the instance that is tortured")
    parser.add_argument("--table", action="store_true", help="only show the results so far")
    parser.add_argument("--remove", action="store_true", help="only remove the bed")
    options = parser.parse_args()
    path = HOME / f"results-{options.bed}.jsonl"
    if further := FURTHER.get(options.group):
        return further(options.cases)
    if options.remove:
        remove_bed(options.bed)
        for name in ("matrix", "machine"):
            matrix_bed.remove(name)
        return 0
    if options.table:
        sys.stdout.write(table(list(results(path).values())) + "\n")
        return 0
    HOME.mkdir(parents=True, exist_ok=True)
    say("the bed is there" if (HOME / options.bed / "bed.json").exists() else "making the bed")
    bed = have_bed(options.bed)
    found = work_through(bed, chosen(list(all_tasks(bed)), options.group, options.cases), path)
    sys.stdout.write(table(found) + "\n")
    return 0 if all(one["passed"] for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
