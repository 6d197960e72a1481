"""Which Core release a country's images come from: exactly one, several that fit equally well, or none.

Only what the country takes from Core unchanged can tell: images of Core's own services and screens. Infrastructure
(nginx, logging, the database) is pinned differently everywhere and says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from olmis_release.manifest.image import ImageRef
from olmis_release.manifest.layers import CoreManifest
from olmis_release.manifest.model import Role
from olmis_release.version import ReleaseVersion

TELLING_ROLES = frozenset({Role.SERVICE, Role.UI})


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreImages:
    """A Core release as far as it can be recognised: repository to tag of its services and screens."""

    version: str
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest:
    """The Core releases that fit best.

    Attributes:
        matches: Their versions, newest first; several are a tie; with none, no release may be claimed.
        matched: How many of the country's Core services have the release's tag.
        of: How many Core services the country runs.
        deviating: The services that have another tag, or that the (newest matching) release does not have.
    """

    matches: tuple[str, ...] = ()
    matched: int = 0
    of: int = 0
    deviating: tuple[str, ...] = ()

    @property
    def is_exact(self) -> bool:
        """Every Core service is as in the release."""
        return bool(self.matches) and self.matched == self.of


def telling_images(core: CoreManifest) -> CoreImages:
    """Return what a Core manifest can be recognised by."""
    tags = {}
    for component in core.components.values():
        if component.image and component.role in TELLING_ROLES:
            with suppress(ValueError):  # a malformed one tells nothing; the import says what is wrong with it
                image = ImageRef.parse(component.image)
                tags[image.path] = image.tag
    return CoreImages(version=core.version, tags=tags)


def nearest_core(images: Mapping[str, ImageRef], releases: Iterable[CoreImages]) -> Nearest:
    """Return the Core releases that share the most images with a country."""
    known = sorted(releases, key=lambda release: ReleaseVersion.parse(release.version), reverse=True)
    telling = {path for release in known for path in release.tags}
    ours = {service: image for service, image in images.items() if image.path in telling}
    counts = {release.version: sum(_fits(image, release) for image in ours.values()) for release in known}
    best = max(counts.values(), default=0)
    if best == 0:
        return Nearest(of=len(ours), deviating=tuple(sorted(ours)))
    winners = [release for release in known if counts[release.version] == best]
    deviating = sorted(service for service, image in ours.items() if not _fits(image, winners[0]))
    return Nearest(
        matches=tuple(release.version for release in winners), matched=best, of=len(ours), deviating=tuple(deviating)
    )


def _fits(image: ImageRef, release: CoreImages) -> bool:
    return not image.untagged and release.tags.get(image.path) == image.tag
