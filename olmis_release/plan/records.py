"""The record beside each plan: every run of it, and what they mean for what should run now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import rfc8785
from pydantic import ValidationError

from olmis_release.errors import JournalDamaged
from olmis_release.manifest.model import Strict
from olmis_release.plan.codes import read_code
from olmis_release.plan.files import write_whole
from olmis_release.plan.model import Outcome, PlanPurpose, Run
from olmis_release.workspace import Workspace

RECORD = "record.json"


class Record(Strict):
    """A plan's ``record.json``."""

    format_version: str = "1.0"
    runs: tuple[Run, ...] = ()


def runs(workspace: Workspace, instance: str | None = None) -> tuple[Run, ...]:
    """Return every run on an instance, or on all of them, oldest first.

    Raises:
        JournalDamaged: A record cannot be read; nothing may be decided without it.
    """
    every = (run for path in in_plan_folders(workspace, RECORD) for run in _read(workspace, path).runs)
    return tuple(sorted((run for run in every if instance in {None, run.instance}), key=_age))


def in_plan_folders(workspace: Workspace, name: str) -> tuple[Path, ...]:
    """Return the file of that name in every plan's folder; copies that somebody put aside do not count."""
    found = sorted(workspace.plans.glob(f"*/{name}"))
    return tuple(path for path in found if read_code(path.parent.name) == path.parent.name)


def _age(run: Run) -> tuple[str, str]:
    return run.started, run.run


def write_run(workspace: Workspace, run: Run) -> None:
    """Write a run into its plan's record, in place of what was known of it before.

    Raises:
        JournalDamaged: The record cannot be read or written.
    """
    path = workspace.plan(run.code) / RECORD
    known = _read(workspace, path).runs if path.exists() else ()
    others = tuple(one for one in known if one.run != run.run)
    record = Record(runs=tuple(sorted((*others, run), key=_age)))
    try:
        write_whole(path, rfc8785.dumps(record.model_dump(mode="json")))
    except OSError as error:
        raise JournalDamaged(
            f"{workspace.relative(path)} cannot be written: {error.strerror}.",
            resolution="Check the folder's rights and the room on its disk; without a record nothing is begun.",
        ) from error


def _read(workspace: Workspace, path: Path) -> Record:
    try:
        return Record.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise JournalDamaged(
            f"{workspace.relative(path)} cannot be read as a record of runs.",
            resolution="Put it back from your version control; nothing is decided without it.",
            details=_in_words(error),
        ) from error


def _in_words(error: OSError | ValidationError) -> str:
    if isinstance(error, OSError):
        return str(error.strerror)
    found = error.errors(include_url=False, include_input=False)
    return "\n".join(f"{'.'.join(map(str, one['loc'])) or 'the file'}: {one['msg']}" for one in found)


def last_good(workspace: Workspace, instance: str) -> Run | None:
    """Return the run whose release should run now, None when nothing was ever deployed from this workspace."""
    return next(reversed(in_effect(runs(workspace, instance))), None)


def in_effect(history: Iterable[Run]) -> tuple[Run, ...]:
    """Return the deployed runs that stand on each other, oldest first; the last is what should run now.

    A deploy lays its release on top. A rollback takes away what lies above the release that it went back to, so that
    a second rollback goes further back and not forth again. Runs that failed change nothing.
    """
    standing: list[Run] = []
    for run in history:
        if run.outcome is Outcome.DEPLOYED:
            standing = [*_below(standing, run), run]
    return tuple(standing)


def _below(standing: list[Run], run: Run) -> Iterator[Run]:
    releases = [one.release for one in standing]
    if run.kind is PlanPurpose.ROLLBACK and run.release in releases:
        newest = len(releases) - 1 - releases[::-1].index(run.release)
        yield from standing[:newest]
    else:
        yield from standing
