"""The merge: Core, then the country's statements, then the command line; values in, a release manifest out.

Later layers win, each value remembers what it beat, and nothing is silently ignored: a statement about something that
does not exist is an error. All errors are collected, so that one run names them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import semver

from olmis_release.errors import Problem, Where
from olmis_release.manifest import checks
from olmis_release.manifest.collector import not_collecting
from olmis_release.manifest.constraints import Stated, narrowed
from olmis_release.manifest.draft import start
from olmis_release.manifest.extension import Layer, in_range
from olmis_release.manifest.findings import Findings
from olmis_release.manifest.layers import CoreManifest, ExtensionManifest
from olmis_release.manifest.model import TAG, ReleaseManifest
from olmis_release.manifest.provenance import COMMAND_LINE, Said
from olmis_release.manifest.settle import settle
from olmis_release.manifest.statements import Drafts, changed_by, unknown_target
from olmis_release.manifest.top_level import top_level, with_module_volumes
from olmis_release.manifest.verbs import pinned


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """``--set component=tag`` of the command line."""

    component: str
    tag: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What came out: the manifest, its digests still open, what to know about it, and the exact place of each image."""

    manifest: ReleaseManifest
    warnings: tuple[Problem, ...]
    image_places: dict[str, Where]


@not_collecting()
def merge(
    core: Layer[CoreManifest],
    extension: Layer[ExtensionManifest] | None,
    overrides: Sequence[Override] = (),
    *,
    version: str,
) -> Merged:
    """Return the release that the layers make.

    Raises:
        BadInput: Everything that is wrong, each with its place; for a conflict both places.
    """
    findings = Findings()
    drafts = _core_drafts(core, findings)
    own = {name: draft.image.repository if draft.image else "" for name, draft in drafts.items()}
    if extension:
        _apply(extension, drafts, core=core.manifest.version, said=extension.said(findings))
    for override in overrides:
        _override(drafts, override, findings)
    settled = settle(drafts, findings)
    if not settled.drafts:
        where = (extension or core).document.where(("components",))
        findings.error("E-EMPTY", "no component is left.", where=where, do="Leave one in, or add one.")
    around = top_level(core, extension, findings)
    with_module_volumes(around, settled.module_volumes, findings)
    used = checks.check(
        settled, volumes=around.volumes, networks=around.networks, variables=around.variables, findings=findings
    )
    if extension:
        _warn_of_unused(extension, used, findings)
    stated = [_stated(layer, findings) for layer in (core, extension) if layer]
    held = narrowed(settled.drafts, stated, repositories=own)
    findings.raise_errors()
    return Merged(
        manifest=ReleaseManifest(
            version=version,
            core=core.manifest.version,
            extension=extension.name if extension else None,
            variables={name: around.variables[name] for name in sorted(used)},
            volumes=around.volumes,
            networks=around.networks,
            origin=around.origins(
                (
                    *(f"variables.{name}" for name in used),
                    *(f"volumes.{name}" for name in around.volumes),
                    *(f"networks.{name}" for name in around.networks),
                )
            ),
            constraints=held,
            components={name: draft.component() for name, draft in sorted(settled.drafts.items())},
            dropped=dict(sorted(settled.dropped.items())),
        ),
        warnings=findings.warnings,
        image_places={name: draft.where("image") for name, draft in settled.drafts.items()},
    )


def _stated(layer: Layer[CoreManifest] | Layer[ExtensionManifest], findings: Findings) -> Stated:
    manifest = layer.manifest
    overrides = manifest.overrides if isinstance(manifest, ExtensionManifest) else {}
    return Stated(said=layer.said(findings), constraints=manifest.constraints, overrides=overrides)


def _core_drafts(core: Layer[CoreManifest], findings: Findings) -> Drafts:
    components = core.manifest.components
    said = core.said(findings)
    return {name: start(name, what, said.inside("components", name)) for name, what in components.items()}


def _apply(extension: Layer[ExtensionManifest], drafts: Drafts, *, core: str, said: Said) -> None:
    if not in_range(semver.Version.parse(core), extension):
        message = f"this extension is for Core {extension.manifest.core}, not {core}."
        said.findings.error(
            "E-EXTENSION-RANGE", message, where=said.at("core"), do="Widen the range or take another extension."
        )
    for name, statement in extension.manifest.components.items():
        place = said.inside("components", name, reason=statement.reason)
        drafts.update(changed_by(drafts, name, statement, said=place))


def _override(drafts: Drafts, override: Override, findings: Findings) -> None:
    place = Where(file=f"--set {override.component}={override.tag}")
    said = Said(layer=COMMAND_LINE, where=lambda _: place, findings=findings, reason=override.reason)
    present = {draft.name: draft for draft in drafts.values() if not draft.removed}
    target = present.get(override.component) or drafts.get(override.component)
    if target is None or target.removed:
        unknown_target(override.component, present, said)
        return
    if not TAG.match(override.tag):
        findings.error(
            "E-TAG", f"{override.tag!r} is not an image tag.", where=place, do="Write component=tag, as in auth=4.1.1."
        )
        return
    drafts[target.identity] = pinned(target, override.tag, said)


def _warn_of_unused(extension: Layer[ExtensionManifest], used: frozenset[str], findings: Findings) -> None:
    """Warn of variables that the extension declares in vain; Core's go silently with the components that used them."""
    for name in extension.manifest.variables:
        if name not in used:
            where = extension.document.where(("variables", name))
            findings.warn("W-UNUSED-VARIABLE", f"variable {name} is never used.", where=where, do="Remove it.")
