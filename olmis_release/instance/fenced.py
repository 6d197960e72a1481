"""A site whose every change first asks whether the lock is still held.

The engine cannot check a token, so the holder looks at its lock, by id, immediately before each call that changes
something; what changes the database carries the epoch into the very transaction. Reading passes through.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from olmis_release.instance.ports import (
    Blockers,
    Compose,
    Consul,
    Container,
    Database,
    DatabaseFacts,
    Engine,
    EngineInfo,
    ExecResult,
    Fallback,
    Fence,
    History,
    Image,
    Ledger,
    LedgerEntry,
    RollbackPoint,
    ServerFacts,
    Wall,
    WallState,
)
from olmis_release.instance.site import Site

Guard = Callable[[], None]
"""Raises `LockLost` when the lock is no longer held."""


def fenced(site: Site, guard: Guard, entry: LedgerEntry) -> Site:
    """Return the site for the holder of a lock.

    Args:
        site: As everybody reaches it.
        guard: Asked before each change.
        entry: The run as the ledger shall know it; it is entered before the first change of the database.
    """
    return replace(
        site,
        engine=FencedEngine(site.engine, guard),
        compose=FencedCompose(site.compose, guard),
        database=FencedDatabase(site.database, guard, entry),
        wall=FencedWall(site.wall, guard),
        consul=FencedConsul(site.consul, guard),
        fallbacks={method: FencedFallback(one, guard) for method, one in site.fallbacks.items()},
    )


@dataclass(frozen=True, slots=True)
class FencedEngine:
    """See `ports.Engine`."""

    inner: Engine
    guard: Guard

    def info(self) -> EngineInfo:
        return self.inner.info()

    def containers(self, project: str) -> tuple[Container, ...]:
        return self.inner.containers(project)

    def projects(self) -> Mapping[str, tuple[str, ...]]:
        return self.inner.projects()

    def container(self, name_or_id: str) -> Container | None:
        return self.inner.container(name_or_id)

    def published_ports(self) -> Mapping[int, str]:
        return self.inner.published_ports()

    def image(self, reference: str) -> Image | None:
        return self.inner.image(reference)

    def pull(self, reference: str, *, timeout_s: float, on_progress: Callable[[float, float], None]) -> Image:
        self.guard()
        return self.inner.pull(reference, timeout_s=timeout_s, on_progress=on_progress)

    def read_members(self, image: str, wanted: Callable[[str], bool], *, folder: str) -> dict[str, bytes]:
        return self.inner.read_members(image, wanted, folder=folder)

    def stop(self, container_id: str, *, grace_s: int) -> None:
        self.guard()
        self.inner.stop(container_id, grace_s=grace_s)

    def retire(self, container_id: str, *, grace_s: int) -> None:
        self.guard()
        self.inner.retire(container_id, grace_s=grace_s)

    def start(self, container_id: str) -> None:
        self.guard()
        self.inner.start(container_id)

    def remove(self, container_id: str) -> None:
        self.guard()
        self.inner.remove(container_id)

    def logs(self, container_id: str, *, tail: int) -> str:
        return self.inner.logs(container_id, tail=tail)

    def exec(
        self,
        container_id: str,
        argv: Sequence[str],
        *,
        stdin: str = "",
        timeout_s: float = 60.0,
        env: Mapping[str, str] | None = None,
    ) -> ExecResult:
        self.guard()
        return self.inner.exec(container_id, argv, stdin=stdin, timeout_s=timeout_s, env=env)


@dataclass(frozen=True, slots=True)
class FencedCompose:
    """See `ports.Compose`."""

    inner: Compose
    guard: Guard

    def version(self) -> str:
        return self.inner.version()

    def config(self, file: Path) -> Mapping[str, object]:
        return self.inner.config(file)

    def up(self, file: Path, components: Sequence[str], *, timeout_s: float, anew: bool = False) -> None:
        self.guard()
        self.inner.up(file, components, timeout_s=timeout_s, anew=anew)


@dataclass(frozen=True, slots=True)
class FencedWall:
    """See `ports.Wall`."""

    inner: Wall
    guard: Guard

    def state(self) -> WallState:
        return self.inner.state()

    def ensure(self, *, closed: bool) -> None:
        self.guard()
        self.inner.ensure(closed=closed)

    def close(self, run_pass: str) -> None:
        self.guard()
        self.inner.close(run_pass)

    def open(self, run_pass: str = "") -> None:
        self.guard()
        self.inner.open(run_pass)

    def remove(self) -> None:
        self.guard()
        self.inner.remove()


@dataclass(frozen=True, slots=True)
class FencedConsul:
    """See `ports.Consul`."""

    inner: Consul
    guard: Guard

    def deregister(self, service: str, *, addresses: Sequence[str] | None = None) -> int:
        self.guard()
        return self.inner.deregister(service, addresses=addresses)

    def forget(self, service: str) -> int:
        self.guard()
        return self.inner.forget(service)


@dataclass(frozen=True, slots=True)
class FencedFallback:
    """See `ports.Fallback`."""

    inner: Fallback
    guard: Guard

    @property
    def beside(self) -> bool:
        return self.inner.beside

    def lacks(self, size_bytes: int) -> str:
        return self.inner.lacks(size_bytes)

    def has(self, point: str) -> bool:
        return self.inner.has(point)

    def take(self, point: str, *, run: str) -> str:
        self.guard()
        return self.inner.take(point, run=run)

    def restore(self, point: str, *, run: str, accepted: bool = False) -> None:
        self.guard()
        self.inner.restore(point, run=run, accepted=accepted)

    def drop(self, point: str) -> None:
        self.guard()
        self.inner.drop(point)

    def keep_newest(self, count: int) -> None:
        self.guard()
        self.inner.keep_newest(count)


class FencedDatabase:
    """See `ports.Database`; a change is fenced whether its caller names a fence or not."""

    def __init__(self, inner: Database, guard: Guard, entry: LedgerEntry) -> None:
        """Enter nothing yet: at a first deploy there is no server before the first step."""
        self._inner = inner
        self._guard = guard
        self._entry = entry
        self._entered = False
        self.name = inner.name

    @property
    def ledger(self) -> Ledger:
        """The server's ledger."""
        return self._inner.ledger

    @property
    def fence(self) -> Fence:
        """What stands between this run and a database that somebody else has taken over."""
        return Fence(instance=self._entry.instance, epoch=self._entry.epoch)

    def enter(self) -> None:
        """Look at the lock, and enter the run into the ledger if that was not done yet."""
        self._guard()
        if not self._entered:
            self._inner.ledger.begin(self._entry)
            self._entered = True

    def server(self) -> ServerFacts:
        return self._inner.server()

    def databases(self) -> tuple[DatabaseFacts, ...]:
        return self._inner.databases()

    def facts(self, name: str) -> DatabaseFacts | None:
        return self._inner.facts(name)

    def histories(self) -> tuple[History, ...]:
        return self._inner.histories()

    def blockers(self) -> Blockers:
        return self._inner.blockers()

    def free_bytes(self) -> int | None:
        return self._inner.free_bytes()

    def checkpoint(self) -> None:
        self._inner.checkpoint()

    def close(self, *, timeout_s: float) -> None:
        self.enter()
        self._inner.close(timeout_s=timeout_s)

    def open(self) -> None:
        self.enter()
        self._inner.open()

    def clone(self, point: str, *, run: str, fence: Fence | None = None) -> None:
        self.enter()
        self._inner.clone(point, run=run, fence=fence or self.fence)

    def point(self, name: str) -> RollbackPoint | None:
        return self._inner.point(name)

    def points(self) -> tuple[RollbackPoint, ...]:
        return self._inner.points()

    def written_since(self, point: str) -> bool | None:
        return self._inner.written_since(point)

    def swap(self, point: str, *, failed: str, accepted: bool = False, fence: Fence | None = None) -> None:
        self.enter()
        self._inner.swap(point, failed=failed, accepted=accepted, fence=fence or self.fence)

    def swap_back(self, point: str, *, failed: str, fence: Fence | None = None) -> None:
        self.enter()
        self._inner.swap_back(point, failed=failed, fence=fence or self.fence)

    def accept(self, point: str | None, *, fence: Fence | None = None) -> None:
        self.enter()
        self._inner.accept(point, fence=fence or self.fence)

    def drop(self, name: str, *, fence: Fence | None = None) -> None:
        self.enter()
        self._inner.drop(name, fence=fence or self.fence)
