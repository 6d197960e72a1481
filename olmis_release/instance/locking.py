"""The lock of an instance as values: what a container on the target says of who works there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

LEASE_S = 90.0
"""Seconds without a sign of life after which a holder counts as gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a holder says of itself.

    Attributes:
        instance: Whose lock it is.
        token: Known only to the holder's workspace; tells whether a lock is one's own.
        process: Identity of the process that holds it, for others on its host.
        holder: ``user@host``.
        doing: For whoever is refused meanwhile, for example ``deploy of 3.5.0+mw1 (plan F7DS-JEEJ)``.
        epoch: Greater than that of every holder before.
        since: UTC, ISO 8601.
        run: Id of the run, empty for a lock that a person took.
        plan: Code of its plan.
        lease_s: Seconds in which the holder gives a sign of life at least once; 0 where nobody does (a person's lock).
        max_step_s: Seconds that one call of the holder may still take effect after its last sign of life.
    """

    instance: str
    token: str
    process: str
    holder: str
    doing: str
    epoch: int
    since: str
    run: str = ""
    plan: str = ""
    lease_s: float = LEASE_S
    max_step_s: float = 0.0

    @property
    def by_hand(self) -> bool:
        """Whether a person took it, to keep an instance from being changed."""
        return not self.run


@dataclass(frozen=True, slots=True, kw_only=True)
class LockSeen:
    """A lock as it stands on the target.

    Attributes:
        id: Of its container: whatever is done to a lock is done by id, so that it never hits the next holder's.
        sign: The holder's last sign of life; another value means that it lives.
    """

    id: str
    claim: Claim
    sign: str

    def __str__(self) -> str:
        """Say who holds it, in words."""
        return f"{self.claim.doing} by {self.claim.holder} since {self.claim.since} (epoch {self.claim.epoch})"


class InstanceLock(Protocol):
    """The lock on the target (`lock_container.py`)."""

    def look(self) -> LockSeen | None:
        """Return the lock, None when nobody holds it."""

    def take(self, claim: Claim) -> LockSeen:
        """Take it.

        Raises:
            InstanceLocked: Somebody holds it; says who, since when, what for.
        """

    def require(self, lock_id: str) -> None:
        """Return only if the lock of that id is still the instance's.

        Raises:
            LockLost: It was taken over or removed.
        """

    def give_sign(self, lock_id: str) -> None:
        """Show that the holder lives."""

    def put(self, lock_id: str, files: Mapping[str, bytes]) -> None:
        """Keep files in it: what a takeover needs."""

    def files(self, lock_id: str) -> Mapping[str, bytes]:
        """Return the files that were kept in it."""

    def free(self, lock_id: str) -> None:
        """Give it back; one that is gone already is fine."""

    def set_aside(self, seen: LockSeen) -> None:
        """Make room for another holder; the old lock stays under another name, as evidence."""

    def clear_aside(self, *, below: int) -> None:
        """Remove the locks of this instance that were set aside and are of a lower epoch; one that is gone is fine."""

    def highest_epoch(self) -> int:
        """Return the highest epoch that any lock of this instance on the target bears, 0 when there is none."""
