"""What the rooms above may ask of a target, as values and protocols.

The adapters beside this file implement them against the real thing; tests implement them by hand. Every call has a
deadline and raises `TargetUnreachable` when the other side does not answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from olmis_release.manifest.model import ImageRef


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineInfo:
    """The engine that answers: its stable id, version, and platform such as ``linux/amd64``.

    Attributes:
        root_dir: Where it keeps images and containers.
        memory_bytes: Memory of its host, 0 where it does not say.
    """

    id: str
    version: str
    api_version: str
    platform: str
    root_dir: str
    memory_bytes: int = 0


class ContainerStatus(StrEnum):
    """Docker's word for what a container does."""

    CREATED = "created"
    RUNNING = "running"
    PAUSED = "paused"
    RESTARTING = "restarting"
    REMOVING = "removing"
    EXITED = "exited"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One container as inspected.

    Attributes:
        component: Its Compose service, empty for containers that Compose did not make.
        image_id: The image's config digest.
        image_name: What it was created from, as written.
        labels: Its labels.
        environment: Its environment as the engine shows it; left out of its repr, because secrets are in it.
        ports: Published, as ``(host address, host port)``.
        networks: Network name to address.
        volumes: Named volume (or bind source) to mount point.
        health: Docker's health verdict, empty when the image has no health check.
    """

    id: str
    name: str
    component: str
    image_id: str
    image_name: str
    status: ContainerStatus
    restarts: int
    exit_code: int
    started_at: datetime | None
    health: str
    labels: Mapping[str, str]
    environment: Mapping[str, str] = field(repr=False)
    ports: tuple[tuple[str, int], ...]
    networks: Mapping[str, str]
    volumes: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image on the engine.

    Attributes:
        digests: The ``repository@sha256:…`` it is known by there.
        environment: What a container of it has in its environment without being told.
    """

    id: str
    digests: tuple[str, ...]
    tags: tuple[str, ...]
    size_bytes: int
    labels: Mapping[str, str]
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecResult:
    """What a command inside a container gave back."""

    exit_code: int
    stdout: str
    stderr: str


class Engine(Protocol):
    """The Docker engine of an instance (`engine.py`)."""

    def info(self) -> EngineInfo:
        """Return who answers."""

    def containers(self, project: str) -> tuple[Container, ...]:
        """Return every container of a Compose project, stopped ones too."""

    def projects(self) -> Mapping[str, tuple[str, ...]]:
        """Return every Compose project on the engine with the services it has containers of, stopped ones too."""

    def container(self, name_or_id: str) -> Container | None:
        """Return one container, None when there is none."""

    def published_ports(self) -> Mapping[int, str]:
        """Return host port to the name of the running container that publishes it."""

    def image(self, reference: str) -> Image | None:
        """Return an image by any reference, None when the engine does not have it."""

    def pull(self, reference: str, *, timeout_s: float, on_progress: Callable[[float, float], None]) -> Image:
        """Pull ``repository@digest``; progress is (bytes done, bytes known in all)."""

    def read_members(self, image: str, wanted: Callable[[str], bool], *, folder: str) -> dict[str, bytes]:
        """Return files of an image by path without running it; `folder` is where to look."""

    def stop(self, container_id: str, *, grace_s: int) -> None:
        """Stop a container; SIGKILL after the grace. Stopping a stopped or missing one is fine."""

    def retire(self, container_id: str, *, grace_s: int) -> None:
        """Stop a container so that the engine's own restart does not bring it back; a missing one is fine.

        A restart policy of ``always`` starts even what was stopped by hand once the engine itself comes back.
        """

    def start(self, container_id: str) -> None:
        """Start a stopped container."""

    def remove(self, container_id: str) -> None:
        """Remove a stopped container, never its volumes; a missing one is fine."""

    def logs(self, container_id: str, *, tail: int) -> str:
        """Return the last lines of a container's output."""

    def exec(
        self,
        container_id: str,
        argv: Sequence[str],
        *,
        stdin: str = "",
        timeout_s: float = 60.0,
        env: Mapping[str, str] | None = None,
    ) -> ExecResult:
        """Run a command inside a running container."""


