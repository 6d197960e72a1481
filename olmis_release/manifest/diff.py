"""What differs between two release manifests, component by component."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from olmis_release.manifest.model import Component, ComposeValue, ImageRef, ReleaseManifest
from olmis_release.version import Order, compare_tags


class Difference(StrEnum):
    """How a component of one manifest stands in another."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentDiff:
    """One component in both manifests.

    Attributes:
        before: As the first manifest has it, None when it does not.
        after: As the second has it, None when it does not.
        direction: How the image's tag moved; None for added and removed. A change of repository has no order.
        values: Paths of what differs, for example ``image`` or ``compose.environment.JAVA_OPTS``.
    """

    name: str
    change: Difference
    before: Component | None
    after: Component | None
    direction: Order | None
    values: tuple[str, ...] = ()


def compare(a: ReleaseManifest, b: ReleaseManifest) -> tuple[ComponentDiff, ...]:
    """Return every component of either manifest, by name, with what became of it from the first to the second."""
    names = sorted(a.components.keys() | b.components.keys())
    return tuple(_compare(name, a.components.get(name), b.components.get(name)) for name in names)


def _compare(name: str, before: Component | None, after: Component | None) -> ComponentDiff:
    if before is None or after is None:
        change = Difference.REMOVED if before else Difference.ADDED
        return ComponentDiff(name=name, change=change, before=before, after=after, direction=None)
    values = tuple(_differing(before, after))
    change = Difference.CHANGED if values else Difference.UNCHANGED
    direction = _direction(before.image, after.image)
    return ComponentDiff(name=name, change=change, before=before, after=after, direction=direction, values=values)


def _direction(before: ImageRef, after: ImageRef) -> Order:
    if before.repository != after.repository or (not same_image(before, after) and before.tag == after.tag):
        return Order.UNKNOWN
    return compare_tags(before.tag, after.tag)


def same_image(before: ImageRef, after: ImageRef) -> bool:
    """Return whether two images are the same as far as is known: an open digest says nothing against it."""
    named = (before.repository, before.tag) == (after.repository, after.tag)
    return named and (not before.digest or not after.digest or before.digest == after.digest)


def _differing(before: Component, after: Component) -> Iterator[str]:
    if not same_image(before.image, after.image):
        yield "image"
    for field in ("role", "consul", "schema_name", "reports_version", "provides", "replaces", "host"):
        if getattr(before, field) != getattr(after, field):
            yield field.removesuffix("_name")
    yield from _in_bodies(before.compose, after.compose, "compose")


def _in_bodies(before: ComposeValue, after: ComposeValue, path: str) -> Iterator[str]:
    if not isinstance(before, dict) or not isinstance(after, dict):
        if before != after:
            yield path
        return
    for key in sorted(before.keys() | after.keys()):
        if key in before and key in after:
            yield from _in_bodies(before[key], after[key], f"{path}.{key}")
        else:
            yield f"{path}.{key}"
