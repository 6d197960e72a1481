"""The whole torture: every group one after another, the long ones on several beds side by side, and one table."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import IO, Any

from lab.estate import ROOT
from tests.torture import matrix_bed
from tests.torture.bed import HOME, remove_bed

NAME = "torture"
BEDS = 3
"""Most of a case is waiting: so many keep two cores busy."""
SIDE_BY_SIDE = "kill-points,calls-*"
ONE_BY_ONE = ("lock-race", "matrix", "machine", "writers")
"""What is raced against time, or cuts lines and kills engines of its own: nothing else runs beside it."""


def torture(beds: int, group: str = "", cases: str = "") -> int:
    """Run all that has not passed yet; return an exit status.

    Args:
        beds: How many instances.
        group: Only this one, of those that can be run side by side.
        cases: How many of it, or a pattern of their names.
    """
    failed = bool(not group and _started("--group", "shim").wait())
    failed |= _side_by_side(beds, group or SIDE_BY_SIDE, cases)
    for one in () if group else ONE_BY_ONE:
        say(f"now {one}")
        failed |= _started("--group", one, "--bed", f"{NAME}-1").wait() != 0
    say(table(results()))
    return 1 if failed else 0


def _side_by_side(beds: int, group: str, cases: str) -> bool:
    names = [f"{NAME}-{number}" for number in range(1, beds + 1)]
    given = ("--group", group, "--cases", cases)
    running = [
        _started(*given, "--bed", name, "--part", f"{number}/{beds}", told_as=name)
        for number, name in enumerate(names, 1)
    ]
    codes = [process.wait() for process in running]  # each of them to its end
    return any(codes)


def _started(*arguments: str, told_as: str = "") -> subprocess.Popen[str]:
    """Start a part of it; its lines come out as ours, each with the name of its bed."""
    argv = [sys.executable, "-m", "tests.torture", *arguments]
    process = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    threading.Thread(target=_pass_on, args=(process.stdout, told_as), daemon=True).start()
    return process


def _pass_on(lines: IO[str], told_as: str) -> None:
    for line in lines:
        sys.stdout.write(f"{told_as} {line}".lstrip())
        sys.stdout.flush()


def results() -> dict[str, dict[str, Any]]:
    """Return what is known of each case: that it passed on any bed, or its last result."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(HOME.glob("results-*.jsonl")):
        for one in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
            if not found.get(one["case"], {}).get("passed"):
                found[one["case"]] = one
    return found


def table(found: Mapping[str, Mapping[str, Any]]) -> str:
    """Return one line per group: cases, passed, how they ended, writes acknowledged; what failed below it."""
    return "\n".join([*_rows(found), *_failed(found)])


def _rows(found: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield f"{'GROUP':<22}{'CASES':>7}{'PASSED':>8}{'WRITES':>9}  ENDED"
    for group in dict.fromkeys(one["group"] for one in found.values()):
        ours = [one for one in found.values() if one["group"] == group]
        ends = Counter(one["words"][-1] if one["words"] else "-" for one in ours)
        told = ", ".join(f"{count} {word}" for word, count in sorted(ends.items()))
        writes = sum(one.get("acknowledged", 0) for one in ours)
        yield f"{group:<22}{len(ours):>7}{sum(one['passed'] for one in ours):>8}{writes:>9}  {told}"


def _failed(found: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name, one in found.items():
        if not one["passed"]:
            yield f"FAILED {name}: {'; '.join(one['complaints'])[:300]}"


def remove() -> int:
    """Remove every bed; the results stay."""
    for path in sorted(HOME.glob(f"{NAME}*/bed.json")):
        remove_bed(path.parent.name)
    for name in ("matrix", "machine"):
        matrix_bed.remove(name)
    return 0


def say(text: str) -> None:
    """Tell whoever waits."""
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stdout.flush()
