"""Making a candidate: load the layers, merge, ask the registry for digests, write the next ``rcN.yml``."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol, runtime_checkable

from olmis_release.errors import BadInput, Problem
from olmis_release.manifest.defects.release import context_of, find_in_release
from olmis_release.manifest.defects.run import OF_VALUES
from olmis_release.manifest.extension import load_core, load_extension
from olmis_release.manifest.findings import Findings
from olmis_release.manifest.lock import canonical, newest_candidate, parse_release, read_release
from olmis_release.manifest.merge import Merged, Override, merge
from olmis_release.manifest.model import Component, ImageRef, ReleaseManifest
from olmis_release.manifest.policy import Stage, load_policy, passed
from olmis_release.workspace import Workspace

DigestOf = Callable[[ImageRef], str | None]


@runtime_checkable
class KnowsPlatforms(Protocol):
    """A registry that also tells which image an index means on which platform."""

    def platforms(self, image: ImageRef) -> Mapping[str, str]:
        """Return platform to digest, nothing where an image's digest is not that of an index."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateResult:
    """What `make_candidate` came to.

    Attributes:
        manifest: The candidate.
        path: The file written, None when nothing changed.
        number: N of its ``rcN``.
        same_as: The file that says the same already, None when a new one was written.
        previous: The candidate before it, None for the first.
        warnings: What a reviewer should know.
    """

    manifest: ReleaseManifest
    path: Path | None
    number: int
    same_as: Path | None
    previous: ReleaseManifest | None
    warnings: tuple[Problem, ...]


def make_candidate(
    workspace: Workspace,
    release: str,
    *,
    digest_of: DigestOf | None,
    overrides: Sequence[tuple[str, str]] = (),
    reason: str = "",
    stage: Stage = Stage.DEVELOPMENT,
) -> CandidateResult:
    """Merge a release and write it as its next candidate, unless the newest one says the same already.

    Args:
        workspace: Where the manifests are.
        release: For example ``3.5.0+mw1``.
        digest_of: Asks the registry what a tag means, None for an image that it does not have; without it digests
            stay open, and such a candidate cannot be planned.
        overrides: Component and tag from the command line.
        reason: Why the overrides.
        stage: What the candidate is wanted for; the workspace's policy says what is refused then.

    Raises:
        BadInput: Everything that is wrong with the manifests, or that the policy refuses, or every image that the
            registry does not have; nothing was written.
    """
    version = parse_release(release)
    core, extension = load_core(workspace, version), load_extension(workspace, version)
    said = [Override(component=component, tag=tag, reason=reason) for component, tag in overrides]
    merged = merge(core, extension, said, version=str(version))
    warnings = _judged(workspace, merged, stage)
    manifest = _with_platforms(_with_digests(merged, digest_of), digest_of) if digest_of else merged.manifest
    return kept_or_written(workspace, manifest, warnings)


def _judged(workspace: Workspace, merged: Merged, stage: Stage) -> tuple[Problem, ...]:
    """Return what a reviewer should know of a release.

    Raises:
        BadInput: What the policy refuses at the stage.
    """
    policy = load_policy(workspace)
    newest = newest_candidate(workspace, merged.manifest.version)
    earlier = read_release(newest[1], shown_as=workspace.relative(newest[1])) if newest else None
    found = find_in_release(merged.manifest, context_of(policy, earlier=earlier), checks=OF_VALUES)
    return passed(policy.judge([*merged.warnings, *found], stage))


def _with_digests(merged: Merged, digest_of: DigestOf) -> ReleaseManifest:
    """Return the manifest with every image pinned; each repository and tag is asked for once."""
    findings = Findings()
    digests: dict[str, str | None] = {}
    for name, component in merged.manifest.components.items():
        image = component.image
        if str(image) not in digests:
            digests[str(image)] = image.digest or digest_of(image)
        if digests[str(image)] is None:
            message = f"{name}: {image} is not at the registry ({image.registry})."
            way = "Check organisation and tag, or push the image."
            findings.error("E-IMAGE-NOT-FOUND", message, where=merged.image_places[name], do=way)
    findings.raise_errors()
    return _pinned(merged.manifest, digests)


def platforms_of(registry: object, image: ImageRef) -> dict[str, str]:
    """Return what an index means on each platform, as far as whoever knows digests tells that too."""
    return dict(registry.platforms(image)) if isinstance(registry, KnowsPlatforms) else {}


def _with_platforms(manifest: ReleaseManifest, registry: object) -> ReleaseManifest:
    components = {
        name: component.model_copy(update={"platforms": platforms_of(registry, component.image)})
        for name, component in manifest.components.items()
    }
    return manifest.model_copy(update={"components": components})


def _pinned(manifest: ReleaseManifest, digests: Mapping[str, str | None]) -> ReleaseManifest:
    components = {
        name: component.model_copy(
            update={"image": component.image.model_copy(update={"digest": digests[str(component.image)]})}
        )
        for name, component in manifest.components.items()
    }
    return manifest.model_copy(update={"components": components})


def kept_or_written(
    workspace: Workspace, manifest: ReleaseManifest, warnings: tuple[Problem, ...] = ()
) -> CandidateResult:
    """Write a release as its next candidate, unless the newest one says the same already.

    Raises:
        BadInput: The folder cannot be written to.
    """
    folder = workspace.candidates(manifest.version)
    number, file = newest_candidate(workspace, manifest.version) or (0, None)
    previous = read_release(file, shown_as=workspace.relative(file)) if file else None
    if previous and _says_the_same(previous, manifest):
        return CandidateResult(
            manifest=previous, path=None, number=number, same_as=file, previous=previous, warnings=warnings
        )
    path = _written(folder, number + 1, canonical(manifest))
    number = int(path.stem.removeprefix("rc"))
    return CandidateResult(
        manifest=manifest, path=path, number=number, same_as=None, previous=previous, warnings=warnings
    )


def _says_the_same(previous: ReleaseManifest, manifest: ReleaseManifest) -> bool:
    """Compare canonical bytes; a manifest made offline knows no digests, so they are left out of its comparison."""
    if not manifest.pinned:
        previous = with_known_digests(previous, manifest)
    return canonical(previous) == canonical(manifest)


def with_known_digests(manifest: ReleaseManifest, known: ReleaseManifest) -> ReleaseManifest:
    """Return a release with the digests that another one knows for the same images; the others stay open."""
    like = {str(component.image): component for component in known.components.values()}

    def one(component: Component) -> Component:
        other = like.get(str(component.image))
        image = component.image.model_copy(update={"digest": other.image.digest if other else None})
        return component.model_copy(update={"image": image, "platforms": other.platforms if other else {}})

    return manifest.model_copy(update={"components": {name: one(part) for name, part in manifest.components.items()}})


def _written(folder: Path, number: int, text: str) -> Path:
    """Write ``rcN.yml`` in one piece; whoever took the number first keeps it.

    Raises:
        BadInput: The folder cannot be written to, or the disk is full.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder, prefix=".rc") as aside:
            return _placed(folder, number, _draft(Path(aside) / "draft.yml", text))
    except OSError as error:
        raise BadInput.one(
            f"{folder} cannot be written: {error.strerror}.",
            resolution="Check the folder's rights and the room on its disk; nothing was written.",
            code="E-UNWRITABLE",
        ) from error


def _draft(path: Path, text: str) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return path


def _placed(folder: Path, number: int, draft: Path) -> Path:
    """Give a finished file the next free number; a link, unlike a rename, never replaces another's."""
    while True:
        path = folder / f"rc{number}.yml"
        with suppress(FileExistsError):
            path.hardlink_to(draft)
            return path
        number += 1
