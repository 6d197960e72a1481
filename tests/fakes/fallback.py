"""A dump or snapshot in memory, for tests of those who choose and use one."""

from __future__ import annotations

from dataclasses import dataclass, field

from olmis_release.errors import ReleaseError


@dataclass
class FakeFallback:
    """Lacks what it is told to; notes what it is asked to do."""

    beside: bool = True
    broken: ReleaseError | None = None
    lack: str = ""
    calls: list[str] = field(default_factory=list)

    def lacks(self, size_bytes: int) -> str:
        return self.lack

    def take(self, point: str, *, run: str) -> str:
        self.calls.append(f"take {point}")
        return "taken"

    def has(self, point: str) -> bool:
        return f"take {point}" in self.calls

    def restore(self, point: str, *, run: str, accepted: bool = False) -> None:
        self.calls.append(f"restore {point}")

    def drop(self, point: str) -> None:
        self.calls.append(f"drop {point}")
        if self.broken:
            raise self.broken

    def keep_newest(self, count: int) -> None:
        self.calls.append(f"keep {count}")
