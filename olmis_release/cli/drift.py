"""Drift: how what runs on an instance differs from what its last good run left there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from olmis_release.instance.ports import Container, ContainerStatus
from olmis_release.manifest.model import Component, ComposeBody, ImageRef, ReleaseManifest
from olmis_release.manifest.render import CONFIG_LABEL
from olmis_release.plan.composed import config_of
from olmis_release.smoke.model import ONE_SHOT


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A component's container and the digest by which the engine knows its image."""

    container: Container
    digest: str | None


def drift(manifest: ReleaseManifest, bodies: Mapping[str, ComposeBody], found: Mapping[str, Found]) -> tuple[str, ...]:
    """Return every difference in words, by component; empty when all is as it was left.

    Args:
        manifest: What should run.
        bodies: The component bodies of the Compose file by which it was started.
        found: What the engine has.
    """
    missing = [f"{name} has no container" for name in manifest.components if name not in found]
    differing = [f"{name} {difference}" for name, difference in _differing(manifest, bodies, found)]
    return tuple(sorted([*missing, *differing]))


def _differing(
    manifest: ReleaseManifest, bodies: Mapping[str, ComposeBody], found: Mapping[str, Found]
) -> Iterator[tuple[str, str]]:
    for name, one in found.items():
        component = manifest.components.get(name)
        if component is None:
            yield name, f"is not part of {manifest.version}"
        elif one.digest != component.image.digest:
            yield name, _other_image(one.container.image_name.partition("@")[0], component.image)
        elif one.container.labels.get(CONFIG_LABEL) != config_of(bodies.get(name, {})):
            yield name, "runs with another configuration"
        elif not is_up(one.container, component):
            yield name, f"is {one.container.status}"


def _other_image(runs: str, wanted: ImageRef) -> str:
    """Say what runs instead; by tag alone where the repository is the same, on whatever mirror."""
    repository, _, tag = runs.rpartition(":")
    if not repository.endswith(wanted.path):
        return f"runs {runs}, not {wanted}"
    return f"runs {tag}, not {wanted.tag}" if tag != wanted.tag else f"runs another image of the same tag {tag}"


def is_up(container: Container, component: Component) -> bool:
    """Return whether a container does what it should: run, or have done its one job."""
    if component.role in ONE_SHOT and container.status is ContainerStatus.EXITED:
        return container.exit_code == 0
    return container.status is ContainerStatus.RUNNING and container.health != "unhealthy"
