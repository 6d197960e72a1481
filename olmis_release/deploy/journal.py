"""The journal of one run: every step is written down before and after it acts.

The intent of a step is on this disk and, through `mirror`, on the target before the step acts: no copy, no action. So
after a crash the last record tells what may have happened, here and to an operator on another machine.
"""

from __future__ import annotations

import getpass
import socket
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from olmis_release import clock
from olmis_release.deploy import journal_file
from olmis_release.deploy.signals import held_back
from olmis_release.plan.model import PlannedStep, StepKind
from olmis_release.redaction import NOTHING_SECRET, Redactor

NOTE_LIMIT = 4000
"""Characters of a note that are kept; what a step found fits, the output of a command goes to the evidence."""

Mirror = Callable[[bytes], None]
"""Brings the whole journal to the target; raises a `ReleaseError` when it did not arrive."""


class Mark(StrEnum):
    """What a record says of its step; UNKNOWN: the target fell silent, it may or may not have acted."""

    INTENT = "intent"
    DONE = "done"
    FAIL = "fail"
    UNKNOWN = "unknown"
    UNDO_INTENT = "undo-intent"
    UNDO_DONE = "undo-done"
    UNDO_FAIL = "undo-fail"


INTENTS = frozenset({Mark.INTENT, Mark.UNDO_INTENT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One line of the journal.

    Attributes:
        run: The run it belongs to; two runs mixed in one file are damage.
        epoch: Of the lock under which it was written.
        step: Place of the step in the plan, from 1.
        at: UTC, ISO 8601.
        who: Who wrote it, ``user@host``.
        note: What was found, or the error.
    """

    run: str
    epoch: int
    step: int
    kind: StepKind
    mark: Mark
    at: str
    who: str = ""
    note: str = ""


class Journal:
    """An append-only file of `Record`s, mode 0600, each chained to the line before it."""

    def __init__(
        self,
        path: Path,
        *,
        run: str,
        epoch: int = 0,
        mirror: Mirror | None = None,
        redactor: Redactor = NOTHING_SECRET,
    ) -> None:
        """Open the journal at `path`, which may not exist yet.

        Args:
            path: The file.
            run: Id of the run.
            epoch: Of the lock that is held now.
            mirror: Brings intents to the target; None where only reading is meant.
            redactor: Takes secrets out of notes: the journal goes to the target.

        Raises:
            JournalDamaged: A line before the last one is not what was written, or belongs to another run.
        """
        self.path = path
        self._run = run
        self._epoch = epoch
        self._mirror = mirror
        self._redactor = redactor
        self._file = journal_file.JournalFile(path)
        self._records = [_record(line, path=path, number=number) for number, line in enumerate(self._file.lines(), 1)]
        for number, record in enumerate(self._records, 1):
            if record.run != run:
                raise journal_file.damaged(path, number, f"it is of the run {record.run}")

    def mirror_to(self, mirror: Mirror) -> None:
        """Bring intents to the target this way from now on."""
        self._mirror = mirror

    @property
    def epoch(self) -> int:
        """Epoch of the lock under which new records are written."""
        return self._epoch

    @property
    def last_epoch(self) -> int:
        """Highest epoch of what was written so far."""
        return max((record.epoch for record in self._records), default=0)

    def begin(self) -> None:
        """Put the file on the disk before anything can have happened.

        Raises:
            OSError: The disk cannot take it.
        """
        self._file.begin()

    @property
    def records(self) -> tuple[Record, ...]:
        """Every record, oldest first, with what this process did but could not write down yet."""
        return tuple(self._records)

    def write(self, number: int, step: PlannedStep, mark: Mark, *, note: str = "") -> None:
        """Append one record and wait until the disk has it; an intent must reach the target too.

        Raises:
            OSError: The disk cannot take it; what was done is still known to this process, what was only meant is not.
            ReleaseError: The target did not get the intent, so nothing may be done on it.
        """
        record = Record(
            run=self._run,
            epoch=self._epoch,
            step=number,
            kind=step.kind,
            mark=mark,
            at=clock.iso(clock.now()),
            who=author(),
            note=_plain(self._redactor.redact(note)),
        )
        untaken = self._append(record)
        if mark in INTENTS and self._mirror:
            self._mirror(self.content())
        if untaken is not None:
            raise untaken

    def _append(self, record: Record) -> OSError | None:
        """Append a record.

        Returns:
            Why the disk cannot take it now, where it stands in for what happened, or for an undo: the way back must not
            wait for room on this disk, and the target gets it all the same.
        """
        untaken = None
        with held_back():
            try:
                self._file.append(_fields(record), owed=record.mark is not Mark.INTENT)
            except OSError as error:
                if record.mark is Mark.INTENT:
                    raise
                untaken = error
            self._records.append(record)
        return untaken

    def content(self) -> bytes:
        """Return the whole file."""
        return self._file.content()

    def attempted(self, kind: StepKind) -> bool:
        """Return whether any step of this kind may have acted."""
        return any(record.kind is kind and record.mark is Mark.INTENT for record in self._records)

    def mentions(self, kind: StepKind) -> bool:
        """Return whether there is any record of a step of this kind, if only that it could not be begun."""
        return any(record.kind is kind for record in self._records)

    def finished(self, kind: StepKind) -> bool:
        """Return whether any step of this kind was carried out to its end."""
        return any(record.kind is kind and record.mark is Mark.DONE for record in self._records)

    def times_begun(self, number: int) -> int:
        """Return how often a step was begun, this time counted."""
        return sum(record.step == number and record.mark is Mark.INTENT for record in self._records)

    def undisturbed_since(self, kind: StepKind) -> bool:
        """Return whether, since a step of this kind ended last, one command went on without trying anything twice."""
        for record in reversed(self._records):
            if record.epoch != self._epoch or record.mark not in {Mark.INTENT, Mark.DONE}:
                return False
            if record.kind is kind and record.mark is Mark.DONE:
                return True
        return False

    def open_steps(self) -> tuple[int, ...]:
        """Return the steps that may have acted and were not undone, newest first."""
        attempted = {record.step for record in self._records if record.mark is Mark.INTENT}
        undone = {record.step for record in self._records if record.mark is Mark.UNDO_DONE}
        return tuple(sorted(attempted - undone, reverse=True))


def _plain(note: str) -> str:
    """Return what a record keeps of a note; what is no text, out of some program's output, must not stop a run."""
    return note[:NOTE_LIMIT].encode("utf-8", "replace").decode()


def author() -> str:
    """Return who works here, ``user@host``."""
    return f"{getpass.getuser()}@{socket.gethostname()}"


def _fields(record: Record) -> dict[str, str | int]:
    return {
        "run": record.run,
        "epoch": record.epoch,
        "step": record.step,
        "kind": str(record.kind),
        "mark": str(record.mark),
        "at": record.at,
        "who": record.who,
        "note": record.note,
    }


def _record(line: journal_file.Line, *, path: Path, number: int) -> Record:
    try:
        return Record(
            run=str(line["run"]),
            epoch=int(line["epoch"]),
            step=int(line["step"]),
            kind=StepKind(str(line["kind"])),
            mark=Mark(str(line["mark"])),
            at=str(line["at"]),
            who=str(line["who"]),
            note=str(line["note"]),
        )
    except (KeyError, ValueError) as error:
        raise journal_file.damaged(path, number, "it lacks something that every record has") from error
