"""The order of image tags, as OpenLMIS means it and not as SemVer has it.

A hotfix comes *after* the release that it mends, a snapshot before. What cannot be ordered is said to be unknown and
never guessed; a country's suffix (``8.3.8-angola.r1``) is no pre-release of Core's version.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

STAGE = r"(?:-(?P<stage>alpha|beta|rc|hotfix)(?:[.-]?(?P<nth>[0-9]{1,18}))?)?(?P<snapshot>-snapshot)?"
"""Stage of a version, to be matched in any case."""

_STAGES = {"alpha": 1, "beta": 2, "rc": 3, "": 4, "hotfix": 5}


class Order(StrEnum):
    """How one image tag stands to another."""

    UP = "up"
    DOWN = "down"
    SAME = "same"
    UNKNOWN = "unknown"


_TAG = re.compile(rf"(?P<prefix>v?)(?P<numbers>[0-9]{{1,18}}(?:\.[0-9]{{1,18}})*){STAGE}\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a tag stands among the tags of the same prefix."""

    prefix: str
    numbers: tuple[int, ...]
    within: tuple[int, int, bool, str]

    def order(self, other: _Place) -> Order:
        """Return how to get from here to there; ``7`` may mean any ``7.x``, so between these there is no order."""
        shared = min(len(self.numbers), len(other.numbers))
        here, there = self.numbers[:shared], other.numbers[:shared]
        if self.prefix != other.prefix or (here == there and len(self.numbers) != len(other.numbers)):
            return Order.UNKNOWN
        before, after = (here, self.within), (there, other.within)
        return Order.SAME if before == after else Order.UP if after > before else Order.DOWN

    def filled(self, length: int) -> _Place:
        """Return the place with zeros for the numbers that are not said."""
        return replace(self, numbers=(*self.numbers, *[0] * (length - len(self.numbers))))


def _place_of(tag: str) -> _Place | None:
    """Return where a tag stands, None for one that has no place."""
    match = _TAG.match(tag)
    if not match:
        return None
    numbers = tuple(int(part) for part in match["numbers"].split("."))
    return _Place(prefix=match["prefix"], numbers=numbers, within=within(match))


def has_order(tag: str) -> bool:
    """Return whether a tag is a version that others can be compared with."""
    return _place_of(tag) is not None


def compare_tags(before: str, after: str) -> Order:
    """Return whether going from one tag to the other goes up or down.

    ``SNAPSHOT < beta < RCn < release < hotfix[.n]`` for the same numbers. Tags of different kind (``6`` and ``v7.1``),
    of different precision (``7`` and ``7.1``) or with a flavour (``14-debezium``) have no order.
    """
    if before == after:
        return Order.SAME
    old, new = _place_of(before), _place_of(after)
    order = old.order(new) if old and new else Order.UNKNOWN
    return Order.UNKNOWN if order is Order.SAME else order  # equal places and other text: nobody can tell


COMPARATOR = re.compile(r"(?P<operator>>=|<=|>|<|==|!=)?\s*(?P<version>[^\s<>=!]+)\Z")
HOLDS: dict[str, Callable[[int], bool]] = {
    ">=": lambda order: order >= 0,
    "<=": lambda order: order <= 0,
    ">": lambda order: order > 0,
    "<": lambda order: order < 0,
    "==": lambda order: order == 0,
    "!=": lambda order: order != 0,
}


def within(match: re.Match[str]) -> tuple[int, int, bool, str]:
    """Return where a version stands among those of the same numbers."""
    stage = _STAGES[(match["stage"] or "").lower()]
    if match["snapshot"] and not match["stage"]:
        stage = 0
    return stage, int(match["nth"] or 0), not match["snapshot"], ""


def tag_range(wanted: str) -> str:
    """Return a range of image tags such as ``>=1.4.0-hotfix,<2.0.0`` if it can be read.

    Raises:
        ValueError: It cannot.
    """
    for part in wanted.split(","):
        match = COMPARATOR.match(part.strip())
        if not match or not has_order(match["version"]):
            raise ValueError(f"{part.strip()!r} is not a comparison such as >=1.4.0-hotfix")
    return wanted


def tag_satisfies(tag: str, wanted: str) -> bool | None:
    """Return whether a tag lies in a range of tags, None where its order to the range is not known.

    A bound may leave numbers out: ``>=1.4,<2`` means ``>=1.4.0,<2.0.0``.
    """
    held = [_lies(tag, part.strip()) for part in wanted.split(",")]
    return False if False in held else None if None in held else True


def _lies(tag: str, comparator: str) -> bool | None:
    match, place = COMPARATOR.match(comparator), _place_of(tag)
    bound = _place_of(match["version"]) if match else None
    if match is None or place is None or bound is None:
        return None
    order = bound.filled(len(place.numbers)).order(place)
    sign = {Order.DOWN: -1, Order.SAME: 0, Order.UP: 1}.get(order)
    return None if sign is None else HOLDS[match["operator"] or "=="](sign)
