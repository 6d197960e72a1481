"""A ledger in memory that keeps the promises of `ports.Ledger`, for tests without PostgreSQL."""

from __future__ import annotations

from dataclasses import replace

from olmis_release.errors import LockLost, ReleaseError, StepFailed
from olmis_release.instance.ports import Fence, LedgerEntry, LedgerState


class FakeLedger:
    """The entries of every instance, and where the fences stand.

    Attributes:
        fails: Call to the error that it raises, ``newest`` for the two that read.
    """

    def __init__(self) -> None:
        self.all: dict[tuple[str, int], LedgerEntry] = {}
        self.fences: dict[str, int] = {}
        self.fails: dict[str, ReleaseError] = {}
        self.keys: dict[str, str] = {}

    def newest(self, instance: str) -> LedgerEntry | None:
        return next(reversed(self.entries(instance)), None)

    def entries(self, instance: str) -> tuple[LedgerEntry, ...]:
        self._called("newest")
        return tuple(self.all[key] for key in sorted(self.all) if key[0] == instance)

    def begin(self, entry: LedgerEntry) -> None:
        self._called("begin")
        newest = self.newest(entry.instance)
        if newest is not None and newest.epoch >= entry.epoch and newest.run != entry.run:
            raise LockLost.to(entry.instance, epoch=newest.epoch)
        self.check(Fence(instance=entry.instance, epoch=entry.epoch))
        self.all.setdefault((entry.instance, entry.epoch), entry)

    def end(self, fence: Fence, *, outcome: str) -> None:
        self._called("end")
        self.check(fence)
        self._change(fence, state=LedgerState.ENDED, outcome=outcome)

    def settings_key(self, instance: str) -> str:
        self._called("settings_key")
        return self.keys.get(instance, "")

    def keep_settings_key(self, fence: Fence, key: str) -> None:
        self._called("keep_settings_key")
        self.check(fence)
        self.keys.setdefault(fence.instance, key)

    def check(self, fence: Fence | None) -> None:
        """Raise the fence to its epoch, or tell that it stands higher."""
        if fence is None:
            return
        if self.fences.get(fence.instance, 0) > fence.epoch:
            raise LockLost.to(fence.instance, epoch=self.fences[fence.instance])
        self.fences[fence.instance] = fence.epoch

    def accept(self, fence: Fence | None) -> None:
        """Mark the entry of a fence accepted."""
        if fence is None:
            return
        there = self.all.get((fence.instance, fence.epoch))
        if there is None:
            raise StepFailed(f"The ledger of {fence.instance} has no entry of epoch {fence.epoch}.", resolution="Look.")
        if there.state is LedgerState.BEGUN:
            self._change(fence, state=LedgerState.ACCEPTED)

    def _change(self, fence: Fence, *, state: LedgerState, outcome: str = "") -> None:
        key = (fence.instance, fence.epoch)
        if key in self.all:
            self.all[key] = replace(self.all[key], state=state, outcome=outcome)

    def _called(self, what: str) -> None:
        if what in self.fails:
            raise self.fails[what]
