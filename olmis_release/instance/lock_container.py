"""The lock on the target: a running container whose name only one can have.

The engine gives a name to one of any number of contenders and refuses the rest (measured: 50 contenders, 40 rounds, one
winner each). It must run, because a prune removes containers that do not; it restarts always, because after an engine
that was killed nothing else comes back. Removing and renaming by id never hits the next holder's.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict

from pydantic import TypeAdapter
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_fixed

from olmis_release.errors import InstanceLocked, LockLost, ReleaseError, StepFailed, TargetUnreachable
from olmis_release.instance.engine import DockerEngine
from olmis_release.instance.locking import Claim, LockSeen
from olmis_release.instance.own_containers import Limits, NameTaken, Wanted
from olmis_release.instance.ports import Container, ContainerStatus

LOCK_LABEL = "org.openlmis.release.lock"
PROJECT_LABEL = "org.openlmis.release.project"
CLAIM_LABEL = "org.openlmis.release.lock.claim"
FOLDER = "/olmis-release"
SIGN = "sign"
MEMORY_BYTES = 32 * 1024 * 1024
KEPT_BYTES = 16 * 1024 * 1024
KEPT_FILES = 512
SIGN_BYTES = 1024
MOST_EPOCHS = 2**31
LONGEST_S = 7 * 24 * 3600.0
LOOKS, AGAIN_S = 8, 0.25
"""How often, and how soon, a lock is looked at again that the engine cannot read: while it makes or removes a container
it refuses that (seen of version 20.10)."""
CLAIM = TypeAdapter(Claim)
GIVEN_BACK = frozenset({ContainerStatus.REMOVING, ContainerStatus.DEAD})
"""A container whose removal was ordered; where somebody reads it meanwhile the engine may fail, and leaves it dead."""
PATIENT = ("sh", "-c", "trap 'exit 0' TERM; while :; do sleep 3600 & wait $!; done")
"""Does nothing for ever, and ends at once when told to."""


class LockContainer:
    """The lock of one instance; see `locking.InstanceLock`."""

    def __init__(self, engine: DockerEngine, instance: str, *, project: str, image: Callable[[], str]) -> None:
        """Bind to an instance.

        Args:
            engine: Of the target.
            instance: Its name.
            project: Its Compose project, by which whoever removes the whole instance finds its locks too.
            image: Gives an image that the target has, or fetches one; only asked when the lock is taken.
        """
        self._engine = engine
        self._instance = instance
        self._project = project
        self._image = image
        self._looks = Retrying(
            retry=retry_if_exception_type(_HalfThere),
            wait=wait_fixed(AGAIN_S),
            stop=stop_after_attempt(LOOKS),
            reraise=True,
        )

    @property
    def name(self) -> str:
        """The container's name."""
        return f"olmis-release-lock-{self._instance}"

    def look(self) -> LockSeen | None:
        """Return the lock, None when nobody holds it; one that just comes or goes is looked at again."""
        return self._looks(self._look)

    def _look(self) -> LockSeen | None:
        found = self._engine.container(self.name)
        return self._seen(found) if found and found.status not in GIVEN_BACK else None

    def take(self, claim: Claim) -> LockSeen:
        """Take it, or say who has it; an answer that was lost on the way is asked for."""
        wanted = Wanted(
            image=self._image(),
            argv=PATIENT,
            labels={
                LOCK_LABEL: self._instance,
                PROJECT_LABEL: self._project,
                CLAIM_LABEL: json.dumps(asdict(claim), sort_keys=True),
            },
            name=self.name,
            restart="always",
            memory_bytes=MEMORY_BYTES,
            privileges=False,
        )
        self._clear_the_dead()
        made = self._create(wanted, claim)
        try:
            self._engine.start(made)
            self.give_sign(made)
        except ReleaseError:
            with suppress(ReleaseError):
                self.free(made)
            raise
        return LockSeen(id=made, claim=claim, sign="")

    def _clear_the_dead(self) -> None:
        """Make room where the engine failed to remove a lock that was given back: it keeps its name until then."""
        left = self._engine.container(self.name)
        if left is not None and left.status is ContainerStatus.DEAD:
            self.free(left.id)

    def _create(self, wanted: Wanted, claim: Claim) -> str:
        try:
            return self._engine.own.create(wanted)
        except (NameTaken, TargetUnreachable) as error:
            seen = self.look()
            if seen and seen.claim == claim:
                return seen.id
            if seen is None and isinstance(error, TargetUnreachable):
                raise
            raise held(self._instance, seen) from error

    def require(self, lock_id: str) -> None:
        """Return only if that lock is still the instance's."""
        found = self._engine.container(lock_id)
        if found is None or found.name != self.name:
            raise lost(self._instance, found.name if found else None)

    def give_sign(self, lock_id: str) -> None:
        """Write a new sign of life."""
        self._engine.own.put_files(lock_id, FOLDER, {SIGN: (secrets.token_hex(8).encode(), 0o600)})

    def put(self, lock_id: str, files: Mapping[str, bytes]) -> None:
        """Keep files, readable by nobody but the target's root."""
        self._engine.own.put_files(lock_id, FOLDER, {name: (content, 0o600) for name, content in files.items()})

    def files(self, lock_id: str) -> Mapping[str, bytes]:
        """Return what was kept, by name; whoever may write to the target may have written it."""
        found = self._engine.own.read(
            lock_id, FOLDER, lambda path: path != f"{FOLDER}/{SIGN}", limits=Limits(bytes=KEPT_BYTES, files=KEPT_FILES)
        )
        return {path.removeprefix(f"{FOLDER}/"): content for path, content in found.items()}

    def free(self, lock_id: str) -> None:
        """Give its name back at once, by id; then remove the container. One that cannot be removed holds nothing."""
        with suppress(StepFailed):  # it is gone, or was given back before
            self._engine.own.rename(lock_id, f"{self.name}-freed-{lock_id[:12]}")
        try:
            self._engine.own.discard(lock_id)
        except StepFailed:
            left = self._engine.container(lock_id)
            if left is not None and left.name == self.name:
                raise

    def set_aside(self, seen: LockSeen) -> None:
        """Rename it by its id, so that a holder who comes back finds that it lost it; then stop it."""
        aside = f"{self._aside}{seen.claim.epoch}"
        try:
            self._engine.own.rename(seen.id, aside)
        except StepFailed:
            now = self._engine.container(seen.id)
            if now is not None and now.name == self.name:  # another one bears that name
                self._engine.own.rename(seen.id, f"{aside}-{seen.id[:12]}")
        self._engine.stop(seen.id, grace_s=1)

    def clear_aside(self, *, below: int) -> None:
        """Remove what was set aside and is of a lower epoch."""
        for one in self._engine.labelled(LOCK_LABEL, self._instance):
            if one.name.startswith(self._aside) and _claim(one).epoch < below:
                self._engine.own.discard(one.id)

    @property
    def _aside(self) -> str:
        """How the names of locks begin that were set aside."""
        return f"{self.name}-broken-e"

    def highest_epoch(self) -> int:
        """Return the highest epoch among this instance's locks, those set aside too."""
        found = self._engine.labelled(LOCK_LABEL, self._instance)
        return max((_claim(one).epoch for one in found), default=0)

    def _seen(self, found: Container) -> LockSeen:
        if found.labels.get(LOCK_LABEL) != self._instance:
            raise StepFailed(
                f"The container {found.name} is not a lock of {self._instance}.",
                resolution="Rename or remove that container: the lock needs its name.",
            )
        return LockSeen(id=found.id, claim=_claim(found), sign=self._sign(found))

    def _sign(self, found: Container) -> str:
        limits = Limits(bytes=SIGN_BYTES, files=1)
        try:
            sign = self._engine.own.read(found.id, f"{FOLDER}/{SIGN}", lambda _path: True, limits=limits)
        except StepFailed as error:
            raise _HalfThere(error.message, resolution=error.resolution, details=error.details) from error
        return b"".join(sign.values()).decode("ascii", "replace")


