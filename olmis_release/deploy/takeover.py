"""Take an instance over from a holder that is gone: make sure that it is, and bring its run into this workspace."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from olmis_release import clock
from olmis_release.deploy.gatekeeping import open_in_ledger
from olmis_release.deploy.journal import Journal
from olmis_release.deploy.journal_file import damaged, lines_in, whole_lines_of
from olmis_release.deploy.lock import COPIES, JOURNAL, KEY, RECORD, SETTINGS
from olmis_release.deploy.process_identity import is_gone
from olmis_release.errors import InstanceLocked, JournalDamaged, TargetUnreachable, UsageError
from olmis_release.events import Progress
from olmis_release.instance.locking import LockSeen
from olmis_release.instance.ports import LedgerState
from olmis_release.instance.settings_key import FORM, adopt
from olmis_release.instance.site import Site
from olmis_release.plan.codes import read_code
from olmis_release.plan.files import write_whole
from olmis_release.plan.model import UNSETTLED, Outcome, Run
from olmis_release.plan.records import runs, write_run
from olmis_release.plan.sets import load_plan
from olmis_release.workspace import Workspace

RUN_ID = re.compile(r"\d{8}t\d{6}", re.ASCII)
SETTINGS_COPY = re.compile(rf"{SETTINGS}/([0-9a-f]{{12,64}}\.env)")
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
    run = _run_in(files, site, seen) if seen else None
    if run is not None and _ended_here(workspace, run):
        raise _nothing(site, seen)
    run = run or _run_of_ledger(workspace, site)
    if run is None:
        raise _nothing(site, seen)
    load_plan(workspace, run.code)
    _bring_settings(site, files)
    later = _later_epoch(site, run)
    if later:  # somebody carried it on and left no lock: what is known of it here is not the latest
        _put_journal_aside(site, run)
        run = run.model_copy(update={"epoch": later})
    else:
        bring_journal(site, run, files)
    write_run(workspace, run.model_copy(update={"outcome": Outcome.RUNNING, "ended": None}))
    return run


def _run_in(files: Mapping[str, bytes], site: Site, seen: LockSeen) -> Run | None:
    """Return the run of which a lock keeps the record; one that was cut short on its way there never arrived."""
    try:
        json.loads(files[RECORD])
    except (KeyError, ValueError, RecursionError):
        return None
    try:
        run = Run.model_validate_json(files[RECORD])
    except ValidationError as error:
        raise _foreign(seen, "is not a record of a run") from error
    is_of_lock = (run.run, run.code, run.instance) == (seen.claim.run, seen.claim.plan, site.config.name)
    if not is_of_lock or not RUN_ID.fullmatch(run.run) or read_code(run.code) != run.code:
        raise _foreign(seen, "is not that of the run which holds it")
    return run


def _foreign(seen: LockSeen, how: str) -> JournalDamaged:
    return JournalDamaged(
        f"The record in the lock container {seen.id[:12]} {how}. Nothing is done on its word.",
        resolution="Use the version of olmis-release that began the run, or look who wrote into that container.",
    )


def _ended_here(workspace: Workspace, run: Run) -> bool:
    """Tell whether this workspace brought a run to its end: then only its lock was left behind."""
    known = next((one for one in runs(workspace, run.instance) if one.run == run.run), None)
    return known is not None and known.outcome not in UNSETTLED and known.epoch >= run.epoch


def _run_of_ledger(workspace: Workspace, site: Site) -> Run | None:
    """Return the run that the ledger calls open, rebuilt from its plan: everything may have happened in it."""
    newest = open_in_ledger(workspace, site)
    if newest is None:
        return None
    known = next((run for run in runs(workspace, site.config.name) if run.run == newest.run), None)
    if known is not None:
        return known
    plan = load_plan(workspace, newest.plan).plan
    if not RUN_ID.fullmatch(newest.run):
        raise JournalDamaged(
            f"The ledger's newest entry names a run {newest.run!r}, which no version of olmis-release would.",
            resolution="Nothing is done on its word. Find out who changed olmis_release.ledger, and put it back.",
        )
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
        epoch=newest.epoch,
    )


def _later_epoch(site: Site, run: Run) -> int:
    """Return the epoch in which a run was carried on after what is known of it, 0 when it was not."""
    try:
        entries = site.database.ledger.entries(run.instance)
    except TargetUnreachable:
        return 0
    last = max((one.epoch for one in entries if one.run == run.run and one.state is not LedgerState.ENDED), default=0)
    return last if last > run.epoch else 0


def _nothing(site: Site, seen: LockSeen | None) -> UsageError:
    if seen:  # taken, and left before its run began or after it ended
        site.lock.set_aside(seen)
    return UsageError(
        f"Nobody left an open run on {site.config.name}; its lock is free.",
        resolution=f"olmis-release status {site.config.name}",
    )


def _bring_settings(site: Site, files: Mapping[str, bytes]) -> None:
    """Keep the settings of both releases and the key of their names; only what is called so, and no other path."""
    if FORM.fullmatch(key := files.get(KEY, b"").decode("ascii", "replace")):
        adopt(site, key)
    folder = site.folder.ensure(site.folder.settings)
    for name, content in files.items():
        place = SETTINGS_COPY.fullmatch(name)
        if place and not (folder / place[1]).exists():
            write_whole(folder / place[1], content, mode=0o600)


def bring_journal(site: Site, run: Run, files: Mapping[str, bytes]) -> None:
    """Keep the longer of the journal here and the copy on the target: one must begin with the other.

    Where both go on differently the target is right if what it says was written under a later lock: whoever held the
    earlier one did nothing more after an intent that did not arrive there.

    Raises:
        JournalDamaged: One is damaged, or they are two histories.
    """
    path = site.folder.ensure(site.folder.run(run.run)) / JOURNAL
    here = Journal(path, run=run.run).content() if path.exists() else None
    copies = [whole_lines_of(files[name]) for name in COPIES if name in files]
    if not copies:
        return
    copy = max(copies, key=len)
    epochs = _epochs_of(copy, path, run)
    if here is None or (copy.startswith(here) and copy != here):
        write_whole(path, copy, mode=0o600)
    elif not here.startswith(copy):
        _take_later(site, run, here=here, copy=copy, epochs=epochs)


def _epochs_of(copy: bytes, path: Path, run: Run) -> list[int]:
    """Return the epoch of each line of a copy, after a look at whether it is this run's."""
    lines = lines_in(copy, shown_as=path)
    for number, line in enumerate(lines, 1):
        if line.get("run") != run.run or not isinstance(line.get("epoch"), int):
            raise damaged(path, number, "its copy on the target is of another run")
    return [int(line["epoch"]) for line in lines]


def _take_later(site: Site, run: Run, *, here: bytes, copy: bytes, epochs: Sequence[int]) -> None:
    path = site.folder.run(run.run) / JOURNAL
    ours = _epochs_of(here, path, run)
    pairs = enumerate(zip(here.splitlines(), copy.splitlines(), strict=False))
    same = next(number for number, (mine, theirs) in pairs if mine != theirs)
    if min(epochs[same:]) <= max(ours[same:]):
        raise JournalDamaged(
            f"{path} and its copy in the lock container on the target are two different histories.",
            resolution="Nothing is done on their word. Find out who wrote which; move the wrong one aside.",
        )
    _put_journal_aside(site, run)
    write_whole(path, copy, mode=0o600)


def _put_journal_aside(site: Site, run: Run) -> None:
    path = site.folder.run(run.run) / JOURNAL
    if path.exists():
        path.replace(path.with_name(f"{JOURNAL}.until-e{run.epoch}"))
