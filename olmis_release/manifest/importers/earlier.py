"""The images of the manifest before: to see which organisation changed, and which version went down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import semver

from olmis_release.errors import BadInput
from olmis_release.manifest.image import ImageRef
from olmis_release.manifest.importers.cores import images_of, workspace_cores
from olmis_release.manifest.layers import CoreManifest, ExtensionManifest, Statement
from olmis_release.version import core_place, satisfies
from olmis_release.workspace import Workspace
from olmis_release.yamlio import read_model, read_yaml


def extension_path(workspace: Workspace, name: str, base: str) -> Path:
    """Return the file for an extension to a Core release: the one that is for it, else a new one beside those."""
    version = semver.Version.parse(base)
    for path, extension in _extensions(workspace, name):
        if satisfies(version, extension.core):
            return path
    plain = workspace.extensions / f"{name}.yml"
    return workspace.extensions / f"{name}-{base}.yml" if plain.exists() else plain


def earlier_images(workspace: Workspace, name: str, cores: Mapping[str, CoreManifest]) -> dict[str, ImageRef]:
    """Return the image of each service as the extension for the newest Core has it; nothing without one."""
    known = [(extension, _core_of(extension, cores)) for _, extension in _extensions(workspace, name)]
    fitting = [(extension, core) for extension, core in known if core]
    if not fitting:
        return {}
    extension, core = max(fitting, key=lambda pair: _place(pair[1].version))
    try:
        return _images(extension, core)
    except ValueError:
        return {}  # an image that cannot be read is for the merge to tell


def images_before(workspace: Workspace, version: str) -> dict[str, ImageRef]:
    """Return the images of the newest known Core release below a version; nothing when there is none."""
    images = images_of(workspace_cores(workspace))
    older = [other for other in images if _place(other) < _place(version)]
    return dict(images[max(older, key=_place)]) if older else {}


def _place(version: str) -> tuple[object, ...]:
    return core_place(semver.Version.parse(version))


def _extensions(workspace: Workspace, name: str) -> Iterator[tuple[Path, ExtensionManifest]]:
    """Yield the readable extensions of a name with their files."""
    for path in sorted(workspace.extensions.glob("*.yml")):
        with suppress(BadInput, ValueError):
            extension = read_model(ExtensionManifest, read_yaml(path, shown_as=workspace.relative(path)))
            if extension.name == name and satisfies(semver.Version(0), extension.core) is not None:
                yield path, extension


def _core_of(extension: ExtensionManifest, cores: Mapping[str, CoreManifest]) -> CoreManifest | None:
    fitting = [version for version in cores if satisfies(semver.Version.parse(version), extension.core)]
    return cores[max(fitting, key=_place)] if fitting else None


def _images(extension: ExtensionManifest, core: CoreManifest) -> dict[str, ImageRef]:
    images = {key: ImageRef.as_written(one.image) for key, one in core.components.items() if one.image}
    for name, statement in extension.components.items():
        images = _after(images, name, statement)
    return images


def _after(images: dict[str, ImageRef], name: str, statement: Statement) -> dict[str, ImageRef]:
    """Return the images after a statement."""
    rest = {key: image for key, image in images.items() if key != name}
    if statement.replace:
        return rest | {statement.replace.as_name or name: ImageRef.as_written(statement.replace.image)}
    if statement.pin and name in images:
        return rest | {name: ImageRef(repository=images[name].repository, tag=statement.pin)}
    if statement.add:
        return rest | {name: ImageRef.as_written(statement.add.image)}
    return rest if statement.remove else images
