"""The lock under contention: many operators of whom some are killed, and holders that sleep past their takeover."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lab.estate import ROOT
from lab.scalars import with_scalars
from tests.torture.bed import Bed, Done, Start
from tests.torture.judge import Word, left_behind, word_of
from tests.torture.look import Reference, look

OPERATORS = 10
SHORT = {"lease_s": "0.5", "step_s": "0.5"}
"""Timeouts of the race: with a deploy's, most of it would be waiting for the dead."""
KILL_EVERY_S = (0.8, 2.5)
STOPPED_WITHIN_S = 120.0
STATE_FIELD = 0
LOCK_LOST = 8
STOPS: dict[str, tuple[str, dict[str, Any]]] = {
    "before-its-swap": ("bad", {"stop_before_swap": True}),
    "before-its-start": ("good", {"stop": True, "kill": {"step": 6, "back": False, "moment": "after-intent"}}),
    "before-its-acceptance": ("good", {"stop": True, "kill": {"step": 9, "back": False, "moment": "after-intent"}}),
}


def race(bed: Bed, *, seconds: float, least: int = 0) -> dict[str, Any]:
    """Let ten operators race, and kill one now and then; longer than asked for until there are enough acquisitions.

    Args:
        bed: Its lock is raced for.
        seconds: How long, at least.
        least: Acquisitions that there must be.

    Returns:
        The result: passed with no overlap.
    """
    bed.reset(Start.OLD)
    folder = bed.home / "race"
    shutil.rmtree(folder, ignore_errors=True)
    log, began = folder / "log", time.monotonic()
    with _operators(bed, folder) as operators:
        while (ran_s := time.monotonic() - began) < seconds or (_count(log)["taken"] < least and ran_s < 10 * seconds):
            time.sleep(random.uniform(*KILL_EVERY_S))
            operators.kill_one()
    counts = _count(log)
    complaints = [f"{counts['overlap']} overlaps"] * bool(counts["overlap"])
    complaints += [f"only {counts['taken']} acquisitions"] * (counts["taken"] < least)
    complaints += [line for line in _lines(log) if " error " in line][:5]
    told = f"{counts['taken']} acquisitions, {counts['taken-over']} of them takeovers, {operators.killed} killed"
    return {**_result("race/ten-operators", complaints, began), "words": [told]}


class _operators:  # noqa: N801 - read as a phrase: `with _operators(…) as operators:`
    def __init__(self, bed: Bed, folder: Path) -> None:
        self._bed, self._folder, self.killed = bed, folder, 0
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> _operators:
        for number in range(OPERATORS):
            _workspace(self._bed, self._folder / str(number))
            self._start(number)
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes.values():
            process.kill()
            process.wait()
        self._bed._remove_locks()

    def kill_one(self) -> None:
        """Kill one, and let another take its place."""
        number = random.randrange(OPERATORS)
        self._processes[number].kill()
        self._processes[number].wait()
        self.killed += 1
        self._start(number)

    def _start(self, number: int) -> None:
        folder = self._folder
        told = (str(folder / str(number)), self._bed.name, str(folder / "witness"), str(folder / "log"), "600")
        argv = [sys.executable, "-m", "tests.torture.contender", *told]
        self._processes[number] = subprocess.Popen(
            argv, cwd=ROOT, env=self._bed.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )


def _workspace(bed: Bed, folder: Path) -> None:
    shutil.copytree(bed.home / "kept-old", folder, ignore=shutil.ignore_patterns(".olmis-release"))
    path = folder / "manifests" / "instances" / f"{bed.name}.yml"
    values: dict[tuple[str, ...], str] = {("timeouts", name): value for name, value in SHORT.items()}
    path.write_text(with_scalars(path.read_text(encoding="utf-8"), values), encoding="utf-8")


def _count(log: Path) -> Counter[str]:
    words = Counter(line.split()[1] for line in _lines(log))
    words["taken"] += words["taken-over"]
    return words


def _lines(log: Path) -> list[str]:
    return log.read_text(encoding="utf-8").splitlines() if log.exists() else []


def stopped(bed: Bed, where: str, seen: dict[Start, Reference]) -> dict[str, Any]:
    """Stop a holder (SIGSTOP), take its run over from another workspace, let it go on: it must change nothing more."""
    plan, spec = STOPS[where]
    began = time.monotonic()
    bed.reset(Start.OLD)
    before = look(bed)
    holder = bed.start("deploy", bed.name, "--plan", bed.plans[plan], spec=spec)
    complaints: list[str] = []
    try:
        _await_stop(holder)
        other = bed.run("takeover", bed.name, second=True)
        word = word_of(look(bed), seen[Start.OLD], seen[Start.NEW])[0]
        holder.send_signal(signal.SIGCONT)
        complaints += _judged(_ended(holder), other, word)
    finally:
        holder.kill()
        holder.wait()
    after = look(bed)
    last, against = word_of(after, seen[Start.OLD], seen[Start.NEW])
    complaints += [*against, *left_behind(after, before, last)]
    complaints += [f"it was {word}, and {last} after the holder went on"] * (word is not last)
    return {**_result(f"race/stopped-{where}", complaints, began), "words": [str(word), str(last)]}


def _judged(first: Done, other: Done, word: Word) -> Iterator[str]:
    if first.exit_code != LOCK_LOST or "E-LOCK-LOST" not in first.out + first.err:
        yield f"the holder ended with {first.exit_code}: {first.err[-300:]}"
    if word not in {Word.OLD, Word.NEW}:
        yield f"the takeover (exit {other.exit_code}) left it {word}: {other.err[-300:]}"


def _ended(process: subprocess.Popen[str]) -> Done:
    out, err = process.communicate(timeout=120)
    return Done(arguments=(), exit_code=process.returncode, out=out, err=err)


def _await_stop(process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + STOPPED_WITHIN_S
    while _state(process.pid) != "T":
        if time.monotonic() > end or process.poll() is not None:
            raise TimeoutError(f"the holder never came to where it was to stop (exit {process.returncode})")
        time.sleep(0.1)


def _state(pid: int) -> str:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[STATE_FIELD]


def _result(name: str, complaints: list[str], began: float) -> dict[str, Any]:
    return {
        "case": name,
        "group": "lock-race",
        "passed": not complaints,
        "complaints": complaints,
        "took_s": round(time.monotonic() - began, 1),
    }
