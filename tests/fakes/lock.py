"""A lock in memory that keeps the promises of `locking.InstanceLock`, for tests without an engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from olmis_release.errors import LockLost, ReleaseError
from olmis_release.instance.lock_container import held, lost
from olmis_release.instance.locking import Claim, LockSeen


class FakeLock:
    """The lock of one instance.

    Attributes:
        standing: Whoever holds it.
        kept: Lock id to the files that were kept in it.
        aside: Locks that were set aside.
        silent: Raised by every call, as by an engine that does not answer.
    """

    def __init__(self, standing: LockSeen | None = None) -> None:
        self.standing = standing
        self.kept: dict[str, dict[str, bytes]] = {}
        self.aside: list[LockSeen] = []
        self.silent: ReleaseError | None = None
        self._signs = 0

    def look(self) -> LockSeen | None:
        self._answer()
        return self.standing

    def take(self, claim: Claim) -> LockSeen:
        self._answer()
        if self.standing is not None and self.standing.claim == claim:
            return self.standing  # the answer was lost on its way
        if self.standing is not None:
            raise held(claim.instance, self.standing)
        self.standing = LockSeen(id=f"lock-of-epoch-{claim.epoch}", claim=claim, sign="0")
        return self.standing

    def require(self, lock_id: str) -> None:
        self._answer()
        if self.standing is None or self.standing.id != lock_id:
            aside = next((one for one in self.aside if one.id == lock_id), None)
            name = f"olmis-release-lock-uat-broken-e{aside.claim.epoch}" if aside else None
            raise lost(self.standing.claim.instance if self.standing else "uat", name)

    def give_sign(self, lock_id: str) -> None:
        self._answer()
        if self.standing is None or self.standing.id != lock_id:
            raise LockLost("gone", resolution="Stop.")
        self._signs += 1
        self.standing = replace(self.standing, sign=str(self._signs))

    def put(self, lock_id: str, files: Mapping[str, bytes]) -> None:
        self._answer()
        self.kept.setdefault(lock_id, {}).update(files)

    def files(self, lock_id: str) -> Mapping[str, bytes]:
        self._answer()
        return self.kept.get(lock_id, {})

    def free(self, lock_id: str) -> None:
        self._answer()
        if self.standing is not None and self.standing.id == lock_id:
            self.standing = None
        self.aside = [one for one in self.aside if one.id != lock_id]

    def set_aside(self, seen: LockSeen) -> None:
        self._answer()
        if self.standing is not None and self.standing.id == seen.id:
            self.standing = None
            self.aside.append(seen)

    def clear_aside(self, *, below: int) -> None:
        self._answer()
        self.aside = [one for one in self.aside if one.claim.epoch >= below]

    def highest_epoch(self) -> int:
        self._answer()
        seen = [*self.aside, *([self.standing] if self.standing else [])]
        return max((one.claim.epoch for one in seen), default=0)

    def _answer(self) -> None:
        if self.silent is not None:
            raise self.silent
