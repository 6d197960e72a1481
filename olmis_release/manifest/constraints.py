"""Constraints: what versions a layer lets a component have, and the overrides that are the only way around one.

A constraint only narrows, whoever states it. A fork's own version says nothing about Core's: what counts for it is the
version that it `provides`. An override names the one version that it lets pass, and must say why.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from olmis_release.errors import Where
from olmis_release.manifest.draft import Draft
from olmis_release.manifest.layers import Constraint, Overriding
from olmis_release.manifest.model import Narrowed, Origin
from olmis_release.manifest.provenance import COMMAND_LINE, Said
from olmis_release.text import did_you_mean, listed, safe
from olmis_release.version import tag_satisfies


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A layer's constraints and overrides, with the root of what it says."""

    said: Said
    constraints: Mapping[str, Constraint]
    overrides: Mapping[str, Overriding]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pass:
    """An override: the version that may pass, and who says so."""

    version: str
    origin: Origin
    where: Where


def narrowed(
    drafts: Mapping[str, Draft],
    layers: Sequence[Stated],
    *,
    repositories: Mapping[str, str],
) -> dict[str, tuple[Narrowed, ...]]:
    """Hold every component against every layer's constraints; what breaks one and is not overridden is an error.

    Args:
        drafts: The components that are in, by Compose name.
        layers: In written order.
        repositories: Core id to Core's own repository, to know a fork by.

    Returns:
        The constraints that hold for each component, and by whom one was overridden.
    """
    known = {name: draft for draft in drafts.values() for name in (draft.identity, draft.name)}
    passes = {name: one for layer in layers for name, one in _passes(layer)}
    passes |= {draft.identity: one for draft in drafts.values() if (one := _typed(draft))}
    used: set[Origin] = set()
    held: dict[str, tuple[Narrowed, ...]] = {}
    for layer in layers:
        for name, constraint in layer.constraints.items():
            draft = known.get(name)
            if draft is None:
                _check_known("constraints", name, layer.said, known={*known, *repositories})
                continue
            said = layer.said.inside("constraints", name, reason=constraint.reason)
            result = _held(draft, constraint, said, passing=passes.get(draft.identity), core=repositories)
            used |= {result.overridden} if result.overridden else set()
            held[draft.name] = (*held.get(draft.name, ()), result)
    for layer in layers:
        _check_overrides(layer, used, known={*known, *repositories})
    return dict(sorted(held.items()))


def version_of(draft: Draft, core: Mapping[str, str]) -> str | None:
    """Return the version by which a component is held against constraints, None for a fork that does not say."""
    if draft.provides:
        return draft.provides.partition(" ")[2]
    if draft.image is None or core.get(draft.identity, draft.image.repository) != draft.image.repository:
        return None
    return draft.image.tag


def _passes(layer: Stated) -> Iterator[tuple[str, _Pass]]:
    for name, override in layer.overrides.items():
        note = layer.said.inside("overrides", name, reason=override.reason).note()
        yield name, _Pass(version=override.version, origin=note.origin, where=note.where)


def _typed(draft: Draft) -> _Pass | None:
    """Return what ``--set`` with a reason lets pass: the command line is the top layer."""
    note = draft.notes.get("image")
    if note is None or note.origin.layer != COMMAND_LINE or not note.origin.reason or draft.image is None:
        return None
    return _Pass(version=draft.image.tag, origin=note.origin, where=note.where)


def _held(
    draft: Draft, constraint: Constraint, said: Said, *, passing: _Pass | None, core: Mapping[str, str]
) -> Narrowed:
    note = said.note()
    version = version_of(draft, core)
    holds = tag_satisfies(version, constraint.version) if version else None
    overridden = None
    if not holds and passing and passing.version in {version, draft.image.tag if draft.image else ""}:
        overridden = passing.origin
    elif not holds:
        _refuse(draft, constraint, said, version=version, unknown=holds is None)
    return Narrowed(
        version=constraint.version,
        layer=note.origin.layer,
        file=note.origin.file,
        line=note.origin.line,
        reason=constraint.reason,
        overridden=overridden,
    )


def _refuse(draft: Draft, constraint: Constraint, said: Said, *, version: str | None, unknown: bool) -> None:
    why = f" ({constraint.reason})" if constraint.reason else ""
    demand = f"{said.at()} wants {draft.identity} {constraint.version}{why}"
    override = (
        f"or override: `overrides: {{{draft.identity}: {{version: {draft.image and draft.image.tag}, reason: …}}}}`."
    )
    if version is None:
        message = f"{draft.image} stands in for {draft.identity} and does not say what it contains; {demand}."
        way = f"Add `provides: {draft.identity} VERSION`, {override}"
    elif unknown:
        message = f"nobody can tell whether {version} is {constraint.version}; {demand}."
        way = f"Name a version that can be ordered, {override}"
    else:
        message = f"{draft.identity} is {'provided as ' if draft.provides else ''}{version}; {demand}."
        way = f"Take a version that fits, {override}"
    place = draft.where("provides" if draft.provides else "image")
    said.findings.error("E-CONSTRAINT", message, where=place, do=way)


def _check_known(key: str, name: str, said: Said, *, known: Collection[str]) -> bool:
    """Note a word on what never existed; one on a component that was left out merely has no subject."""
    if name in known:
        return True
    every = sorted(known)
    advice = f"{did_you_mean(name, every)} There are: {listed(every)}.".strip()
    what = "constrain" if key == "constraints" else "override a constraint of"
    message = f"there is no component {safe(name)} to {what}."
    said.findings.error("E-UNKNOWN-COMPONENT", message, where=said.at(key, name), do=advice)
    return False


def _check_overrides(layer: Stated, used: Collection[Origin], *, known: Collection[str]) -> None:
    for name, one in _passes(layer):
        if _check_known("overrides", name, layer.said, known=known) and one.origin not in used:
            message = f"the override of {name} is not needed: it names another version, or nothing forbids it."
            layer.said.findings.warn("W-UNUSED-OVERRIDE", message, where=one.where, do="Remove it.")
