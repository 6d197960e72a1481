"""The Core releases that are known: manifests of the workspace, and the tags of a Core repository."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import semver

from olmis_release.errors import BadInput
from olmis_release.manifest.image import ImageRef
from olmis_release.manifest.importers.core import core_manifest, core_version
from olmis_release.manifest.importers.distribution import read_at
from olmis_release.manifest.importers.source import open_source
from olmis_release.manifest.infer import Nearest
from olmis_release.manifest.layers import CoreManifest
from olmis_release.version import core_place
from olmis_release.workspace import Workspace
from olmis_release.yamlio import read_model, read_yaml

COMPOSE_FILE = "docker-compose.yml"
"""Core's own file; what lies beside it is for developers."""


def workspace_cores(workspace: Workspace) -> dict[str, CoreManifest]:
    """Return the Core manifests of a workspace by version; a broken one is not this command's business."""
    found = {}
    for path in sorted((workspace.root / "manifests" / "core").glob("*.yml")):
        try:
            manifest = read_model(CoreManifest, read_yaml(path, shown_as=workspace.relative(path)))
        except BadInput:
            continue
        if semver.Version.is_valid(manifest.version):
            found[manifest.version] = manifest
    return found


def cores_of(source: str) -> dict[str, CoreManifest]:
    """Return every release that a Core repository has a tag for and that can be read, by version.

    Raises:
        BadInput: There is no such repository.
    """
    with open_source(source) as opened:
        tags = [tag for tag in opened.tags() if semver.Version.is_valid(core_version(tag))]
        read = ((tag, read_at(opened, f"refs/tags/{tag}", files=(COMPOSE_FILE,))) for tag in tags)
        return {core_version(tag): core_manifest(one, core_version(tag)) for tag, one in read if not one.doubtful}


def choose_base(nearest: Nearest, cores: Mapping[str, CoreManifest], wanted: str | None) -> CoreManifest | None:
    """Return the Core release to write an extension against: the one named, the nearest, else the newest final one.

    Raises:
        BadInput: The one named is not known.
    """
    if wanted is not None:
        if wanted in cores:
            return cores[wanted]
        raise BadInput.one(
            f"Core {wanted} is not known.",
            resolution=f"Run `olmis-release import core v{wanted} --from SOURCE` first, or name --core-source.",
            code="E-UNKNOWN-CORE",
        )
    if nearest.matches:
        return cores[nearest.matches[0]]
    versions = sorted((semver.Version.parse(version) for version in cores), key=core_place)
    final = [version for version in versions if not version.prerelease] or versions
    return cores[str(final[-1])] if final else None


def images_of(cores: Mapping[str, CoreManifest]) -> dict[str, dict[str, ImageRef]]:
    """Return the images of Core releases: version to component to image."""
    return {version: dict(_images(core)) for version, core in cores.items()}


def _images(core: CoreManifest) -> Iterator[tuple[str, ImageRef]]:
    for name, component in core.components.items():
        if component.image:
            yield name, ImageRef.as_written(component.image)
