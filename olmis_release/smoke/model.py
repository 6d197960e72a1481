"""What a smoke test looks at, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from olmis_release.instance.ports import Container
from olmis_release.instance.site import Site
from olmis_release.manifest.model import ReleaseManifest, Role

ONE_SHOT = frozenset({Role.CONFIG, Role.EXTENSION})
"""Roles whose containers copy files and are then done; some stay up afterwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What the probes share.

    Attributes:
        before: The containers as they were when the tests began, by component; empty when the engine did not answer.
    """

    site: Site
    manifest: ReleaseManifest
    before: dict[str, Container]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """One test's answer; the message says what was seen, and what was expected when that differs."""

    name: str
    ok: bool
    message: str
    elapsed_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A kind of test; it yields one result for each thing that it tests."""

    name: str
    run: Callable[[Scene], Iterator[ProbeResult]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SmokeReport:
    """The results of all tests, in order."""

    results: tuple[ProbeResult, ...]

    @property
    def failed(self) -> tuple[ProbeResult, ...]:
        """The tests that failed."""
        return tuple(result for result in self.results if not result.ok)

    @property
    def ok(self) -> bool:
        """Whether every test passed, and there was one."""
        return bool(self.results) and not self.failed


def containers_of(site: Site) -> dict[str, Container]:
    """Return the project's containers by component; of several the one that was started last.

    An interrupted Compose leaves a stopped predecessor behind, so the name alone would not tell them apart.
    """
    every = sorted(
        site.engine.containers(site.config.project), key=lambda one: one.started_at.timestamp() if one.started_at else 0
    )
    return {one.component: one for one in every if one.component}
