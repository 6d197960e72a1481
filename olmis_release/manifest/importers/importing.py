"""An import from beginning to end: read, recognise, judge, write the manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import semver

from olmis_release.errors import BadInput, Problem, Severity, Where
from olmis_release.manifest.image import ImageRef
from olmis_release.manifest.importers.core import core_data, core_version
from olmis_release.manifest.importers.cores import COMPOSE_FILE, choose_base, cores_of, workspace_cores
from olmis_release.manifest.importers.country import Country, extension_of
from olmis_release.manifest.importers.distribution import read_at
from olmis_release.manifest.importers.earlier import earlier_images, extension_path, images_before
from olmis_release.manifest.importers.generation import second_generation
from olmis_release.manifest.importers.judging import judged
from olmis_release.manifest.importers.model import Distribution
from olmis_release.manifest.importers.source import open_source
from olmis_release.manifest.importers.writing import Manifest, Outcome, write
from olmis_release.manifest.infer import Nearest, nearest_core, telling_images
from olmis_release.manifest.layers import CoreManifest
from olmis_release.manifest.policy import Stage
from olmis_release.text import safe
from olmis_release.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is to be imported.

    Attributes:
        source: A git URL, a local repository, a bundle, or a plain folder.
        ref: Tag, branch or commit.
        stage: What the manifest is wanted for, which decides what is an error.
        core_source: A Core repository whose tags are known besides the workspace's Core manifests.
        core: The Core release to write the extension against; the nearest when None.
        stand_ins: Images for services that are built on the spot.
        writes: Whether the manifest is written.
        replaces: Whether a manifest that a person changed is written over.
    """

    source: str
    ref: str | None = None
    folder: str | None = None
    files: Sequence[str] = ()
    env_files: Sequence[str] = ()
    stage: Stage = Stage.DEVELOPMENT
    core_source: str | None = None
    core: str | None = None
    stand_ins: Mapping[str, ImageRef] = field(default_factory=dict)
    writes: bool = True
    replaces: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import came to.

    Attributes:
        distribution: What was read.
        nearest: The Core releases that it fits.
        problems: Everything wrong or doubtful, as the stage takes it.
        files: The manifests and what became of each.
        country: For an extension: what it says.
        base: The Core release that it is written against.
    """

    distribution: Distribution
    nearest: Nearest = field(default_factory=Nearest)
    problems: tuple[Problem, ...] = ()
    files: tuple[tuple[Path, Outcome], ...] = ()
    country: Country | None = None
    base: str = ""

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that stopped the import."""
        return tuple(problem for problem in self.problems if problem.severity is Severity.ERROR)


def import_core(workspace: Workspace | None, tag: str, request: Request) -> Imported:
    """Import a Core release.

    Args:
        workspace: Where its manifest goes; None only reads.
        tag: The tag; ``3.19.2`` finds ``v3.19.2``.
        request: Where it is read from.

    Raises:
        BadInput: The source or the tag does not exist.
    """
    version = core_version(tag)
    if not semver.Version.is_valid(version):
        raise BadInput.one(
            f"{safe(tag)} is no Core release: a version such as v3.19.2 is expected.",
            resolution="Name the tag of the release.",
            code="E-CORE-VERSION",
        )
    files = request.files or (COMPOSE_FILE,)
    distribution = _read(replace(request, ref=_tag_in(request.source, tag), files=files))
    before = images_before(workspace, version) if workspace else {}
    problems = judged(workspace, distribution, stage=request.stage, earlier=before)
    found = Imported(distribution=distribution, problems=problems)
    if distribution.doubtful:
        return replace(found, nearest=Nearest())
    data = core_data(distribution, version)
    own = telling_images(CoreManifest.model_validate(data))
    found = replace(found, nearest=nearest_core(distribution.images, [own]), base=version)
    if found.errors or workspace is None or not request.writes:
        return found
    said = f"Core {version} as published, imported by olmis-release."
    path = workspace.core(version)
    return _with_file(found, path, Manifest(kind="core", said=said, data=data), request=request)


def _tag_in(source: str, tag: str) -> str | None:
    """Return the tag as the source has it; None for a plain folder, which is as it is."""
    with open_source(source) as opened:
        if opened.repository is None:
            return None
        tags = opened.tags()
    for name in (tag, f"v{tag}"):
        if name in tags:
            return f"refs/tags/{name}"
    return tag


