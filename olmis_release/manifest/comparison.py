"""What differs between two sides: image by image, and value by value of their configuration; time grows with both."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from olmis_release.manifest.checks import why_mutable
from olmis_release.manifest.collector import not_collecting
from olmis_release.manifest.diff import Difference, same_image
from olmis_release.manifest.masking import masked
from olmis_release.manifest.model import ComposeBody, ComposeValue, ImageRef
from olmis_release.manifest.side import Side
from olmis_release.version import Order, compare_tags

# Programs that keep data on disk in a form that may change with their major version.
_STATEFUL = re.compile(
    r"(?:^|[/_-])(?:postgres(?:ql)?|postgis|timescaledb|mysql|mariadb|percona|mongo(?:db)?|redis|valkey|clickhouse|"
    r"cassandra|elasticsearch|opensearch|solr|influxdb|kafka|zookeeper|rabbitmq|couchdb|neo4j|minio|nifi)(?:-server)?$"
)
_NUMBERS = re.compile(r"v?([0-9]+)(?:\.([0-9]+))?")
_LAST_TWO_PART_MAJOR = 9  # PostgreSQL counted 9.4, 9.5, 9.6 as majors, and whole numbers from 10 on
ENVIRONMENT = "environment"


class Flag(StrEnum):
    """What a reviewer should know about a component's change."""

    STATEFUL_MAJOR = "stateful-major"
    OTHER_REPOSITORY = "other-repository"
    TAG_MOVED = "tag-moved"
    MUTABLE = "mutable"
    BUILT = "built"
    REPLACES = "replaces"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageChange:
    """One component on both sides.

    Attributes:
        before: Its image on the first side; None if it is not there, or built.
        after: The same on the second.
        direction: How a changed image's tag moved; None for everything else. Another repository has no order.
        replaces: Core component in whose place an added one stands.
    """

    name: str
    change: Difference
    before: ImageRef | None
    after: ImageRef | None
    direction: Order | None
    flags: tuple[Flag, ...] = ()
    replaces: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueChange:
    """A value of a component's configuration that differs; None where a side does not have it. Secrets are hidden."""

    component: str
    path: str
    change: Difference
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two sides compared.

    Attributes:
        components: Every component of either side, by name.
        configuration: What differs in the bodies of components that both have.
        seen: The keys of a body that both sides can see; None means every key.
    """

    components: tuple[ImageChange, ...]
    configuration: tuple[ValueChange, ...]
    seen: frozenset[str] | None = None

    @property
    def changed(self) -> tuple[ImageChange, ...]:
        """The components that do not simply stay."""
        return tuple(one for one in self.components if one.change is not Difference.UNCHANGED)

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs."""
        return not self.changed and not self.configuration


@not_collecting()
def compare_sides(a: Side, b: Side) -> Comparison:
    """Return what becomes of every component from the first side to the second."""
    names = sorted(a.images.keys() | b.images.keys())
    seen = a.seen if b.seen is None else b.seen if a.seen is None else a.seen & b.seen
    return Comparison(
        components=tuple(_image_change(name, a, b) for name in names),
        configuration=tuple(change for name in names for change in _configuration(name, a, b, seen=seen)),
        seen=seen,
    )


def _image_change(name: str, a: Side, b: Side) -> ImageChange:
    before, after = a.images.get(name), b.images.get(name)
    change = _difference(name, a, b)
    changed = change is Difference.CHANGED
    replaces = b.replaces.get(name) if change is Difference.ADDED else None
    return ImageChange(
        name=name,
        change=change,
        before=before,
        after=after,
        direction=_direction(before, after) if changed else None,
        flags=tuple(_flags(name, a, b, change=change)),
        replaces=replaces,
    )


def _difference(name: str, a: Side, b: Side) -> Difference:
    if name not in a.images:
        return Difference.ADDED
    if name not in b.images:
        return Difference.REMOVED
    before, after = a.images[name], b.images[name]
    same = before is after or (before is not None and after is not None and same_image(before, after))
    return Difference.UNCHANGED if same else Difference.CHANGED


def _direction(before: ImageRef | None, after: ImageRef | None) -> Order:
    if before is None or after is None or before.repository != after.repository or before.untagged or after.untagged:
        return Order.UNKNOWN
    order = compare_tags(before.tag, after.tag)
    return Order.UNKNOWN if order is Order.SAME else order


def _flags(name: str, a: Side, b: Side, *, change: Difference) -> Iterator[Flag]:
    before, after = a.images.get(name), b.images.get(name)
    if change in {Difference.ADDED, Difference.CHANGED}:
        yield from _flags_of_new(after)
    if change is Difference.ADDED and name in b.replaces:
        yield Flag.REPLACES
    if change is Difference.CHANGED and before and after:
        yield from _flags_of_move(before, after, database=name in a.databases | b.databases)


def _flags_of_new(after: ImageRef | None) -> Iterator[Flag]:
    if after is None:
        yield Flag.BUILT
    elif why_mutable(after.model_copy(update={"digest": None})):
        yield Flag.MUTABLE


def _flags_of_move(before: ImageRef, after: ImageRef, *, database: bool) -> Iterator[Flag]:
    if before.repository != after.repository:
        yield Flag.OTHER_REPOSITORY
    elif before.tag == after.tag:
        yield Flag.TAG_MOVED
    stateful = database or any(_STATEFUL.search(image.path) for image in (before, after))
    if stateful and _major(before.tag) != _major(after.tag):
        yield Flag.STATEFUL_MAJOR


def _major(tag: str) -> tuple[str, ...]:
    """Return what of a tag is its major version; the tag itself where it names none."""
    numbers = _NUMBERS.match(tag)
    if not numbers:
        return (tag,)
    first, second = numbers.group(1), numbers.group(2) or ""
    return (first, second) if int(first) == _LAST_TWO_PART_MAJOR else (first,)


def _configuration(name: str, a: Side, b: Side, *, seen: frozenset[str] | None) -> Iterator[ValueChange]:
    """Yield what differs in the body of a component that both sides have."""
    if name not in a.bodies or name not in b.bodies:
        return
    befores, afters = _said(name, a, b, seen=seen), _said(name, b, a, seen=seen)
    for path, before, after in _differing(befores, afters, ""):
        yield ValueChange(
            component=name,
            path=path,
            change=Difference.ADDED if before is None else Difference.REMOVED if after is None else Difference.CHANGED,
            before=None if before is None else masked(path, before),
            after=None if after is None else masked(path, after),
        )


def _said(name: str, side: Side, other: Side, *, seen: frozenset[str] | None) -> ComposeBody:
    """Return of a body what can be compared: what is seen, less what was given anyway and the other is silent about."""
    body = side.bodies[name]
    if seen is not None:
        body = {key: body.get(key, {}) for key in seen}
    environment, given = body.get(ENVIRONMENT), side.given.get(name, {})
    if not given or not isinstance(environment, dict):
        return body
    theirs = other.bodies[name].get(ENVIRONMENT, {})
    said = {key: value for key, value in environment.items() if key in theirs or given.get(key) != value}
    return {**body, ENVIRONMENT: said}


def _differing(
    before: ComposeValue, after: ComposeValue, path: str
) -> Iterator[tuple[str, ComposeValue | None, ComposeValue | None]]:
    if not isinstance(before, dict) or not isinstance(after, dict):
        if before != after:
            yield path, before, after
        return
    for key in sorted(before.keys() | after.keys()):
        below = f"{path}.{key}" if path else key
        if key in before and key in after:
            yield from _differing(before[key], after[key], below)
        else:
            yield below, before.get(key), after.get(key)
