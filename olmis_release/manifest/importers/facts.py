"""What a service is, told from its name, image and body; the names and schemas of OpenLMIS's own services."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from olmis_release.manifest.image import ComposeBody, ImageRef
from olmis_release.manifest.importers.model import ImportedService
from olmis_release.manifest.model import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A service of OpenLMIS: its name on the registry, which is also its version endpoint, and its schema."""

    consul: str
    schema: str | None


_NAMED_AS_SCHEMA = (
    "auth", "buq", "cce", "fulfillment", "hapifhir", "notification", "referencedata", "report", "requisition",
    "stockmanagement",
)  # fmt: skip

SERVICES: Mapping[str, Known] = {
    **{name: Known(consul=name, schema=name) for name in _NAMED_AS_SCHEMA},
    "dhis2-integration": Known(consul="dhis2", schema="dhis2"),
    "diagnostics": Known(consul="diagnostics", schema=None),
}

_DATABASES = re.compile(r"(?:postgres|postgis|postgresql|mysql|mariadb)\Z")
_INFRASTRUCTURE = frozenset((
    "nginx", "consul", "consul-server", "rsyslog", "redis", "proftpd", "scalyr", "node-exporter", "promtail",
    "cadvisor", "alloy", "registrator",
))  # fmt: skip
_WORD = re.compile(r"[a-z0-9]+")


def words(text: str) -> frozenset[str]:
    """Return the words of a name: `mw-reference-ui` has `mw`, `reference` and `ui`."""
    return frozenset(_WORD.findall(text.lower()))


def base_name(image: ImageRef | None) -> str:
    """Return the last part of an image's repository."""
    return image.repository.rpartition("/")[2] if image else ""


def role_of(service: ImportedService) -> Role:
    """Return what kind of thing a service is."""
    base = base_name(service.image)
    if _DATABASES.match(base):
        return Role.DATABASE
    if service.name in SERVICES or base in SERVICES:
        return Role.SERVICE
    if base in _INFRASTRUCTURE or service.name in _INFRASTRUCTURE:
        return Role.INFRASTRUCTURE
    return _by_words(service, words(service.name) | words(base))


def _by_words(service: ImportedService, named: frozenset[str]) -> Role:
    if "ui" in named:
        return Role.UI
    if named & {"extension", "extensions"}:
        return Role.EXTENSION
    if named & {"config", "configuration"}:
        return Role.CONFIG
    return Role.SERVICE if _is_openlmis(service.image) and _runs_java(service.body) else Role.INFRASTRUCTURE


def _is_openlmis(image: ImageRef | None) -> bool:
    return image is not None and image.repository.rpartition("/")[0].rpartition("/")[2].startswith("openlmis")


def _runs_java(body: ComposeBody) -> bool:
    environment = body.get("environment")
    return isinstance(environment, dict) and "JAVA_OPTS" in environment


def known_service(service: ImportedService) -> Known | None:
    """Return registry name and schema of an OpenLMIS service, None for anything else."""
    if role_of(service) is not Role.SERVICE:
        return None
    return SERVICES.get(service.name) or SERVICES.get(base_name(service.image))
