"""Images of registries that the workspace's policy does not name."""

from __future__ import annotations

from collections.abc import Iterator

from olmis_release.errors import Problem
from olmis_release.manifest.defects.model import Context, warning
from olmis_release.manifest.importers.model import Distribution
from olmis_release.text import did_you_mean, listed


def check(distribution: Distribution, context: Context) -> Iterator[Problem]:
    """Yield every image of another registry; a policy that names none lets all pass."""
    for name, service in distribution.services.items():
        image = service.image
        if context.registries and image and image.registry not in context.registries:
            message = f"{name}: {image} comes from {image.registry}, which the policy does not allow."
            do = did_you_mean(image.registry, context.registries) or f"Allowed: {listed(context.registries)}."
            yield warning("foreign-registry", message, where=service.image_where, do=do)
