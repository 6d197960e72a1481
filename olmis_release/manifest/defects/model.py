"""What every check is given, and how it notes a defect."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from olmis_release.errors import Problem, Severity, Where
from olmis_release.manifest.image import ImageRef
from olmis_release.manifest.importers.model import Distribution
from olmis_release.manifest.policy import ImageMounts, code_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What is known besides the distribution; a check that needs what is not there finds nothing.

    Attributes:
        core: Known Core releases: version to component to image.
        earlier: Image of each service in the last known manifest of the same place.
        settings: What the services' `env_file` holds, None when it is not known.
        memory_bytes: Memory of the host, None when nobody stated it.
        image_mounts: Folders that extension images fill.
        registries: Hosts that images may come from; empty allows every host.
    """

    core: Mapping[str, Mapping[str, ImageRef]] = field(default_factory=dict)
    earlier: Mapping[str, ImageRef] = field(default_factory=dict)
    settings: Mapping[str, str] | None = None
    memory_bytes: int | None = None
    image_mounts: tuple[ImageMounts, ...] = ()
    registries: tuple[str, ...] = ()


Check: TypeAlias = Callable[[Distribution, Context], Iterator[Problem]]


def warning(defect: str, message: str, *, where: Where, do: str) -> Problem:
    """Return a defect that the policy decides about."""
    return Problem(code=code_of(defect), message=message, resolution=do, where=where, severity=Severity.WARNING)


def error(code: str, message: str, *, where: Where, do: str) -> Problem:
    """Return a defect that stops every command: Compose would refuse it, or a value would be missing."""
    return Problem(code=code, message=message, resolution=do, where=where)
