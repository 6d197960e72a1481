"""Versions: of releases (``3.5.0+mw1``) and of images (``7.1.1-hotfix.1``).

Two orders, because they mean different things. A release is ordered by SemVer for its Core part and then by its
implementation, which SemVer itself would ignore. Image tags follow what OpenLMIS does, not SemVer: a hotfix comes
*after* the release it mends, a snapshot before. What cannot be ordered is said to be unknown and never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import total_ordering

import semver

_IMPLEMENTATION = re.compile(r"(?P<name>[a-z][a-z-]*)(?P<revision>[1-9][0-9]{0,8})\Z")
_PRE_RELEASE = frozenset({"alpha", "beta", "rc", "snapshot", "hotfix"})


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
        if (mark or implementation) and not match:
            raise ValueError(_not_a_version(text))
        try:
            number = semver.Version.parse(core)
        except (ValueError, TypeError):
            raise ValueError(_not_a_version(text)) from None
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
        if self.core != other.core:
            return self.core < other.core
        return (self.name or "", self.revision) < (other.name or "", other.revision)


def _dashed(text: str) -> tuple[str, str]:
    """Split ``3.5.0-mw1``; a SemVer pre-release (``-rc1``) stays with the Core part."""
    core, _, ending = text.partition("-")
    match = _IMPLEMENTATION.match(ending)
    return (core, ending) if match and match["name"].rstrip("-") not in _PRE_RELEASE else (text, "")


def _not_a_version(text: str) -> str:
    return f"{text!r} is not a release version such as 3.5.0+mw1 (Core release, implementation, its revision from 1)"


class Order(StrEnum):
    """How one image tag stands to another."""

    UP = "up"
    DOWN = "down"
    SAME = "same"
    UNKNOWN = "unknown"


_TAG = re.compile(
    r"(?P<prefix>v?)(?P<numbers>[0-9]{1,18}(?:\.[0-9]{1,18})*)"
    r"(?:-(?P<stage>beta|rc|hotfix)(?:[.-]?(?P<nth>[0-9]{1,18}))?)?(?P<snapshot>-snapshot)?\Z",
    re.IGNORECASE,
)
_STAGES = {"beta": 1, "rc": 2, "": 3, "hotfix": 4}


def _tag_key(tag: str) -> tuple[tuple[str, int], tuple[object, ...]] | None:
    """Return (shape, place among the tags of that shape), None for a tag that has no place."""
    match = _TAG.match(tag)
    if not match:
        return None
    numbers = tuple(int(part) for part in match["numbers"].split("."))
    stage = _STAGES[(match["stage"] or "").lower()]
    if match["snapshot"] and not match["stage"]:
        stage = 0
    place = (numbers, stage, int(match["nth"] or 0), not match["snapshot"])
    return (match["prefix"], len(numbers)), place


def has_order(tag: str) -> bool:
    """Return whether a tag is a version that others of its shape can be compared with."""
    return _tag_key(tag) is not None


def compare_tags(before: str, after: str) -> Order:
    """Return whether going from one tag to the other goes up or down.

    ``SNAPSHOT < beta < RCn < release < hotfix[.n]`` for the same numbers. Tags of different shape (``6`` and ``v7.1``)
    or with a flavour (``14-debezium``) have no order.
    """
    if before == after:
        return Order.SAME
    old, new = _tag_key(before), _tag_key(after)
    if old is None or new is None or old[0] != new[0] or old[1] == new[1]:
        return Order.UNKNOWN
    return Order.UP if new[1] > old[1] else Order.DOWN


_COMPARATOR = re.compile(r"(?P<operator>>=|<=|>|<|==|!=)?\s*(?P<version>[^\s<>=!]+)\Z")
_HOLDS: dict[str, Callable[[int], bool]] = {
    ">=": lambda order: order >= 0,
    "<=": lambda order: order <= 0,
    ">": lambda order: order > 0,
    "<": lambda order: order < 0,
    "==": lambda order: order == 0,
    "!=": lambda order: order != 0,
}


def satisfies(version: semver.Version, wanted: str) -> bool:
    """Return whether a Core version lies in a range such as ``>=3.5.0,<3.6.0``; every part must hold.

    Raises:
        ValueError: The range cannot be read.
    """
    return all(_holds(version, part.strip()) for part in wanted.split(","))


def _holds(version: semver.Version, comparator: str) -> bool:
    match = _COMPARATOR.match(comparator)
    if not match or not semver.Version.is_valid(match["version"]):
        raise ValueError(f"{comparator!r} is not a comparison such as >=3.5.0 (all three numbers are needed)")
    return _HOLDS[match["operator"] or "=="](version.compare(match["version"]))


def tag_range(wanted: str) -> str:
    """Return a range of image tags such as ``>=1.4.0-hotfix,<2.0.0`` if it can be read.

    Raises:
        ValueError: It cannot.
    """
    for part in wanted.split(","):
        match = _COMPARATOR.match(part.strip())
        if not match or not has_order(match["version"]):
            raise ValueError(f"{part.strip()!r} is not a comparison such as >=1.4.0-hotfix")
    return wanted


def tag_satisfies(tag: str, wanted: str) -> bool | None:
    """Return whether a tag lies in a range of tags, None where its order to the range is not known."""
    places = {Order.DOWN: -1, Order.SAME: 0, Order.UP: 1}
    held: list[bool | None] = []
    for part in wanted.split(","):
        match = _COMPARATOR.match(part.strip())
        order = compare_tags(match["version"], tag) if match else Order.UNKNOWN
        held.append(_HOLDS[match["operator"] or "=="](places[order]) if match and order in places else None)
    return False if False in held else None if None in held else True
