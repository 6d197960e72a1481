"""The images of the manifest before: to see which organisation changed, and which version went down."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

import semver

from olmis_release.errors import BadInput
from olmis_release.manifest.image import ImageRef
from olmis_release.manifest.importers.cores import images_of, workspace_cores
from olmis_release.manifest.layers import CoreManifest, ExtensionManifest, Statement
from olmis_release.version import satisfies
from olmis_release.workspace import Workspace
from olmis_release.yamlio import read_model, read_yaml


def earlier_images(workspace: Workspace, name: str, cores: Mapping[str, CoreManifest]) -> dict[str, ImageRef]:
    """Return the image of each service as the extension's manifest has it; nothing without a readable one."""
    path = workspace.extensions / f"{name}.yml"
    found: dict[str, ImageRef] = {}
    with suppress(BadInput, ValueError):
        if path.exists():
            extension = read_model(ExtensionManifest, read_yaml(path, shown_as=workspace.relative(path)))
            found = _images(extension, _core_of(extension, cores))
    return found


def images_before(workspace: Workspace, version: str) -> dict[str, ImageRef]:
    """Return the images of the newest known Core release below a version; nothing when there is none."""
    this = semver.Version.parse(version)
    images = images_of(workspace_cores(workspace))
    older = [other for other in images if semver.Version.parse(other) < this]
    return dict(images[max(older, key=semver.Version.parse)]) if older else {}


def _core_of(extension: ExtensionManifest, cores: Mapping[str, CoreManifest]) -> CoreManifest | None:
    fitting = [version for version in cores if satisfies(semver.Version.parse(version), extension.core)]
    return cores[max(fitting, key=semver.Version.parse)] if fitting else None


def _images(extension: ExtensionManifest, core: CoreManifest | None) -> dict[str, ImageRef]:
    components = core.components if core else {}
    images = {name: ImageRef.parse(one.image) for name, one in components.items() if one.image}
    for name, statement in extension.components.items():
        images = _after(images, name, statement)
    return images


def _after(images: dict[str, ImageRef], name: str, statement: Statement) -> dict[str, ImageRef]:
    """Return the images after a statement."""
    rest = {key: image for key, image in images.items() if key != name}
    if statement.replace:
        return rest | {statement.replace.as_name or name: ImageRef.parse(statement.replace.image)}
    if statement.add:
        return rest | {name: ImageRef.parse(statement.add.image)}
    return rest if statement.remove else images
