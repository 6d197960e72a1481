"""The journal of one run: every step is written down before and after it acts.

One JSON object per line, flushed to the disk before the step goes on, so that after a crash the last line tells what
may have happened. A line that a crash cut short is treated as never written.
"""

from __future__ import annotations

import errno
import json
import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from olmis_release import clock
from olmis_release.deploy.signals import held_back
from olmis_release.errors import JournalDamaged
from olmis_release.plan.model import PlannedStep, StepKind


class Mark(StrEnum):
    """What a record says of its step."""

    INTENT = "intent"
    DONE = "done"
    FAIL = "fail"
    UNDO_INTENT = "undo-intent"
    UNDO_DONE = "undo-done"
    UNDO_FAIL = "undo-fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One line of the journal.

    Attributes:
        sequence: Place in the journal, from 1.
        step: Place of the step in the plan, from 1.
        at: UTC, ISO 8601.
        note: What was found, or the error.
    """

    sequence: int
    step: int
    kind: StepKind
    mark: Mark
    at: str
    note: str = ""


class Journal:
    """An append-only file of `Record`s, mode 0600."""

    def __init__(self, path: Path) -> None:
        """Open the journal at `path`, which may not exist yet.

        Raises:
            JournalDamaged: A line before the last one cannot be read.
        """
        self.path = path
        self._records = list(_read(path)) if path.exists() else []
        self._unwritten: list[Record] = []

    @property
    def records(self) -> tuple[Record, ...]:
        """Every record, oldest first."""
        return tuple(self._records)

    def write(self, number: int, step: PlannedStep, mark: Mark, *, note: str = "") -> None:
        """Append one record and wait until the disk has it.

        Raises:
            OSError: The disk cannot take it; what was done is still known to this process, what was only meant is not.
        """
        record = Record(
            sequence=len(self._records) + 1,
            step=number,
            kind=step.kind,
            mark=mark,
            at=clock.iso(clock.now()),
            note=note,
        )
        with held_back():
            try:
                _append(self.path, _line(record))
            except OSError:
                if mark is not Mark.INTENT:
                    self._unwritten.append(record)
                raise
            self._records.append(record)

    @property
    def _known(self) -> list[Record]:
        return self._records + self._unwritten

    def attempted(self, kind: StepKind) -> bool:
        """Return whether any step of this kind may have acted."""
        return any(record.kind is kind and record.mark is Mark.INTENT for record in self._known)

    def finished(self, kind: StepKind) -> bool:
        """Return whether any step of this kind was carried out to its end."""
        return any(record.kind is kind and record.mark is Mark.DONE for record in self._known)

    def open_steps(self) -> tuple[int, ...]:
        """Return the steps that may have acted and were not undone, newest first."""
        attempted = {record.step for record in self._known if record.mark is Mark.INTENT}
        undone = {record.step for record in self._known if record.mark is Mark.UNDO_DONE}
        return tuple(sorted(attempted - undone, reverse=True))


def _line(record: Record) -> str:
    line = {
        "v": 1,
        "seq": record.sequence,
        "step": record.step,
        "kind": record.kind,
        "mark": record.mark,
        "at": record.at,
        "note": record.note,
    }
    return json.dumps(line, ensure_ascii=False) + "\n"


def _append(path: Path, text: str) -> None:
    is_new = not path.exists()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        _write_whole(descriptor, text.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if is_new:
        _sync_folder(path.parent)


def _write_whole(descriptor: int, data: bytes) -> None:
    """Write all of it or nothing: a full disk cuts a write short, and the next record would run into the torn one."""
    size = os.fstat(descriptor).st_size
    if os.write(descriptor, data) != len(data):
        os.ftruncate(descriptor, size)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> list[Record]:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    records = []
    for number, line in enumerate(lines, 1):
        record = _parse(line)
        if number == len(lines) and (record is None or not line.endswith("\n")):
            _cut(path, sum(len(whole.encode()) for whole in lines[:-1]))
            break
        if record is None or record.sequence != number:
            raise JournalDamaged(
                f"{path}:{number} is not a record of this journal.",
                resolution="Do nothing on its word: look at the instance, then move the file aside.",
            )
        records.append(record)
    return records


def _cut(path: Path, length: int) -> None:
    """Drop a last line that a crash cut short, so that the next record does not run into it."""
    with path.open("r+b") as file:
        file.truncate(length)
        os.fsync(file.fileno())


def _parse(line: str) -> Record | None:
    try:
        value = json.loads(line)
        return Record(
            sequence=value["seq"],
            step=value["step"],
            kind=StepKind(value["kind"]),
            mark=Mark(value["mark"]),
            at=value["at"],
            note=value["note"],
        )
    except (ValueError, KeyError, TypeError):
        return None