class _HalfThere(StepFailed):
    """The engine cannot read the container: it is being made or removed just now, or is broken."""


def _claim(found: Container) -> Claim:
    try:
        claim = CLAIM.validate_json(found.labels[CLAIM_LABEL], strict=True)
        _require_sense(claim)
    except (KeyError, ValueError) as error:
        raise StepFailed(
            f"The lock container {found.name} says nothing of its holder that this version understands.",
            resolution=f"Use the version of olmis-release that made it, or remove it: docker rm -f {found.name}",
        ) from error
    return claim


def _require_sense(claim: Claim) -> None:
    """Refuse figures that would make a takeover wait not at all, or for ever."""
    if not (0 < claim.epoch < MOST_EPOCHS and 0 <= claim.lease_s < LONGEST_S and 0 <= claim.max_step_s < LONGEST_S):
        raise ValueError("figures without sense")


def held(instance: str, seen: LockSeen | None) -> InstanceLocked:
    """Return the refusal that names the holder."""
    if seen is None:
        return InstanceLocked(
            f"{instance} was locked in this very moment by somebody else.",
            resolution=f"olmis-release lock status {instance}",
        )
    if seen.claim.by_hand:
        return InstanceLocked(
            f"{instance} is locked: {seen}. Ask them whether it is still needed.",
            resolution=f"olmis-release lock free {instance}",
        )
    return InstanceLocked(
        f"{instance} is locked: {seen}. Wait for it to end; if its process is gone, a takeover ends its run.",
        resolution=f"olmis-release takeover {instance}",
    )


def lost(instance: str, now_named: str | None) -> LockLost:
    """Return the refusal for a holder that is one no more."""
    how = f"it was set aside as {now_named}" if now_named else "its container is gone"
    return LockLost(
        f"This run no longer holds the lock of {instance}: {how}. It stopped at once.",
        resolution=f"olmis-release status {instance}",
    )
