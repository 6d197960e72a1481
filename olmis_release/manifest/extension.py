"""Reading layers: the Core manifest of a release, and the one extension that speaks about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import semver

from olmis_release.errors import BadInput, Problem
from olmis_release.manifest.findings import Findings
from olmis_release.manifest.layers import CoreManifest, ExtensionManifest
from olmis_release.manifest.model import Strict
from olmis_release.manifest.provenance import CORE, Said, said_in
from olmis_release.text import did_you_mean, listed
from olmis_release.version import ReleaseVersion, satisfies
from olmis_release.workspace import Workspace
from olmis_release.yamlio import Document, read_model, read_yaml

M = TypeVar("M", bound=Strict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer(Generic[M]):
    """A manifest together with the document that it was read from."""

    name: str
    manifest: M
    document: Document

    def said(self, findings: Findings) -> Said:
        """Return the root of what this layer says."""
        return said_in(self.document, self.name, findings)


def load_core(workspace: Workspace, version: ReleaseVersion) -> Layer[CoreManifest]:
    """Return the Core manifest that a release is made from.

    Raises:
        BadInput: There is none (lists those that exist), or it is wrong.
    """
    wanted = str(version.core)
    path = workspace.core(wanted)
    if not path.exists():
        raise _no_core(path, wanted)
    document = read_yaml(path, shown_as=workspace.relative(path))
    manifest = read_model(CoreManifest, document)
    if manifest.version != wanted:
        raise BadInput.one(
            f"the file says version {manifest.version}, its name says {wanted}.",
            where=document.where(("version",)),
            resolution="Make the two agree.",
            code="E-CORE-VERSION",
        )
    return Layer(name=CORE, manifest=manifest, document=document)


def _no_core(path: Path, wanted: str) -> BadInput:
    known = sorted(file.stem for file in path.parent.glob("*.yml"))
    return BadInput.one(
        f"there is no manifest of Core {wanted} (core/{path.name}). {did_you_mean(wanted, known)}".rstrip(),
        resolution=f"There are: {listed(known)}. Or add the file.",
        code="E-UNKNOWN-CORE",
    )


def load_extension(workspace: Workspace, version: ReleaseVersion) -> Layer[ExtensionManifest] | None:
    """Return the extension that a release names: the one with that name whose ``core`` range holds the Core release.

    Raises:
        BadInput: No extension fits, or several do (lists them), or a file is wrong.
    """
    if version.name is None:
        return None
    found = tuple(_named(workspace, version.name))
    fitting = [layer for layer in found if _fits(layer, version)]
    if len(fitting) == 1:
        return fitting[0]
    raise _several(fitting, version) if fitting else _none(workspace, found, version)


def _named(workspace: Workspace, name: str) -> Iterator[Layer[ExtensionManifest]]:
    """Yield the extensions of a name; the broken file of another name is not this release's business."""
    for path in sorted(workspace.extensions.glob("*.yml")):
        document = read_yaml(path, shown_as=workspace.relative(path))
        if document.data.get("name", name) == name:
            manifest = read_model(ExtensionManifest, document)
            yield Layer(name=name, manifest=manifest, document=document)


def _fits(layer: Layer[ExtensionManifest], version: ReleaseVersion) -> bool:
    try:
        return satisfies(version.core, layer.manifest.core)
    except ValueError as error:
        raise BadInput.one(
            f"`core`: {error}.",
            where=layer.document.where(("core",)),
            resolution='Write a range such as ">=3.5.0,<3.6.0".',
            code="E-RANGE",
        ) from None


def in_range(core: semver.Version, layer: Layer[ExtensionManifest]) -> bool:
    """Return whether an extension speaks about a Core release.

    Raises:
        BadInput: Its range cannot be read.
    """
    return _fits(layer, ReleaseVersion(core=core))


def _several(layers: list[Layer[ExtensionManifest]], version: ReleaseVersion) -> BadInput:
    return BadInput(
        [
            Problem(
                code="E-EXTENSION-AMBIGUOUS",
                message=f"extension {layer.name} (Core {layer.manifest.core}) fits {version.core}, and so do others.",
                resolution="",
                where=layer.document.where(("core",)),
            )
            for layer in layers
        ],
        resolution="Narrow the `core` ranges so that exactly one holds each Core release.",
    )


def _none(workspace: Workspace, found: tuple[Layer[ExtensionManifest], ...], version: ReleaseVersion) -> BadInput:
    if found:
        problems = [
            Problem(
                code="E-EXTENSION-RANGE",
                message=f"this extension is for Core {layer.manifest.core}, not {version.core}.",
                resolution="",
                where=layer.document.where(("core",)),
            )
            for layer in found
        ]
        return BadInput(problems, resolution=f"Widen a range, or write an extension {version.name} for {version.core}.")
    known = sorted(path.stem for path in workspace.extensions.glob("*.yml"))
    return BadInput.one(
        f"no extension is named {version.name}. {did_you_mean(str(version.name), known)}".rstrip(),
        resolution=f"Files in manifests/extensions: {listed(known)}.",
        code="E-UNKNOWN-EXTENSION",
    )
