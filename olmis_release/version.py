"""Versions of releases: ``3.5.0+mw1``.

A release is ordered by its Core part and then by its implementation, which SemVer itself would ignore: plain Core
first, and ``mw10`` after ``mw9``. Two releases are the same only if their whole text is. How the tags of images are
ordered is in `tags`; both orders can be had from here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import total_ordering

import semver

from olmis_release.tags import (
    COMPARATOR,
    HOLDS,
    STAGE,
    Order,
    compare_tags,
    has_order,
    tag_range,
    tag_satisfies,
    within,
)

__all__ = [
    "Order",
    "ReleaseVersion",
    "compare_tags",
    "core_place",
    "has_order",
    "satisfies",
    "tag_range",
    "tag_satisfies",
]

_IMPLEMENTATION = re.compile(r"(?P<name>[a-z][a-z-]*)(?P<revision>[1-9][0-9]{0,8})\Z")
_CORE = re.compile(rf"[0-9]{{1,18}}(?:\.[0-9]{{1,18}}){{2}}{STAGE}\Z", re.IGNORECASE)
_DASHED = re.compile(r"(?P<core>[^-]+(?:-(?:alpha|beta|rc|hotfix|snapshot)[.0-9]*)*)-(?P<rest>.+)\Z", re.IGNORECASE)


@total_ordering
@dataclass(frozen=True, slots=True, kw_only=True, eq=True)
class ReleaseVersion:
    """The version of a release: a Core release, and the implementation made from it.

    Attributes:
        core: The Core release, without build part.
        name: The implementation, for example ``mw``; None for plain Core.
        revision: Which of the implementation's releases on this Core, from 1; 0 for plain Core.
    """

    core: semver.Version
    name: str | None = None
    revision: int = 0

    @classmethod
    def parse(cls, text: str) -> ReleaseVersion:
        """Read ``3.5.0`` or ``3.5.0+mw1``; ``3.5.0_mw1`` and ``3.5.0-mw1`` (tags cannot hold a plus) mean the same.

        Raises:
            ValueError: It is not a release version; the message says what one looks like.
        """
        core, mark, implementation = text.replace("_", "+", 1).partition("+")
        if not mark:
            core, implementation = _dashed(core)
        match = _IMPLEMENTATION.match(implementation)
        if ((mark or implementation) and not match) or not _CORE.match(core) or not semver.Version.is_valid(core):
            raise ValueError(_not_a_version(text))
        number = semver.Version.parse(core)
        return cls(core=number, name=match["name"], revision=int(match["revision"])) if match else cls(core=number)

    @property
    def tag(self) -> str:
        """The version as an image tag or file name may hold it: ``_`` for ``+``, which SemVer never contains."""
        return str(self).replace("+", "_")

    def __str__(self) -> str:
        """Return ``3.5.0+mw1``."""
        return f"{self.core}+{self.name}{self.revision}" if self.name else str(self.core)

    def __lt__(self, other: object) -> bool:
        """Order by Core release, then plain Core first, then implementation, then revision as a number."""
        if not isinstance(other, ReleaseVersion):
            return NotImplemented
        return self._place() < other._place()

    def _place(self) -> tuple[object, ...]:
        return (core_place(self.core), str(self.core), self.name or "", self.revision)


def core_place(version: semver.Version) -> tuple[object, ...]:
    """Return what Core releases are sorted by: as SemVer has it, but RC10 after RC2, and a hotfix after its release.

    A pre-release that OpenLMIS does not know comes before all those that it does.
    """
    numbers = (version.major, version.minor, version.patch)
    match = _CORE.match(str(version.replace(build=None)))
    return (numbers, *(within(match) if match else (-1, 0, False, str(version.prerelease))))


def _dashed(text: str) -> tuple[str, str]:
    """Split ``3.5.0-mw1``; a pre-release (``-rc1``) stays with the Core part."""
    match = _DASHED.match(text)
    return (match["core"], match["rest"]) if match and not _CORE.match(text) else (text, "")


def _not_a_version(text: str) -> str:
    return f"{text!r} is not a release version such as 3.5.0+mw1 (Core release, implementation, its revision from 1)"


def satisfies(version: semver.Version, wanted: str) -> bool:
    """Return whether a Core version lies in a range such as ``>=3.5.0,<3.6.0``; every part must hold.

    Raises:
        ValueError: The range cannot be read.
    """
    return all(_holds(version, part.strip()) for part in wanted.split(","))


def _holds(version: semver.Version, comparator: str) -> bool:
    match = COMPARATOR.match(comparator)
    if not match or not semver.Version.is_valid(match["version"]):
        raise ValueError(f"{comparator!r} is not a comparison such as >=3.5.0 (all three numbers are needed)")
    here, there = core_place(version), core_place(semver.Version.parse(match["version"]))
    return HOLDS[match["operator"] or "=="]((here > there) - (here < there))
