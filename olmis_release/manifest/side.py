"""One side of a comparison: what a release, a Core manifest, a distribution or an instance is made of."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType

from olmis_release.errors import Problem
from olmis_release.manifest.bodies import normalised, with_value
from olmis_release.manifest.collector import not_collecting
from olmis_release.manifest.importers.model import Distribution
from olmis_release.manifest.layers import CoreManifest
from olmis_release.manifest.model import ComposeBody, ComposeValue, ImageRef, ReleaseManifest, Role
from olmis_release.manifest.variables import filled, mapped


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What is compared.

    Attributes:
        name: As the user named it.
        images: Component to its image; None for one that is built on the spot.
        bodies: Component to its Compose body, variables filled in as far as their values are known.
        replaces: Component to the Core component in whose place it stands.
        databases: The components known to be databases.
        seen: The keys of a body that can be seen at all; None means every key.
        given: Component to the environment that it has without its body's saying so: from its image, from a settings
            file.
        manifest: The release that this is, if it is one.
        problems: What is wrong with where it was read from, though all of it could be read.
    """

    name: str
    images: Mapping[str, ImageRef | None]
    bodies: Mapping[str, ComposeBody]
    replaces: Mapping[str, str] = field(default_factory=dict)
    databases: frozenset[str] = frozenset()
    seen: frozenset[str] | None = None
    given: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    manifest: ReleaseManifest | None = None
    problems: tuple[Problem, ...] = ()


@not_collecting()
def of_release(
    manifest: ReleaseManifest,
    *,
    name: str,
    variables: Mapping[str, str] = MappingProxyType({}),
    overrides: Mapping[str, Mapping[str, ComposeValue]] = MappingProxyType({}),
) -> Side:
    """Return a candidate or release as a side.

    Args:
        manifest: The release.
        name: As the user named it.
        variables: Values of a place, which win over the release's own.
        overrides: Component to dotted path to what a place needs different.
    """
    values = {**manifest.variables, **variables}
    return Side(
        name=name,
        images={key: component.image for key, component in manifest.components.items()},
        bodies={
            key: _plain(_overridden(one.compose, overrides.get(key, {})), values)
            for key, one in manifest.components.items()
        },
        replaces={key: one.replaces for key, one in manifest.components.items() if one.replaces},
        databases=frozenset(key for key, one in manifest.components.items() if one.role is Role.DATABASE),
        manifest=manifest,
    )


def _overridden(body: ComposeBody, values: Mapping[str, ComposeValue]) -> ComposeBody:
    """Return a body with a place's values; one that cannot be set there is left to the plan to refuse."""
    for path, value in values.items():
        with suppress(ValueError):
            body = with_value(body, path, value)
    return body


def of_core(manifest: CoreManifest, *, name: str) -> Side:
    """Return a Core manifest as a side."""
    components = manifest.components
    return Side(
        name=name,
        images={key: ImageRef.parse(one.image) if one.image else None for key, one in components.items()},
        bodies={key: _plain(one.compose, manifest.variables) for key, one in components.items()},
        databases=frozenset(key for key, one in components.items() if one.role is Role.DATABASE),
    )


def of_distribution(distribution: Distribution, *, name: str) -> Side:
    """Return an imported distribution as a side."""
    services = distribution.services
    return Side(
        name=name,
        images={key: service.image for key, service in services.items()},
        bodies={key: _plain(service.body, {}) for key, service in services.items()},
        problems=distribution.errors,
    )


def _plain(body: ComposeBody, variables: Mapping[str, str | None]) -> ComposeBody:
    """Return a body in the one form in which bodies are compared; a variable without value stays ``${NAME}``."""

    def value_of(name: str) -> str:
        value = variables.get(name)
        return f"${{{name}}}" if value is None else value

    return {
        key: _one_form(key, mapped(value, lambda text: filled(text, value_of)))
        for key, value in normalised(body).items()
    }


def _one_form(key: str, value: ComposeValue) -> ComposeValue:
    """Return a value in its long form where Compose has a short one for the same."""
    if key == "depends_on" and isinstance(value, list):
        return {str(name): {"condition": "service_started"} for name in value}
    if key in {"env_file", "dns", "tmpfs"} and isinstance(value, str):
        return [value]
    return value
