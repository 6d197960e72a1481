"""Carry one case out on a bed and judge it: the tortured command, the way out, the end."""

from __future__ import annotations

import json
import re
import resource
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.writers import Writers, verify
from tests.torture.bed import SERVICES, Bed, Done, Start
from tests.torture.cases import Case, Flow, WayOut
from tests.torture.judge import (
    WAY_OUT,
    Word,
    chain_faults,
    exit_fits,
    left_behind,
    told_secrets,
    word_of,
)
from tests.torture.look import Picture, Reference, look, reference, rows

CLIENTS, PAUSE_S = 20, 1.0
MOST_COMMANDS = 3
"""Commands that may be needed after the tortured one until nothing is open."""
OPEN_END = ("resume", "takeover")


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """What a case's end is compared with."""

    old: Reference
    new: Reference


@dataclass(slots=True, kw_only=True)
class Trial:
    """One case under way.

    Attributes:
        words: What the instance was in after each command.
        open_after: Whether a run was open then, guarded by its lock.
        complaints: Everything that was not as promised.
    """

    bed: Bed
    case: Case
    references: References
    words: list[Word] = field(default_factory=list)
    open_after: list[bool] = field(default_factory=list)
    commands: list[Done] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    acknowledged: int = 0
    second: bool = False
    back_wanted: bool = False
    aimed: bool = False

    def carry_out(self) -> None:
        """Reset, torture, lead out, judge."""
        self.bed.reset(self.case.start)
        before = look(self.bed)
        writers = Writers(self.bed.estate.url, SERVICES, threads=CLIENTS, pause_s=PAUSE_S)
        with writers:
            writers.wait_for(CLIENTS)
            if self.case.flow is Flow.TAKEOVER:
                self._leave_half_done()
            self._run(*self._tortured(), spec=self._spec())
            end = self._lead_out()
            self._judge_end(end, before)
            self._let_write(writers)
        self._judge_writes(writers)
        self._judge_files()

    def _leave_half_done(self) -> None:
        """Let an operator die whose new components have just been started."""
        spec = {"kill": {"step": 6, "back": False, "moment": "after-effect"}}
        self.bed.run("deploy", self.bed.name, "--plan", self.bed.plans["good"], spec=spec)
        self.second = True

    def _tortured(self) -> tuple[str, ...]:
        name, plans = self.bed.name, self.bed.plans
        match self.case.flow:
            case Flow.GOOD | Flow.BAD:
                return ("deploy", name, "--plan", plans["good" if self.case.flow is Flow.GOOD else "bad"])
            case Flow.ROLLBACK:
                return ("rollback", name, "--data", "restore", "--confirm", name)
            case Flow.TAKEOVER:
                return ("takeover", name)

    def _spec(self) -> dict[str, Any]:
        trace = self.bed.home / "trace"
        trace.unlink(missing_ok=True)
        return {**self.case.spec, "trace": str(trace)}

    def _run(self, *arguments: str, spec: dict[str, Any] | None = None) -> Done:
        done = self.bed.run(*arguments, spec=spec, second=self.second)
        self.commands.append(done)
        self.back_wanted = self.back_wanted or "--abort" in arguments
        return done

    def _lead_out(self) -> Picture:
        """Follow the one command that leads out until nothing is open."""
        for tried in range(MOST_COMMANDS + 1):
            seen = self._seen()
            done = self.commands[-1]
            if not done.killed and seen.lock is None and self.words[-1] is not Word.HELD:
                return seen
            command = self._next(first=tried == 0)
            if command is None:
                return seen
            self._run(*command)
        seen = self._seen()
        if seen.lock is not None or self.words[-1] is Word.HELD:
            self.complaints.append(f"{MOST_COMMANDS + 1} commands did not lead out")
        return seen

    def _seen(self) -> Picture:
        """Look, and judge what is seen by itself and by how the command ended."""
        seen = look(self.bed)
        word, against = word_of(seen, self.references.old, self.references.new)
        self.words.append(word)
        self.complaints.extend(against)
        is_open = seen.lock is not None or word is Word.HELD
        self.open_after.append(seen.lock is not None)
        self.complaints.extend(exit_fits(self.commands[-1], word, back_wanted=self.back_wanted, is_open=is_open))
        return seen

    def _next(self, *, first: bool) -> tuple[str, ...] | None:
        """Return the command that follows; None when nothing is open."""
        if first and self.case.way_out is not None and self.commands[-1].killed:
            return self._wished(self.case.way_out)
        told = self.commands[-1].next
        if self.commands[-1].killed or not WAY_OUT.fullmatch(told):  # who was killed or refused looks first
            told = self.bed.run("status", self.bed.name, second=self.second).next
        words = re.sub(r"^olmis-release ", "", told).split()
        if words and words[0] in OPEN_END:
            return tuple(words)
        return None

    def _wished(self, way: WayOut) -> tuple[str, ...]:
        if way is WayOut.TAKEOVER:
            share_plans(self.bed)
            self.second = True
        verb, *options = way.split()
        return (verb, self.bed.name, *options)

    def _judge_end(self, end: Picture, before: Picture) -> None:
        word = self.words[-1]
        if word not in self.case.ends:
            self.complaints.append(f"it ended {word}, not {' or '.join(self.case.ends)}")
        self.complaints.extend(left_behind(end, before, word))
        if self.case.way_out is not None and not self.commands[0].killed:
            self.complaints.append("the kill point was never reached")

    def _let_write(self, writers: Writers) -> None:
        try:
            writers.wait_for(CLIENTS, within_s=40)
        except TimeoutError as error:
            self.complaints.append(f"afterwards nobody can write: {error}")

    def _judge_writes(self, writers: Writers) -> None:
        for service, ledger in writers.ledgers().items():
            verdict = verify(ledger, rows(self.bed, service))
            self.acknowledged += verdict.acknowledged
            if not verdict.holds:
                lost, doubled = len(verdict.lost), len(verdict.doubled)
                told = f"{service}: of {verdict.acknowledged} acknowledged rows {lost} lost, {doubled} doubled"
                self.complaints.append(told)

    def _judge_files(self) -> None:
        for journal in self._private("journal.jsonl"):
            self.complaints.extend(chain_faults(journal))
        self.complaints.extend(told_secrets(secrets_of(self.bed), self._texts()))

    def _private(self, pattern: str) -> Iterator[Path]:
        for folder in (self.bed.estate.folder, self.bed.second):
            yield from (folder / ".olmis-release").rglob(pattern)

    def _texts(self) -> dict[str, str]:
        texts = {f"output {place}": done.out + done.err for place, done in enumerate(self.commands, 1)}
        files = [path for path in self._private("*") if path.is_file() and path.parent.name != "settings"]
        files += [path for path in (self.bed.estate.folder / "plans").rglob("*") if path.is_file()]
        return texts | {str(path): path.read_text(encoding="utf-8", errors="replace") for path in files}


