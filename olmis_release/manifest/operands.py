"""What a person means by A or B in a comparison: a release, a candidate, a manifest file, a compose file, a source."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import semver

from olmis_release.errors import BadInput, Where
from olmis_release.manifest.extension import Layer, in_range, load_core
from olmis_release.manifest.importers.model import Distribution
from olmis_release.manifest.layers import CoreManifest, ExtensionManifest
from olmis_release.manifest.lock import known_releases, load_release, newest_candidate, read_release
from olmis_release.manifest.merge import merge
from olmis_release.manifest.side import Side, of_core, of_distribution, of_release
from olmis_release.text import did_you_mean, listed
from olmis_release.version import ReleaseVersion
from olmis_release.workspace import Workspace, find_workspace
from olmis_release.yamlio import read_model, read_yaml

_KIND = re.compile(rb"^kind:[ \t]*[\"']?([a-z]+)", re.MULTILINE)
_CANDIDATE = re.compile(r"(?P<release>.+)/(?P<name>rc[1-9][0-9]*)\Z")
_REMOTE = re.compile(r"[a-z][a-z0-9+]*://|[\w.-]+@[\w.-]+:")
_HEAD_BYTES = 65_536


class SourceAt(NamedTuple):
    """``SOURCE@REF:FOLDER`` taken apart."""

    source: str
    ref: str | None
    folder: str | None


def read_side(find_workspace: Callable[[], Workspace], text: str) -> Side:
    """Return what a text on the command line stands for.

    Args:
        find_workspace: Gives the workspace; asked only where the text may name something in one.
        text: ``3.5.0+mw1``, ``3.5.0+mw1/rc2``, ``3.5.0``, a file, a folder, ``SOURCE@REF:FOLDER``.

    Raises:
        BadInput: It stands for nothing, or what it stands for cannot be read.
    """
    at = source_at(text)
    if at:
        return _of_source(at, name=text)
    path = Path(text)
    if path.is_file():
        return _of_file(path, text)
    if path.is_dir():
        return _of_source(SourceAt(text, None, None), name=text)
    return _of_workspace(find_workspace(), text)


def source_at(text: str) -> SourceAt | None:
    """Take ``SOURCE@REF:FOLDER`` apart; None where a text is none."""
    for split in (match.start() for match in re.finditer("@", text)):
        source, rest = text[:split], text[split + 1 :]
        if source and _is_source(source):
            ref, _, folder = rest.partition(":")
            return SourceAt(source, ref or None, folder.strip("/") or None)
    return SourceAt(text, None, None) if _REMOTE.match(text) else None


def _is_source(text: str) -> bool:
    """Return whether a text before an ``@`` is all of a source, and not a URL's user or half a path."""
    if Path(text).exists():
        return True
    remote = _REMOTE.match(text)
    return bool(remote) and "/" in text[remote.end() if remote else 0 :]


def _of_source(at: SourceAt, *, name: str) -> Side:
    from olmis_release.manifest.importers.distribution import read_distribution

    folder, files = _folder_and_file(at.folder)
    return _of_distribution(read_distribution(at.source, ref=at.ref, folder=folder, files=files), name=name)


def _folder_and_file(folder: str | None) -> tuple[str | None, tuple[str, ...]]:
    """Take the file off a path that names one: ``prod/docker-compose.yml``."""
    if folder is None or not folder.endswith((".yml", ".yaml")):
        return folder, ()
    above, _, file = folder.rpartition("/")
    return above or None, (file,)


def _of_compose_file(path: Path, *, name: str) -> Side:
    """Return a compose file as it lies there, in a repository or not."""
    from olmis_release.manifest.importers.distribution import read_at
    from olmis_release.manifest.importers.source import Source

    source = Source(name=str(path.parent), folder=path.parent)
    return _of_distribution(read_at(source, None, files=(path.name,)), name=name)


