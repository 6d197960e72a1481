"""A country's own snapshot as the way back: ``hooks/database-snapshot``, for a managed database.

It gets JSON on its input and answers JSON on its output, status 0. What it cannot prove to be restorable is refused
before anything is changed. It must find a snapshot again by `point`, so that another machine can go back as well, and
must bear being asked twice.

``{"format_version": "1.0", "action": "snapshot" | "verify" | "restore" | "drop", "instance": …, "database": …,
"point": …, "run": …, "id": …}`` is answered by ``{"id": "snap-1", "restorable": true}``.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from olmis_release.errors import ReleaseError, RollbackRefused, StepFailed
from olmis_release.instance.process import Finished, run
from olmis_release.text import quoted, safe

NAME = "database-snapshot"
LIMIT_S = 4 * 3600.0
"""Seconds one call may take: a managed database's snapshot of 100 GB takes the better part of an hour."""

SHOWN = 200


class SnapshotAction(StrEnum):
    """What the hook is asked to do."""

    SNAPSHOT = "snapshot"
    VERIFY = "verify"
    RESTORE = "restore"
    DROP = "drop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The hook's answer."""

    id: str
    restorable: bool


class SnapshotHook:
    """The snapshots of one instance's database; see `ports.Fallback`."""

    beside = False

    def __init__(self, hooks: Path, *, instance: str, database: str, timeout_s: float = LIMIT_S) -> None:
        """Ask nothing yet; the hook runs in the workspace that holds the folder `hooks`."""
        self._path = hooks / NAME
        self._about = {"instance": instance, "database": database}
        self._timeout_s = timeout_s

    def lacks(self, size_bytes: int) -> str:  # noqa: ARG002 - only the country knows what room it has
        """Return what is missing; what room there is only the hook knows."""
        if self._path.is_file() and os.access(self._path, os.X_OK):
            return ""
        return f"there is no executable hooks/{NAME}"

    def take(self, point: str, *, run: str) -> str:
        """Take a snapshot and have it verified."""
        taken = self._ask(SnapshotAction.SNAPSHOT, point, run=run)
        seen = self._ask(SnapshotAction.VERIFY, point, run=run, known=taken.id)
        if not (seen.restorable and seen.id == taken.id):
            raise StepFailed(
                f"hooks/{NAME} does not say that the snapshot {safe(taken.id)} can be restored.",
                resolution="Correct the hook or the snapshot; nothing was changed.",
            )
        return f"snapshot {safe(taken.id)}, verified by hooks/{NAME}"

    def has(self, point: str) -> bool:
        """Return whether the hook says that it can be restored."""
        return self._ask(SnapshotAction.VERIFY, point, run="").restorable

    def restore(self, point: str, *, run: str, accepted: bool = False) -> None:  # noqa: ARG002 - it leaves no database
        """Have the snapshot verified once more, then restored."""
        seen = self._ask(SnapshotAction.VERIFY, point, run=run)
        if not seen.restorable:
            raise RollbackRefused(
                f"hooks/{NAME} says that the snapshot {safe(seen.id)} cannot be restored.",
                resolution="Restore the database from your own backup; the present one is left as it is.",
            )
        self._ask(SnapshotAction.RESTORE, point, run=run, known=seen.id)

    def keep_newest(self, count: int) -> None:
        """Throw nothing away: how long snapshots are kept is the country's own matter."""

    def drop(self, point: str) -> None:
        """Tell the hook that nobody needs the snapshot any more; what it does then is its own matter."""
        self._ask(SnapshotAction.DROP, point, run="")

    def _ask(self, action: SnapshotAction, point: str, *, run: str, known: str = "") -> Snapshot:
        question = {**self._about, "format_version": "1.0", "action": action, "point": point, "run": run, "id": known}
        finished = self._call(json.dumps(question))
        if finished.timed_out or finished.exit_code != 0:
            why = f"did not end within {self._timeout_s:.0f} s" if finished.timed_out else _last_line(finished)
            raise _failed(action, why)
        return _answer(action, finished.stdout)

    def _call(self, question: str) -> Finished:
        try:
            return run([str(self._path)], timeout_s=self._timeout_s, stdin=question, cwd=self._path.parent.parent)
        except OSError as error:
            raise StepFailed(
                f"hooks/{NAME} cannot be run: {error.strerror}.", resolution="Make it an executable file."
            ) from error


def _answer(action: SnapshotAction, text: str) -> Snapshot:
    try:
        answer = json.loads(text)
        known, restorable = answer["id"], answer["restorable"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _failed(action, f"answered {quoted(text.strip())}") from error
    if not (isinstance(known, str) and known):
        raise _failed(action, "gave no id")
    return Snapshot(id=known, restorable=restorable is True)


def _last_line(finished: Finished) -> str:
    lines = finished.stderr.strip().splitlines() or [""]
    return f"ended with status {finished.exit_code}: {safe(lines[-1][:SHOWN])}"


def _failed(action: SnapshotAction, why: str) -> ReleaseError:
    return StepFailed(
        f"hooks/{NAME} ({action}) {why}.",
        resolution='It must answer {"id": "…", "restorable": true} with status 0; see its own output.',
    )