def secrets_of(bed: Bed) -> tuple[str, ...]:
    """Return the values that must be shown nowhere."""
    lines = bed.estate.settings.read_text(encoding="utf-8").splitlines()
    return tuple(line.partition("=")[2] for line in lines if re.match(r"\w*(PASSWORD|SECRET)=", line))


def share_plans(bed: Bed) -> None:
    """Bring plans to the second workspace as version control would: what ran is not in it yet."""
    for plan in (bed.estate.folder / "plans").iterdir():
        there = bed.second / "plans" / plan.name
        if plan.is_dir() and not there.exists():
            shutil.copytree(plan, there, ignore=shutil.ignore_patterns("record.json"))
            for file in (bed.estate.folder / "manifests").rglob("*.yml"):
                copy = bed.second / file.relative_to(bed.estate.folder)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(file, copy)


def counted(bed: Bed) -> dict[str, int]:
    """Count the calls of each flow when nothing is wrong, once per bed.

    Raises:
        RuntimeError: Something is wrong even without a fault: nothing that follows would mean anything.
    """
    path = bed.home / "calls.json"
    known: dict[str, int] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if missing := [flow for flow in Flow if flow not in known]:
        seen = references(bed)
        for flow in missing:
            known[flow] = _count(bed, flow, seen)
            path.write_text(json.dumps(known), encoding="utf-8")
    return known


def _count(bed: Bed, flow: Flow, seen: dict[Start, Reference]) -> int:
    case = Case(name=f"count/{flow}", group="count", flow=flow, spec={"fault": {"call": 0, "do": "error"}})
    trial = Trial(bed=bed, case=case, references=references_of(case, seen))
    trial.carry_out()
    if trial.complaints:
        raise RuntimeError(f"{flow} without a fault: {'; '.join(trial.complaints)}")
    return len((bed.home / "trace").read_text(encoding="utf-8").splitlines())


def references(bed: Bed) -> dict[Start, Reference]:
    """Look at both starts, each just reset: what ends are compared with."""
    found: dict[Start, Reference] = {}
    for start in (Start.NEW, Start.OLD):
        bed.reset(start)
        found[start] = reference(bed, start)
    return found


def references_of(case: Case, seen: dict[Start, Reference]) -> References:
    """Return what is old and new to a case: a rollback goes the other way."""
    there = Start.OLD if case.start is Start.NEW else Start.NEW
    return References(old=seen[case.start], new=seen[there])


def tortured(bed: Bed, case: Case, seen: dict[Start, Reference]) -> dict[str, Any]:
    """Carry a case out; return its result as plain values."""
    began, cpu_s = time.monotonic(), _cpu_s()
    trial = Trial(bed=bed, case=case, references=references_of(case, seen))
    try:
        trial.carry_out()
    except Exception as error:  # noqa: BLE001 - a case that cannot be judged failed; the next one must still run
        trial.complaints.append(f"the case broke: {type(error).__name__}: {error}")
    if trial.complaints:
        keep_for_reading(trial)
    return {
        "case": case.name,
        "group": case.group,
        "passed": not trial.complaints,
        "words": [str(word) for word in trial.words],
        "exits": [done.exit_code for done in trial.commands],
        "commands": [" ".join(done.arguments) for done in trial.commands],
        "complaints": trial.complaints,
        "acknowledged": trial.acknowledged,
        "took_s": round(time.monotonic() - began, 1),
        "cpu_s": round(_cpu_s() - cpu_s, 1),
    }


def _cpu_s() -> float:
    """Return the processor time of the commands so far: what a case costs whatever else the machine does."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def keep_for_reading(trial: Trial) -> None:
    """Keep what a failed case said and left."""
    folder = trial.bed.home.parent / "failed" / trial.case.name.replace("/", "_")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    lines = [
        f"{place} {done.arguments} {done.exit_code}\n{done.out}\n{done.err}\n"
        for place, done in enumerate(trial.commands)
    ]
    (folder / "outputs.txt").write_text("\n".join([*trial.complaints, *lines]), encoding="utf-8")
    for word, source in (("first", trial.bed.estate.folder), ("second", trial.bed.second)):
        if (source / ".olmis-release").exists():
            shutil.copytree(source / ".olmis-release", folder / word, dirs_exist_ok=True)
    trace = trial.bed.home / "trace"
    if trace.exists():
        shutil.copy2(trace, folder / "trace")