class Compose(Protocol):
    """The Compose CLI (`compose.py`), bound to one project."""

    def version(self) -> str:
        """Return Compose's version."""

    def config(self, file: Path) -> Mapping[str, object]:
        """Return the configuration as Compose understands the file, environment files read in."""

    def up(self, file: Path, components: Sequence[str], *, timeout_s: float, anew: bool = False) -> None:
        """Create or recreate and start these components only; no pull, no build, no dependencies.

        Args:
            file: The rendered Compose file.
            components: Which; at least one.
            timeout_s: Seconds it may take.
            anew: Recreate what is as the file says, too; volumes are handed on.

        Raises:
            StepFailed: Compose refused or failed; its output is in the details.
        """


class DatabaseState(StrEnum):
    """What the comment on a rollback point says of it."""

    COPYING = "copying"
    READY = "ready"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFacts:
    """The database server and what our role may do there; version as ``150008``."""

    version_number: int
    role: str
    superuser: bool
    create_database: bool
    replication: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseFacts:
    """One row of pg_database, with size.

    Attributes:
        connection_limit: -1 is none; -2 marks a database whose DROP was interrupted.
        owned: Whether our role owns it (or is superuser).
        settings: ``ALTER DATABASE … SET`` entries.
        acl: The raw access list, empty when default.
    """

    name: str
    oid: int
    owner: str
    owned: bool
    open: bool
    template: bool
    connection_limit: int
    comment: str
    size_bytes: int
    collation_matches: bool
    settings: tuple[str, ...]
    acl: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackPoint:
    """A clone taken before a deploy, as its comment describes it."""

    database: str
    run: str
    of_oid: int
    state: DatabaseState


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """A row of a Flyway history table.

    Attributes:
        version: None for a repeatable migration and for Flyway's own marker of a schema that it created.
        kind: Flyway's word: ``SQL``, ``SCHEMA`` for that marker, ``BASELINE`` where a history was begun late.
    """

    version: str | None
    checksum: int | None
    script: str
    success: bool
    kind: str = "SQL"


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """One Flyway history table."""

    schema: str
    table: str
    rows: tuple[Applied, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A logical replication slot.

    Attributes:
        database: The database that it belongs to: the live one, or one that a rollback put aside.
        active: Somebody reads it now.
        wal_status: PostgreSQL's word for whether what it needs is still there, ``lost`` at worst; empty before 13.
    """

    name: str
    plugin: str
    database: str
    active: bool = False
    wal_status: str = ""
    two_phase: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Blockers:
    """What stands in the way of a clone or swap of a database: each a list of names or descriptions.

    Attributes:
        slots: Logical slots of the database, and those that pin the log for one that was put aside.
        orphans: Folders of data files that belong to no database, with their size; known to a superuser only.
        lost_slots: Slots that a swap had to leave out; what read them needs them to be made anew.
    """

    prepared: tuple[str, ...]
    subscriptions: tuple[str, ...]
    slots: tuple[Slot, ...]
    base_backups: tuple[str, ...]
    lost_slots: tuple[str, ...] = ()
    orphans: tuple[str, ...] = ()


class LedgerState(StrEnum):
    """How far the run of an epoch came, as the target itself remembers it."""

    BEGUN = "begun"
    ACCEPTED = "accepted"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence:
    """What a run shows to be let change the database: its epoch must be the newest of the instance."""

    instance: str
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One run of an instance, as the database server remembers it.

    Attributes:
        epoch: Grows by every run and takeover; one run each.
        plan: The plan's code.
        who: The person.
        at: When it began; UTC, ISO 8601.
        outcome: How it ended, empty until then.
    """

    instance: str
    epoch: int
    run: str
    plan: str
    who: str
    at: str
    state: LedgerState
    outcome: str = ""


class Ledger(Protocol):
    """The runs of instances, in a table on the database server (`ledger.py`); it outlives every swap."""

    def newest(self, instance: str) -> LedgerEntry | None:
        """Return the entry with the highest epoch, None when there is none or no ledger yet.

        Raises:
            TargetUnreachable: The server does not answer.
            JournalDamaged: The entries were altered.
        """

    def entries(self, instance: str) -> tuple[LedgerEntry, ...]:
        """Return every entry of an instance, oldest first; raises as `newest` does."""

    def begin(self, entry: LedgerEntry) -> None:
        """Append an entry and put up its fence; the same epoch and run again is fine.

        Raises:
            LockLost: Another run has this epoch, or a higher epoch exists.
        """

    def end(self, fence: Fence, *, outcome: str) -> None:
        """Write down how a run ended; done already is fine.

        Raises:
            LockLost: A higher epoch exists.
        """

    def settings_key(self, instance: str) -> str:
        """Return the key of an instance's settings fingerprints (`settings_key.py`), empty when none was kept.

        Raises:
            TargetUnreachable: The server does not answer.
        """

    def keep_settings_key(self, fence: Fence, key: str) -> None:
        """Keep that key; one that is there already stays.

        Raises:
            LockLost: A higher epoch exists.
        """


class Database(Protocol):
    """The instance's database server (`database.py`); all SQL is there.

    The algorithm (gate, clone, arm, swap) is that of a forward-only database: migrate the original, keep the clone as
    the way back, swap both names in one transaction.

    Where a call takes a fence, it changes nothing once a higher epoch has begun and raises `LockLost`. Swaps and
    acceptance ask for it inside their one transaction.
    """

    name: str

    @property
    def ledger(self) -> Ledger:
        """The runs of instances, kept on this server."""

    def server(self) -> ServerFacts:
        """Return the server's facts."""

    def databases(self) -> tuple[DatabaseFacts, ...]:
        """Return every database of the server."""

    def facts(self, name: str) -> DatabaseFacts | None:
        """Return one database, None when it does not exist."""

    def histories(self) -> tuple[History, ...]:
        """Return every Flyway history table of the instance's database, found by shape."""

    def blockers(self) -> Blockers:
        """Return what stands in the way of a clone."""

    def free_bytes(self) -> int | None:
        """Return room where the data lies, None where it cannot be known."""

    def checkpoint(self) -> None:
        """Ask for a checkpoint so that the clone's own is short; no right to do so is fine."""

    def close(self, *, timeout_s: float) -> None:
        """Close the database to everybody and end every session on it; returns only when none is left."""

    def open(self) -> None:
        """Let sessions in again."""

    def clone(self, point: str, *, run: str, fence: Fence | None = None) -> None:
        """Copy the closed database to `point` and arm it: settings and grants carried, closed, comment ready."""

    def point(self, name: str) -> RollbackPoint | None:
        """Return the rollback point of that name, None when there is none."""

    def points(self) -> tuple[RollbackPoint, ...]:
        """Return every rollback point of this database, oldest first."""

    def written_since(self, point: str) -> bool | None:
        """Return whether anything was written to the closed database since that point, None where nobody can say."""

    def swap(self, point: str, *, failed: str, accepted: bool = False, fence: Fence | None = None) -> None:
        """Put the point in the closed database's place in one transaction; the present one stays, closed, as `failed`.

        Afterwards the database is open. Done already is fine.

        Args:
            point: Name of the rollback point.
            failed: Name to keep the present database under.
            accepted: A person agreed to lose what was written after the point was accepted.
            fence: Whose swap it is.

        Raises:
            RollbackRefused: The point is missing, not of this database, or not ready.
        """

    def swap_back(self, point: str, *, failed: str, fence: Fence | None = None) -> None:
        """Take a `swap` back: the same transaction with the two names reversed; the point is a point again."""

    def accept(self, point: str | None, *, fence: Fence | None = None) -> None:
        """Mark the point (where there is one) and the fence's ledger entry accepted, in one transaction.

        No automatic swap ever again. Done already is fine.

        Raises:
            RollbackRefused: The point is missing or not complete.
            StepFailed: The ledger has no entry of the fence's epoch.
        """

    def drop(self, name: str, *, fence: Fence | None = None) -> None:
        """Drop a point or failed database; a missing one is fine, the live one is refused."""


class Fallback(Protocol):
    """A way back for a database that is not a copy beside it: a dump, or a country's own snapshot.

    Attributes:
        beside: It is taken of the open database, and what `restore` brings is a database called like the point, ready
            to be swapped in. Otherwise it is taken while nobody is in, and the database itself is as it was.
    """

    @property
    def beside(self) -> bool:
        """Which of the two it is."""

    def lacks(self, size_bytes: int) -> str:
        """Return what is missing for a database of that size, empty when nothing is."""

    def take(self, point: str, *, run: str) -> str:
        """Take it and prove that it can be read; done already is fine, half done is done anew.

        Returns:
            What was taken, in a few words.

        Raises:
            StepFailed: It could not be taken, or not be proved.
        """

    def has(self, point: str) -> bool:
        """Return whether it is there and whole."""

    def restore(self, point: str, *, run: str, accepted: bool = False) -> None:
        """Bring it back; done already is fine, half done is done anew.

        Args:
            point: What was taken under that name.
            run: The run that brings it back.
            accepted: Its release was accepted meanwhile: what it brings goes into place only because a person says so.

        Raises:
            RollbackRefused: It is missing or damaged.
        """

    def drop(self, point: str) -> None:
        """Throw it away; a missing one is fine."""

    def keep_newest(self, count: int) -> None:
        """Throw all but so many away."""


class Registry(Protocol):
    """Image registries (`registry.py`), through the mirrors given."""

    def digest(self, image: ImageRef) -> str | None:
        """Return the digest that a reference means now (HEAD only), None when the registry has no such image.

        Raises:
            TargetUnreachable: The registry does not answer.
        """

    def has(self, image: ImageRef) -> bool:
        """Return whether the registry has the image now, by its digest where it has one; always asks.

        Raises:
            TargetUnreachable: The registry does not answer.
        """

    def platforms(self, image: ImageRef) -> Mapping[str, str]:
        """Return platform to digest where an image's digest is that of an index, nothing where it is one image's.

        Raises:
            TargetUnreachable: The registry does not answer.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer; `json` is None when the body is not JSON. Status 0 means no answer, `error` says why."""

    status: int
    text: str
    json: object
    elapsed_s: float
    error: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


class FrontDoor(Protocol):
    """The instance as a client sees it (`front.py`), through the wall with the pass when one is set."""

    def request(
        self, method: str, path: str, *, body: str | None = None, timeout_s: float = 10.0, with_pass: bool = True
    ) -> Answer:
        """Send one request and return whatever came back; never raises for an HTTP or connection error."""


class WallState(StrEnum):
    """What the wall lets through."""

    ABSENT = "absent"
    OPEN = "open"
    CLOSED = "closed"


class Wall(Protocol):
    """The front container (`wall.py`)."""

    def state(self) -> WallState:
        """Return what it does now."""

    def ensure(self, *, closed: bool) -> None:
        """Create and start it if it is absent, in the given state."""

    def close(self, run_pass: str) -> None:
        """Show users the maintenance page; requests with the pass go through. Returns when no old worker is left."""

    def open(self, run_pass: str = "") -> None:
        """Let everybody through; with a pass, keep the tool's own entrance to Consul."""

    def remove(self) -> None:
        """Remove the container; only for what the first deploy takes back."""


class Consul(Protocol):
    """The service registry (`consul.py`), reached through the wall's entrance."""

    def deregister(self, service: str, *, addresses: Sequence[str] | None = None) -> int:
        """Remove a service's registrations (only those at the addresses, if given); returns how many."""

    def forget(self, service: str) -> int:
        """Remove the routes (keys) that lead to a service; returns how many."""
