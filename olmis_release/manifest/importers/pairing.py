"""Which service of a country stands for which component of Core, under the same name or another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from olmis_release.manifest.image import ImageRef
from olmis_release.manifest.importers.facts import base_name, role_of, words
from olmis_release.manifest.importers.model import Distribution, ImportedService
from olmis_release.manifest.layers import CoreComponent, CoreManifest
from olmis_release.manifest.model import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """Who is who.

    Attributes:
        stands_for: Core component to the service that stands for it.
        added: Services that Core has nothing for.
        removed: Core components that no service stands for.
    """

    stands_for: Mapping[str, str]
    added: tuple[str, ...]
    removed: tuple[str, ...]


def pair(core: CoreManifest, distribution: Distribution) -> Pairing:
    """Pair a country's services with Core's components: by name, then by image, then by what they are."""
    services = distribution.services
    found = {name: name for name in core.components if name in services}
    for fits in (_same_repository, _same_words):
        for name, component in core.components.items():
            free = [service for service in services.values() if service.name not in found.values()]
            match = [service for service in free if fits(name, component, service)] if name not in found else []
            if len(match) == 1:
                found[name] = match[0].name
    return Pairing(
        stands_for=found,
        added=tuple(name for name in services if name not in found.values()),
        removed=tuple(name for name in core.components if name not in found),
    )


def _same_repository(name: str, component: CoreComponent, service: ImportedService) -> bool:
    del name
    return bool(component.image and service.image) and _repository(component) == getattr(service.image, "path", "")


def _repository(component: CoreComponent) -> str:
    return ImageRef.as_written(component.image or "").path


def _same_words(name: str, component: CoreComponent, service: ImportedService) -> bool:
    """Return whether a service's name or image says that it is this component's kin: `reports` is `report`."""
    role = role_of(service)
    if component.role is Role.UI:
        return role is Role.UI
    if component.role is not Role.SERVICE or role not in {Role.SERVICE, Role.INFRASTRUCTURE}:
        return False
    wanted = _singular(words(name))
    return wanted <= _singular(words(service.name)) or wanted <= _singular(words(base_name(service.image)))


def _singular(names: frozenset[str]) -> frozenset[str]:
    return frozenset(name.removesuffix("s") for name in names)
