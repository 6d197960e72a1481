"""Why a value of a release is what it is: the statement that gave it, and those that it beat."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from olmis_release.errors import BadInput
from olmis_release.manifest import bodies
from olmis_release.manifest.masking import masked
from olmis_release.manifest.model import Beaten, Component, ComposeValue, Origin, ReleaseManifest
from olmis_release.text import did_you_mean, listed

_OF_IMAGE = frozenset({"tag", "version", "repository", "digest", "image.tag", "image.repository", "image.digest"})
_EDGE = ".depends_on."
FIELDS = ("image", "role", "consul", "schema", "reports_version", "provides", "replaces", "host")


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One value of a release.

    Attributes:
        path: ``requisition.image``, ``auth.environment.JAVA_OPTS``, or ``auth.depends_on.cce`` for what was left out.
        value: As it may be shown; None for what was left out. For a dependency that follows a component to its new
            name it is that name.
        origin: The statement that gave (or left out) it.
    """

    path: str
    value: str | None
    origin: Origin


def explain(manifest: ReleaseManifest, path: str) -> tuple[Explained, ...]:
    """Return the value at a path, or every value below it; all of the release for an empty path.

    Raises:
        BadInput: The release has nothing there; names what is near.
    """
    every = tuple(explained_values(manifest))
    wanted = _as_listed(path, manifest)
    found = tuple(one for one in every if _lies_in(one.path, wanted)) or _around(every, manifest, wanted)
    if not found:
        raise _nothing_at(path, manifest, every)
    return tuple(sorted(found, key=lambda one: one.path != wanted))


def _as_listed(path: str, manifest: ReleaseManifest) -> str:
    """Return a path as values are listed: under the component's name of today, and what is one value by its name."""
    names = {one.replaces: new for new, one in manifest.components.items() if one.replaces}
    name, dot, inner = _parted(path.removeprefix("components."), {**names, **manifest.components})
    name = name if name in manifest.components else names.get(name, name)
    inner = inner.removeprefix("compose.")
    return f"{name}{dot}{'image' if inner in _OF_IMAGE else inner}"


def _parted(path: str, names: Iterable[str]) -> tuple[str, str, str]:
    """Return component, dot and rest of a path; the longest name counts, for a name may hold dots itself."""
    known = max((name for name in names if f"{path}.".startswith(f"{name}.")), key=len, default="")
    return (known, *path[len(known) :].partition(".")[1:]) if known else path.partition(".")


def explained_values(manifest: ReleaseManifest) -> Iterator[Explained]:
    """Yield every value of a release with its origin, component by component, then what was left out."""
    for name, component in manifest.components.items():
        for key, value in _values(component):
            origin = _origin(component, key)
            shown_path = key.removeprefix("compose.")
            if origin:
                yield Explained(
                    path=f"{name}.{shown_path}", value=masked(shown_path, value), origin=_safe(origin, shown_path)
                )
    yield from _constraints(manifest)
    yield from _around_components(manifest)
    new_names = {one.replaces: name for name, one in manifest.components.items() if one.replaces}
    for name, origin in manifest.dropped.items():
        yield Explained(path=name, value=new_names.get(name.partition(_EDGE)[2]), origin=origin)


def _constraints(manifest: ReleaseManifest) -> Iterator[Explained]:
    """Yield the constraints that components were held against; an override has beaten the one that it let break."""
    for name, held in manifest.constraints.items():
        for one in held:
            origin = Origin(layer=one.layer, file=one.file, line=one.line, reason=one.reason)
            if one.overridden:
                beaten = Beaten(layer=one.layer, value=one.version, file=one.file, line=one.line, reason=one.reason)
                origin = one.overridden.model_copy(update={"beat": (beaten,)})
            value = f"{one.version}{' (overridden)' if one.overridden else ''}"
            yield Explained(path=f"{name}.constraint", value=value, origin=origin)


def _around_components(manifest: ReleaseManifest) -> Iterator[Explained]:
    """Yield variables, volumes and networks."""
    for path, origin in manifest.origin.items():
        key, _, name = path.partition(".")
        value = getattr(manifest, key)[name]
        text = "no default: the instance must give it" if value is None else bodies.shown(value)
        yield Explained(path=path, value=masked(name, text), origin=_safe(origin, name))


def _values(component: Component) -> Iterator[tuple[str, ComposeValue]]:
    plain = component.model_dump(by_alias=True, exclude_defaults=True, include={*FIELDS, "schema_name"})
    for field in FIELDS:
        if field == "image":
            yield field, str(component.image) + (f"@{component.image.digest}" if component.image.digest else "")
        elif field in plain or field == "role":
            yield field, str(plain.get(field, component.role))
    yield from bodies.explained_paths(component.compose)


def _origin(component: Component, path: str) -> Origin | None:
    """Return the origin of a value, or of the nearest value around it."""
    while path and path not in component.origin:
        path = path.rpartition(".")[0]
    return component.origin.get(path) or component.origin.get("image")


def _safe(origin: Origin, path: str) -> Origin:
    """Return an origin whose beaten values may be shown."""
    beat = tuple(beaten.model_copy(update={"value": masked(path, beaten.value)}) for beaten in origin.beat)
    return origin.model_copy(update={"beat": beat})


def _lies_in(path: str, wanted: str) -> bool:
    below = not wanted or path == wanted or path.startswith(f"{wanted}.")
    return below or path.endswith(f"{_EDGE}{wanted}")  # what became of those that needed it


def _around(every: tuple[Explained, ...], manifest: ReleaseManifest, wanted: str) -> tuple[Explained, ...]:
    """Return the explained value that a deeper path (``auth.healthcheck.test.0``) is a part of."""
    name, _, inner = _parted(wanted, manifest.components)
    component = manifest.components.get(name)
    if component is None or bodies.value_at(component.compose, inner) is None:
        return ()
    return tuple(one for one in every if wanted.startswith(f"{one.path}."))


def _nothing_at(path: str, manifest: ReleaseManifest, every: tuple[Explained, ...]) -> BadInput:
    name = _parted(path, manifest.components)[0]
    known = [one.path for one in every if one.path.startswith(f"{name}.")] or sorted(manifest.components)
    return BadInput.one(
        f"{manifest.version} has no value {path}. {did_you_mean(path, known)}".rstrip(),
        resolution=f"There are: {listed(known)}.",
        code="E-UNKNOWN-VALUE",
    )
