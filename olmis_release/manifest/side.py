"""One side of a comparison: what a release, a Core manifest, a distribution or an instance is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from olmis_release.errors import Problem
from olmis_release.manifest.bodies import normalised
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
        bodies: Component to its Compose body, variables filled in as far as their values are known; None where the
            configuration is not known at all.
        replaces: Component to the Core component in whose place it stands.
        databases: The components known to be databases.
        problems: What is wrong with where it was read from, though all of it could be read.
    """

    name: str
    images: Mapping[str, ImageRef | None]
    bodies: Mapping[str, ComposeBody] | None
    replaces: Mapping[str, str] = field(default_factory=dict)
    databases: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = ()


def of_release(manifest: ReleaseManifest, *, name: str) -> Side:
    """Return a candidate or release as a side."""
    return Side(
        name=name,
        images={key: component.image for key, component in manifest.components.items()},
        bodies={key: _plain(one.compose, manifest.variables) for key, one in manifest.components.items()},
        replaces={key: one.replaces for key, one in manifest.components.items() if one.replaces},
        databases=frozenset(key for key, one in manifest.components.items() if one.role is Role.DATABASE),
    )


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
