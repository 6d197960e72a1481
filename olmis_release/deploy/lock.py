"""Hold the lock of an instance: one process of this workspace, and one operator on the target.

The file lock of `local_lock` keeps two processes of one workspace apart and dies with its process. The lock on the
target keeps operators apart and outlives everything, so that a run which was cut off stays guarded until a `resume` or
a `takeover` ends it.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from olmis_release import clock
from olmis_release.deploy.journal import author
from olmis_release.deploy.process_identity import is_gone, is_of_earlier_boot, this_process
from olmis_release.deploy.signals import undisturbed
from olmis_release.errors import InstanceLocked, ReleaseError, TargetUnreachable
from olmis_release.instance.lock_container import held
from olmis_release.instance.locking import Claim, LockSeen
from olmis_release.instance.ports import Fence, LedgerEntry, LedgerState
from olmis_release.instance.site import Site
from olmis_release.plan.files import write_whole

SIGNS_PER_LEASE = 4.5
SHORT_ID = 12
JOURNAL = "journal.jsonl"
COPIES = (JOURNAL, "journal.other.jsonl")
"""Where the journal is kept on the target, by turns: a copy that is cut short on its way spares the one before it."""
RECORD = "run.json"
SETTINGS = "settings"
KEY = "key"


@dataclass(slots=True)
class Hold:
    """The lock while this process holds it.

    Attributes:
        stays: The lock is left standing when this process lets go of it: its run has not come to an end.
    """

    site: Site
    seen: LockSeen
    stays: bool = False
    _copies: int = 1
    _started: datetime | None = None
    _ended: threading.Event = field(default_factory=threading.Event)

    @property
    def epoch(self) -> int:
        """The lock's epoch."""
        return self.seen.claim.epoch

    @property
    def entry(self) -> LedgerEntry:
        """The run as the ledger shall know it."""
        claim = self.seen.claim
        return LedgerEntry(
            instance=claim.instance,
            epoch=claim.epoch,
            run=claim.run,
            plan=claim.plan,
            who=claim.holder,
            at=claim.since,
            state=LedgerState.BEGUN,
        )

    @property
    def fence(self) -> Fence:
        """What stands between this lock and whatever an earlier one still does to the database."""
        return Fence(instance=self.seen.claim.instance, epoch=self.epoch)

    def guard(self) -> None:
        """Return only if the lock is still held.

        Raises:
            LockLost: It is not.
        """
        self.site.lock.require(self.seen.id)

    def mirror(self, journal: bytes) -> None:
        """Bring the journal to the target, if the lock is still held."""
        self.guard()
        self.site.lock.put(self.seen.id, {COPIES[self._copies % len(COPIES)]: journal})
        self._copies += 1

    def keep(self, files: Mapping[str, bytes]) -> None:
        """Keep what an operator on another machine would need to end this run."""
        self.guard()
        self.site.lock.put(self.seen.id, files)

    def target_restarted(self) -> bool:
        """Tell whether the engine was restarted since this was asked last: the lock starts again with it."""
        container = self.site.engine.container(self.seen.id)
        started = container.started_at if container else None
        before, self._started = self._started, started
        return before is not None and started != before

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Inside, signs of life are given; afterwards the lock is freed, or left standing if it `stays`."""
        thread = threading.Thread(target=self._give_signs, name="lease", daemon=True)
        thread.start()
        with suppress(ReleaseError):
            self.target_restarted()
        try:
            yield
        finally:
            with undisturbed(lambda: None):
                self._ended.set()
                thread.join(timeout=1.0)
                if not self.stays:
                    self._free()

    def _give_signs(self) -> None:
        every_s = max(0.2, self.seen.claim.lease_s / SIGNS_PER_LEASE)
        while not self._ended.wait(every_s):
            with suppress(Exception):  # whether the lock is still held is asked before each change
                self.site.lock.give_sign(self.seen.id)

    def _free(self) -> None:
        with suppress(ReleaseError):  # the next command of this workspace finds it and frees it
            self.guard()
            self.site.lock.free(self.seen.id)


def take(site: Site, *, run: str, plan: str, doing: str) -> Hold:
    """Take the lock on the target; one that an ended process of this workspace left is freed first.

    Raises:
        InstanceLocked: Somebody else holds it.
    """
    claim = claim_for(site, run=run, plan=plan, doing=doing)
    try:
        taken = site.lock.take(claim)
    except InstanceLocked:
        seen = site.lock.look()
        if seen is None or not is_leftover(site, seen):
            raise
        site.lock.free(seen.id)
        taken = site.lock.take(claim)
    with suppress(OSError):
        _highest_taken(site).write_text(f"{claim.epoch}\n", encoding="ascii")
    return Hold(site=site, seen=taken)


def claim_for(site: Site, *, run: str, plan: str, doing: str) -> Claim:
    """Return what this process says of itself on the target."""
    limits = site.config.timeouts
    return Claim(
        instance=site.config.name,
        token=token(site),
        process=this_process(),
        holder=author(),
        doing=site.redactor.redact(doing),
        epoch=next_epoch(site),
        since=clock.iso(clock.now()),
        run=run,
        plan=plan,
        lease_s=limits.lease_s,
        max_step_s=limits.step_s,
    )


def next_epoch(site: Site) -> int:
    """Return an epoch above all that the target and this workspace know of.

    A silent database is asked again before it is changed.
    """
    known = max(site.lock.highest_epoch(), _remembered(site))
    with suppress(TargetUnreachable):
        newest = site.database.ledger.newest(site.config.name)
        known = max(known, newest.epoch if newest else 0)
    return known + 1


def _remembered(site: Site) -> int:
    with suppress(OSError, ValueError):
        return int(_highest_taken(site).read_text(encoding="ascii"))
    return 0


def _highest_taken(site: Site) -> Path:
    return site.folder.ensure(site.folder.root) / "epoch"


def is_ours(site: Site, seen: LockSeen) -> bool:
    """Tell whether this workspace took a lock, and the process that did is gone."""
    process = seen.claim.process
    return seen.claim.token == token(site) and (is_gone(process) or is_of_earlier_boot(process))


def is_leftover(site: Site, seen: LockSeen) -> bool:
    """Tell whether a lock may simply be freed once no run of this workspace is open."""
    return is_ours(site, seen) and not seen.claim.by_hand


def token(site: Site) -> str:
    """Return what tells this workspace's locks from others', made at first use."""
    path = site.folder.ensure(site.folder.root) / "token"
    with suppress(FileNotFoundError):
        if known := path.read_text(encoding="ascii").strip():
            return known
    made = secrets.token_hex(16)
    write_whole(path, made.encode(), mode=0o600)
    return made


def take_by_hand(site: Site, *, message: str) -> LockSeen:
    """Take the lock for a person; it has no lease and stands until it is freed.

    Raises:
        InstanceLocked: Somebody holds it.
    """
    claim = claim_for(site, run="", plan="", doing=message)
    return site.lock.take(replace(claim, lease_s=0.0, max_step_s=0.0))


def free_by_hand(site: Site, seen: LockSeen, *, typed: str | None) -> None:
    """Free a person's lock, or any lock whose id was typed.

    Raises:
        InstanceLocked: It is a run's, or the id is not that of the lock.
    """
    by_id = typed is not None and len(typed) >= SHORT_ID and seen.id.startswith(typed)
    if not by_id and (typed is not None or not seen.claim.by_hand):
        raise held(site.config.name, seen)
    site.lock.free(seen.id)


def require_free(site: Site) -> None:
    """Refuse early where somebody holds the lock; it is really taken later.

    Raises:
        InstanceLocked: Says who.
    """
    seen = site.lock.look()
    if seen and not is_leftover(site, seen):
        raise held(site.config.name, seen)