def _of_distribution(distribution: Distribution, *, name: str) -> Side:
    if distribution.doubtful and not _names_every_image(distribution):
        raise BadInput(distribution.doubtful, resolution="Correct what the places named above say, or compare another.")
    return of_distribution(distribution, name=name)


def _names_every_image(distribution: Distribution) -> bool:
    """Return whether all that ran is known: other faults of an old file are said, and do not hide what it was."""
    services = distribution.services.values()
    return bool(services) and all(service.image or service.built for service in services)


def _of_file(path: Path, text: str) -> Side:
    with path.open("rb") as file:
        kind = _KIND.search(file.read(_HEAD_BYTES))
    match kind.group(1) if kind else b"":
        case b"release":
            return of_release(read_release(path, shown_as=text), name=text)
        case b"core":
            return _of_core(path, text)
        case b"":
            return _of_compose_file(path, name=text)
        case b"extension":
            return _of_extension(path, text)
        case _:
            raise BadInput.one(
                "a file of this kind names no images by itself.",
                where=Where(file=text),
                resolution="Compare releases, Core or extension manifests, compose files or instances.",
                code="E-OPERAND",
            )


def _of_core(path: Path, text: str) -> Side:
    document = read_yaml(path, shown_as=text)
    manifest = read_model(CoreManifest, document)
    try:
        return of_core(manifest, name=text)
    except ValueError as error:
        raise BadInput.one(
            f"{error}.", where=Where(file=text), resolution="Correct the image.", code="E-IMAGE"
        ) from None


def _of_extension(path: Path, text: str) -> Side:
    """Return an extension with the newest Core of its own workspace that it is written for."""
    workspace = find_workspace(path.absolute().parent)
    document = read_yaml(path, shown_as=text)
    extension = Layer(name=path.stem, manifest=read_model(ExtensionManifest, document), document=document)
    versions = sorted(_core_versions(workspace))
    fitting = [version for version in versions if in_range(version, extension)]
    if not fitting:
        raise BadInput.one(
            f"it is for Core {extension.manifest.core}, and no Core manifest beside it is in that range.",
            where=document.where(("core",)),
            resolution=f"There are: {listed(map(str, versions))}. Import the Core that it speaks about.",
            code="E-UNKNOWN-CORE",
        )
    core = ReleaseVersion(core=fitting[-1])
    merged = merge(load_core(workspace, core), extension, version=f"{core}+{extension.manifest.name}0")
    return of_release(merged.manifest, name=text)


def _core_versions(workspace: Workspace) -> Iterator[semver.Version]:
    for path in workspace.core("x").parent.glob("*.yml"):
        with suppress(ValueError):
            yield ReleaseVersion.parse(path.stem).core


def _of_workspace(workspace: Workspace, text: str) -> Side:
    candidate = _CANDIDATE.match(text)
    if candidate:
        path = workspace.candidates(candidate["release"]) / f"{candidate['name']}.yml"
        if path.is_file():
            return of_release(read_release(path, shown_as=workspace.relative(path)), name=text)
    try:
        version = str(ReleaseVersion.parse(text))
    except ValueError:
        raise _unknown(workspace, text) from None
    if workspace.release(version).exists() or newest_candidate(workspace, version):
        return of_release(load_release(workspace, version)[0], name=text)
    core = workspace.core(version)
    if core.is_file():
        return _of_core(core, workspace.relative(core))
    raise _unknown(workspace, text)


def _unknown(workspace: Workspace, text: str) -> BadInput:
    known = tuple(_known(workspace))
    return BadInput.one(
        f"{text!r} is no release, candidate, instance, file, folder or SOURCE@REF:FOLDER. "
        f"{did_you_mean(text, known)}".rstrip(),
        resolution=f"There are: {listed(known)}.",
        code="E-OPERAND",
    )


def _known(workspace: Workspace) -> Iterator[str]:
    yield from known_releases(workspace)
    yield from sorted(path.stem for path in (workspace.root / "manifests" / "core").glob("*.yml"))
    yield from workspace.instance_names()
