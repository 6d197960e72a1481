"""Making a candidate: load the layers, merge, ask the registry for digests, write the next ``rcN.yml``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from olmis_release.errors import BadInput, Problem
from olmis_release.manifest.defects.release import context_of, find_in_release
from olmis_release.manifest.defects.run import OF_VALUES
from olmis_release.manifest.digests import DigestOf, with_digests, with_recorded_digests
from olmis_release.manifest.extension import load_core, load_extension
from olmis_release.manifest.lock import (
    canonical,
    newest_candidate,
    parse_release,
    read_release,
    readable,
)
from olmis_release.manifest.merge import Merged, Override, merge
from olmis_release.manifest.model import ReleaseManifest
from olmis_release.manifest.policy import Stage, load_policy, passed
from olmis_release.workspace import Workspace


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
        digest_of: Asks the registry what a tag means, None for an image that it does not have. Without it the digests
            that the newest candidate or release knows are taken over; where one stays open, nothing can be planned.
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
    newest = _newest(workspace, str(version))
    warnings = _judged(workspace, merged, stage, earlier=newest.manifest)
    manifest = (
        with_digests(merged, digest_of)
        if digest_of
        else with_recorded_digests(workspace, merged.manifest, newest=newest.manifest)
    )
    return kept_or_written(workspace, manifest, warnings, newest=newest)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Newest:
    """A release's newest candidate; number 0 when it has none."""

    number: int = 0
    path: Path | None = None
    manifest: ReleaseManifest | None = None


def _newest(workspace: Workspace, release: str) -> _Newest:
    found = newest_candidate(workspace, release)
    if found is None:
        return _Newest()
    number, path = found
    return _Newest(number=number, path=path, manifest=read_release(path, shown_as=workspace.relative(path)))


def _judged(
    workspace: Workspace, merged: Merged, stage: Stage, *, earlier: ReleaseManifest | None
) -> tuple[Problem, ...]:
    """Return what a reviewer should know of a release.

    Raises:
        BadInput: What the policy refuses at the stage.
    """
    policy = load_policy(workspace)
    found = find_in_release(merged.manifest, context_of(policy, earlier=earlier), checks=OF_VALUES)
    return passed(policy.judge([*merged.warnings, *found], stage))


def kept_or_written(
    workspace: Workspace,
    manifest: ReleaseManifest,
    warnings: tuple[Problem, ...] = (),
    *,
    newest: _Newest | None = None,
) -> CandidateResult:
    """Write a release as its next candidate, unless the newest one (read here if not given) says the same already.

    Raises:
        BadInput: The folder cannot be written to.
    """
    folder = workspace.candidates(manifest.version)
    newest = newest or _newest(workspace, manifest.version)
    number, file, previous = newest.number, newest.path, newest.manifest
    if previous and canonical(previous) == canonical(manifest):
        return CandidateResult(
            manifest=previous, path=None, number=number, same_as=file, previous=previous, warnings=warnings
        )
    path = _written(folder, number + 1, readable(manifest))
    number = int(path.stem.removeprefix("rc"))
    return CandidateResult(
        manifest=manifest, path=path, number=number, same_as=None, previous=previous, warnings=warnings
    )


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
