"""Services that nothing can be started from."""

from __future__ import annotations

from collections.abc import Iterator

from olmis_release.errors import Problem
from olmis_release.manifest.compose_keys import SERVICE_KEYS
from olmis_release.manifest.defects.model import Context, error
from olmis_release.manifest.importers.model import Distribution


def check(distribution: Distribution, context: Context) -> Iterator[Problem]:
    """Yield services with neither image nor build; one named like a key most likely slipped out of its service."""
    del context
    before = ""
    for name, service in distribution.services.items():
        if service.image is None and not service.built and not service.image_text:
            message = f"{name} has neither image nor build."
            key = before and name in SERVICE_KEYS
            do = f"Did you mean `{before}.{name}`? Indent it." if key else "Add `image:`, or remove the service."
            yield error("E-NO-IMAGE", message, where=service.place(), do=do)
        else:
            before = name
