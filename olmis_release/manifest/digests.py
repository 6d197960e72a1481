"""The digests of a release: asked for at the registry, or taken from what is on record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, runtime_checkable

from olmis_release.manifest.defects.mutable_tags import mutability_of
from olmis_release.manifest.findings import Findings
from olmis_release.manifest.lock import known_releases, load_release, parse_release
from olmis_release.manifest.merge import Merged
from olmis_release.manifest.model import Component, ImageRef, ReleaseManifest
from olmis_release.workspace import Workspace

DigestOf = Callable[[ImageRef], str | None]


@runtime_checkable
class KnowsPlatforms(Protocol):
    """A registry that also tells which image an index means on which platform."""

    def platforms(self, image: ImageRef) -> Mapping[str, str]:
        """Return platform to digest, nothing where an image's digest is not that of an index."""


def with_digests(merged: Merged, digest_of: DigestOf) -> ReleaseManifest:
    """Return the manifest with every image pinned; each repository and tag is asked for once.

    Raises:
        BadInput: Every image that the registry does not have, at the statement that names it.
    """
    findings = Findings()
    digests: dict[ImageRef, str | None] = {}
    for name, component in merged.manifest.components.items():
        image = component.image
        if image not in digests:
            digests[image] = image.digest or digest_of(image)
        if digests[image] is None:
            message = f"{name}: {image} is not at the registry ({image.registry})."
            way = "Check organisation and tag, or push the image."
            findings.error("E-IMAGE-NOT-FOUND", message, where=merged.image_places[name], do=way)
    findings.raise_errors()
    return _with_platforms(_pinned(merged.manifest, digests), digest_of)


def platforms_of(registry: object, image: ImageRef) -> dict[str, str]:
    """Return what an index means on each platform, as far as whoever knows digests tells that too."""
    return dict(registry.platforms(image)) if isinstance(registry, KnowsPlatforms) else {}


def _with_platforms(manifest: ReleaseManifest, registry: object) -> ReleaseManifest:
    components = {
        name: component.model_copy(update={"platforms": platforms_of(registry, component.image)})
        for name, component in manifest.components.items()
    }
    return manifest.model_copy(update={"components": components})


def _pinned(manifest: ReleaseManifest, digests: Mapping[ImageRef, str | None]) -> ReleaseManifest:
    components = {
        name: component.model_copy(
            update={"image": component.image.model_copy(update={"digest": digests[component.image]})}
        )
        for name, component in manifest.components.items()
    }
    return manifest.model_copy(update={"components": components})


def with_recorded_digests(
    workspace: Workspace, manifest: ReleaseManifest, *, newest: ReleaseManifest | None
) -> ReleaseManifest:
    """Return a release with the digests that its own newest candidate, else the release before it, has on record.

    The latter speaks for fixed tags only: what ``latest`` meant months ago says nothing about today.
    """
    filled = with_known_digests(manifest, newest) if newest else manifest
    if filled.pinned:
        return filled
    this = parse_release(manifest.version)
    older = [version for version in map(parse_release, known_releases(workspace)) if version < this]
    before = load_release(workspace, str(older[-1]))[0].components.values() if older else ()
    return _with_digests_of(filled, {str(one.image): one for one in before if not _moves(one.image)})


def with_known_digests(manifest: ReleaseManifest, known: ReleaseManifest) -> ReleaseManifest:
    """Return a release with the digests that another one knows for the same images; the others stay as they are."""
    return _with_digests_of(manifest, {str(component.image): component for component in known.components.values()})


def _with_digests_of(manifest: ReleaseManifest, known: Mapping[str, Component]) -> ReleaseManifest:
    components = {name: _like(part, known.get(str(part.image))) for name, part in manifest.components.items()}
    return manifest.model_copy(update={"components": components})


def _like(component: Component, other: Component | None) -> Component:
    """Return a component with another's digest, unless it has one of its own that differs."""
    if other is None or component.image.digest not in {None, other.image.digest}:
        return component
    image = component.image.model_copy(update={"digest": other.image.digest})
    return component.model_copy(update={"image": image, "platforms": other.platforms})


def _moves(image: ImageRef) -> bool:
    return mutability_of(image.model_copy(update={"digest": None})) is not None
