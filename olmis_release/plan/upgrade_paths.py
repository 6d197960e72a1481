"""What an upgrade of Core must heed on its way: facts with their source, and which of them hold for a plan."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Literal

import semver

from olmis_release.manifest.model import Strict
from olmis_release.version import core_place, satisfies
from olmis_release.yamlio import parse_yaml, read_model

FILE = "upgrade_paths.yml"


class PathRule(Strict):
    """Something that an upgrade must heed.

    Attributes:
        to: The Core release that brings it.
        through: The range of Core versions that one must come from.
        step: A person does it before or after the first start of the new release; None where it is not an act.
        source: Where it is written.
        broken: Whether this upgrade comes from outside of `through`.
    """

    to: str
    text: str
    source: str
    through: str | None = None
    step: Literal["before", "after"] | None = None
    broken: bool = False


class _Rules(Strict):
    kind: Literal["upgrade-paths"]
    rules: tuple[PathRule, ...]


@cache
def all_rules() -> tuple[PathRule, ...]:
    """Return every rule that is known."""
    data = (files("olmis_release.plan") / FILE).read_bytes()
    return read_model(_Rules, parse_yaml(data, shown_as=FILE)).rules


def rules_between(old: str | None, new: str) -> tuple[PathRule, ...]:
    """Return the rules that an upgrade from one Core release to another crosses, in order; none for a way down."""
    before, after = _core(old), _core(new)
    if before is None or after is None:
        return ()
    return tuple(_crossed(before, after))


def _crossed(before: semver.Version, after: semver.Version) -> Iterator[PathRule]:
    low, high = core_place(before), core_place(after)
    for rule in all_rules():
        if low < core_place(semver.Version.parse(rule.to)) <= high:
            broken = rule.through is not None and not satisfies(before, rule.through)
            yield rule.model_copy(update={"broken": broken})


def _core(text: str | None) -> semver.Version | None:
    try:
        return semver.Version.parse(text.partition("+")[0]) if text else None
    except ValueError:
        return None
