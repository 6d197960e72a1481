"""Whether what a release was made of is still at the registry, and its tags still mean the same images."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from olmis_release.errors import Problem, Where
from olmis_release.manifest.model import Component, ImageRef, ReleaseManifest

DigestOf = Callable[[ImageRef], str | None]


class Standing(StrEnum):
    """What the registry says of one image."""

    SAME = "same"
    MOVED = "moved"
    UNTAGGED = "tag-gone"
    GONE = "gone"
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """One component's image at the registry.

    Attributes:
        now: What its tag means now, None if there is no such tag; of one named by its digest alone, that digest.
        standing: Same; moved (the tag means another image); tag gone (the digest is there); gone; open (the release
            has no digest).
    """

    name: str
    component: Component
    now: str | None
    standing: Standing


def verify(manifest: ReleaseManifest, *, digest_of: DigestOf, has: Callable[[ImageRef], bool]) -> Iterator[Verified]:
    """Yield every component with what the registry says of its image.

    Args:
        manifest: A candidate or release.
        digest_of: What a tag means now, None if there is no such tag.
        has: Whether an image is there by its digest.
    """
    for name, component in manifest.components.items():
        image = component.image
        now = digest_of(image if image.by_digest else image.model_copy(update={"digest": None}))
        yield Verified(name=name, component=component, now=now, standing=_standing(component.image, now, has))


def _standing(image: ImageRef, now: str | None, has: Callable[[ImageRef], bool]) -> Standing:
    if image.digest is None:
        return Standing.OPEN if now else Standing.GONE
    if now == image.digest:
        return Standing.SAME
    if not has(image):
        return Standing.GONE
    return Standing.MOVED if now else Standing.UNTAGGED


_SAID = {
    Standing.MOVED: ("E-TAG-MOVED", "{image} means {now} now, not {digest}", "Find out who pushed it again, and why."),
    Standing.UNTAGGED: ("E-TAG-GONE", "the registry has {digest}, but no tag {image} any more", "Push the tag again."),
    Standing.GONE: ("E-IMAGE-NOT-FOUND", "the registry does not have {image}", "Push the image again."),
    Standing.OPEN: ("E-OPEN-DIGEST", "{image} has no digest in this release", "Make the candidate without --offline."),
}


def problems(verified: Iterable[Verified]) -> tuple[Problem, ...]:
    """Return everything that is not as recorded."""
    return tuple(_problem(one) for one in verified if one.standing is not Standing.SAME)


def _problem(one: Verified) -> Problem:
    code, text, way = _SAID[one.standing]
    image, origin = one.component.image, one.component.origin.get("image")
    message = text.format(image=image, now=one.now, digest=image.digest)
    where = Where(file=origin.file, line=origin.line) if origin else None
    return Problem(code=code, message=f"{one.name}: {message}.", resolution=way, where=where)