def import_extension(workspace: Workspace | None, name: str, request: Request) -> Imported:
    """Import a country's distribution as an extension.

    Args:
        workspace: Where its manifest goes, and where Core manifests are; None only reads.
        name: The extension's name.
        request: Where it is read from.

    Raises:
        BadInput: The source, ref, folder or file does not exist, or the Core release that was named is not known.
    """
    distribution = _read(request)
    cores = {**(cores_of(request.core_source) if request.core_source else {})}
    cores |= workspace_cores(workspace) if workspace else {}
    nearest = nearest_core(distribution.images, [telling_images(core) for core in cores.values()])
    known = earlier_images(workspace, name, cores) if workspace else {}
    problems = judged(workspace, distribution, stage=request.stage, cores=cores, earlier=known)
    found = Imported(distribution=distribution, nearest=nearest, problems=problems)
    base = choose_base(nearest, cores, request.core)
    if found.errors:
        return found
    if base is None:
        do = "Run `olmis-release import core TAG --from SOURCE` first, or name --core-source."
        return _with_warning(found, "W-NO-CORE", "no Core release is known, so no extension can be written.", do=do)
    if not nearest.matches and request.core is None:
        message = f"no Core release may be claimed: the extension is written against {base.version}, the newest known."
        do = "Import the Core release it is built on, or name one with --core."
        found = _with_warning(found, "W-NO-NEAREST-CORE", message, do=do)
    country = extension_of(distribution, base, name=name, stand_ins=request.stand_ins)
    found = _with_stand_ins(replace(found, country=country, base=base.version), request)
    if workspace is None or not request.writes:
        return found
    return _written(workspace, name, found, request=request, cores=cores)


def _written(
    workspace: Workspace, name: str, found: Imported, *, request: Request, cores: Mapping[str, CoreManifest]
) -> Imported:
    assert found.country is not None  # noqa: S101 - the caller made it
    if not workspace.core(found.base).exists():
        core = cores[found.base].model_dump(mode="json", by_alias=True, exclude_defaults=True)
        data = {"kind": "core", **core}
        said = f"Core {found.base} as published, imported by olmis-release."
        found = _with_file(
            found, workspace.core(found.base), Manifest(kind="core", said=said, data=data), request=request
        )
    said = f"What {name} says about Core {found.base}, imported by olmis-release."
    manifest = Manifest(kind="extension", said=said, data=found.country.data if found.country else {})
    return _with_file(found, extension_path(workspace, name, found.base), manifest, request=request)


def _with_file(found: Imported, path: Path, manifest: Manifest, *, request: Request) -> Imported:
    outcome = write(path, manifest, replace=request.replaces)
    found = replace(found, files=(*found.files, (path, outcome)))
    if outcome is not Outcome.KEPT:
        return found
    message = f"{path.name} was written or changed by a person, so it was kept as it is."
    return _with_warning(found, "W-KEPT", message, do="Say --replace to write over it.")


def _with_stand_ins(found: Imported, request: Request) -> Imported:
    """Warn of images that stand in for what is built on the spot: nobody has pushed them yet, as far as is known."""
    assert found.country is not None  # noqa: S101 - the caller made it
    for service, image in found.country.stand_ins.items():
        if service not in request.stand_ins:
            ours = found.distribution.services[service]
            message = (
                f"{service} is built from {ours.build}; a release takes finished images, so {image} stands for it."
            )
            do = f"Build and push it under that name, or name another with --built {service}=IMAGE."
            found = _with_warning(found, "W-BUILT", message, do=do, where=ours.place("build"))
    return found


def _with_warning(found: Imported, code: str, message: str, *, do: str = "", where: Where | None = None) -> Imported:
    problem = Problem(code=code, message=message, resolution=do, where=where, severity=Severity.WARNING)
    return replace(found, problems=(*found.problems, problem))


def _read(request: Request) -> Distribution:
    with open_source(request.source) as opened:
        try:
            found = read_at(
                opened, request.ref, folder=request.folder, files=request.files, env_files=request.env_files
            )
        except BadInput as error:
            refusal = second_generation(Distribution(name="", folder=request.folder or ""), opened.at(request.ref))
            raise BadInput([*error.problems, refusal], resolution=error.resolution) if refusal else error from None
        refusal = second_generation(found, opened.at(request.ref))
    return replace(found, problems=(refusal, *found.problems)) if refusal else found
