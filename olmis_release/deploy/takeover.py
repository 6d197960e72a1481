"""Take an instance over from a holder that is gone: make sure that it is, and bring its run into this workspace."""

from __future__ import annotations

import time

from pydantic import ValidationError

from olmis_release import clock
from olmis_release.deploy.journal_file import lines_in
from olmis_release.deploy.lock import JOURNAL, RECORD, SETTINGS
from olmis_release.deploy.process_identity import is_gone
from olmis_release.errors import InstanceLocked, JournalDamaged, UsageError
from olmis_release.events import Progress
from olmis_release.instance.locking import LockSeen
from olmis_release.instance.ports import LedgerState
from olmis_release.instance.site import Site
from olmis_release.plan.model import Outcome, Run
from olmis_release.plan.records import runs, write_run
from olmis_release.plan.sets import load_plan
from olmis_release.workspace import Workspace

LOOK_EVERY_S = 1.0
LAST_CALL_S = 5.0
"""Seconds that the engine may still work on a call of a process that died on this host."""


def wait_until_gone(site: Site, seen: LockSeen) -> None:
    """Wait as long as the holder may still be at work.

    Its sign of life is compared with itself on this clock only, so no two clocks need agree. A holder on this host
    whose process has ended need not be waited for: its commands died with it.

    Raises:
        InstanceLocked: It gave a sign of life.
    """
    if is_gone(seen.claim.process):
        _wait(site, seen, seconds=min(LAST_CALL_S, seen.claim.max_step_s), doing="letting its last call end")
        return
    _wait(site, seen, seconds=seen.claim.lease_s, doing="listening for a sign of life of the holder")
    _wait(site, seen, seconds=seen.claim.max_step_s, doing="letting its last call end")


def _wait(site: Site, seen: LockSeen, *, seconds: float, doing: str) -> None:
    deadline = clock.monotonic_s() + seconds
    while clock.monotonic_s() < deadline:
        site.reporter.report(Progress(activity=doing, done=0, total=None))
        time.sleep(min(LOOK_EVERY_S, max(0.0, deadline - clock.monotonic_s())))
        now = site.lock.look()
        if now is not None and (now.id != seen.id or now.sign != seen.sign):
            raise InstanceLocked(
                f"{site.config.name} is held by somebody who lives: {now}.",
                resolution=f"olmis-release status {site.config.name}",
            )


def bring_here(workspace: Workspace, site: Site, seen: LockSeen | None) -> Run:
    """Return the run of a holder, its record, journal and settings now in this workspace.

    Raises:
        UsageError: Neither the lock nor the ledger knows of an open run.
        BadInput: Its plan is not in this workspace.
        JournalDamaged: The copy on the target and the journal here are not one history.
    """
    files = dict(site.lock.files(seen.id)) if seen else {}
    run = _run_in(files, seen) or _run_of_ledger(workspace, site)
    if run is None:
        raise _nothing(site, seen)
    load_plan(workspace, run.code)
    _bring_settings(site, files)
    _bring_journal(site, run, files.get(JOURNAL, b""))
    write_run(workspace, run.model_copy(update={"outcome": Outcome.RUNNING, "ended": None}))
    return run


def _run_in(files: dict[str, bytes], seen: LockSeen | None) -> Run | None:
    if RECORD not in files:
        return None
    try:
        return Run.model_validate_json(files[RECORD])
    except ValidationError as error:
        raise JournalDamaged(
            f"The record in the lock container {seen.id[:12] if seen else ''} is not a record of a run.",
            resolution="Use the version of olmis-release that began the run.",
        ) from error


def _run_of_ledger(workspace: Workspace, site: Site) -> Run | None:
    """Return the run that the ledger calls open, rebuilt from its plan: everything may have happened in it."""
    newest = site.database.ledger.newest(site.config.name)
    if newest is None or newest.state is LedgerState.ENDED:
        return None
    known = next((run for run in runs(workspace, site.config.name) if run.run == newest.run), None)
    if known:
        return known
    plan = load_plan(workspace, newest.plan).plan
    return Run(
        code=newest.plan,
        run=newest.run,
        kind=plan.purpose,
        instance=plan.instance,
        release=plan.release,
        previous=plan.previous,
        outcome=Outcome.RUNNING,
        way_back=plan.way_back,
        started=newest.at,
        by=newest.who,
        settings=plan.base.settings,
    )


def _nothing(site: Site, seen: LockSeen | None) -> UsageError:
    if seen:  # taken, and left before its run began
        site.lock.set_aside(seen)
    return UsageError(
        f"Nobody left an open run on {site.config.name}; its lock is free.",
        resolution=f"olmis-release status {site.config.name}",
    )


def _bring_settings(site: Site, files: dict[str, bytes]) -> None:
    folder = site.folder.ensure(site.folder.settings)
    for name, content in files.items():
        path = folder / name.removeprefix(f"{SETTINGS}/")
        if name.startswith(f"{SETTINGS}/") and path.parent == folder and not path.exists():
            path.touch(mode=0o600)
            path.write_bytes(content)


def _bring_journal(site: Site, run: Run, copy: bytes) -> None:
    """Keep the longer of the journal here and the copy on the target: one must begin with the other."""
    path = site.folder.ensure(site.folder.run(run.run)) / JOURNAL
    lines_in(copy, shown_as=path)
    here = path.read_bytes() if path.exists() else b""
    if not (here.startswith(copy) or copy.startswith(here)):
        raise JournalDamaged(
            f"{path} and its copy in the lock container on the target are two different histories.",
            resolution="Nothing is done on their word. Find out who wrote which; move the wrong one aside.",
        )
    if len(copy) > len(here):
        path.touch(mode=0o600)
        path.write_bytes(copy)
