"""Images whose tag is meant to be pushed again: untagged, `latest`, SNAPSHOTs, branch names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from olmis_release.errors import Problem
from olmis_release.manifest.defects.model import Context, warning
from olmis_release.manifest.image import ImageRef
from olmis_release.manifest.importers.model import Distribution

_SNAPSHOT = re.compile(r"(?:.*[^A-Za-z])?snapshot(?:[^A-Za-z].*)?\Z", re.IGNORECASE)
_BRANCH = re.compile(
    r"(?:.*[-._])?(?:staging|dev|develop|master|nightly)|stable|edge|development|main|head|trunk|test|uat|next",
    re.IGNORECASE,
)
_LATEST = re.compile(r"(?:.*[-._])?latest(?:[-._].*)?", re.IGNORECASE)


def check(distribution: Distribution, context: Context) -> Iterator[Problem]:
    """Yield every image that may be another one tomorrow; one with a digest is fixed."""
    del context
    for name, service in distribution.services.items():
        found = mutability_of(service.image) if service.image else None
        if found:
            defect, why = found
            message = f"{name}: {shown(service.image)} is not a fixed image: {why}."
            yield warning(defect, message, where=service.image_where, do="Name a released tag.")


def mutability_of(image: ImageRef) -> tuple[str, str] | None:
    """Return the defect and the reason why a tag may mean another image tomorrow, None when it should not."""
    if image.digest or image.by_digest:
        return None
    if image.untagged:
        return "untagged-image", "it names no tag, so it is whatever was pushed last"
    if _LATEST.fullmatch(image.tag):
        return "latest-tag", f"`{image.tag}` is whatever was pushed last"
    if _SNAPSHOT.match(image.tag):
        return "snapshot-tag", "a SNAPSHOT changes without notice"
    return ("moving-tag", f"`{image.tag}` follows a branch") if _BRANCH.fullmatch(image.tag) else None


def shown(image: ImageRef | None) -> str:
    """Return an image as its author wrote it: without the tag that Docker puts in."""
    return "" if image is None else image.written
