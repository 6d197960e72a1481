"""Drift: how what runs on an instance differs from what its last good run left there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from olmis_release.instance.ports import Container, ContainerStatus
from olmis_release.manifest.model import ReleaseManifest
from olmis_release.smoke.model import ONE_SHOT

CONFIG_LABEL = "org.openlmis.release.config"


def configured(compose_file: Path, *, shown_as: str) -> dict[str, str]:
    """Return component to configuration label as a rendered Compose file has them."""
    from olmis_release.yamlio import read_yaml

    services = read_yaml(compose_file, shown_as=shown_as).data["services"]
    return {name: _label(body) for name, body in services.items()} if isinstance(services, dict) else {}


def _label(body: object) -> str:
    labels = body.get("labels") if isinstance(body, dict) else None
    return str(labels.get(CONFIG_LABEL, "")) if isinstance(labels, dict) else ""


def drift(manifest: ReleaseManifest, labels: Mapping[str, str], containers: Mapping[str, Container]) -> tuple[str, ...]:
    """Return every difference in words, by component; empty when all is as it was left.

    Args:
        manifest: What should run.
        labels: Component to configuration label as deployed.
        containers: Component to container as it is now.
    """
    missing = [f"{name} has no container" for name in manifest.components if name not in containers]
    return tuple(sorted([*missing, *_of_containers(manifest, labels, containers)]))


def _of_containers(
    manifest: ReleaseManifest, labels: Mapping[str, str], containers: Mapping[str, Container]
) -> Iterator[str]:
    for name, container in containers.items():
        component = manifest.components.get(name)
        if component is None:
            yield f"{name} is not part of {manifest.version}"
        elif not _image_fits(container, component.image.digest):
            yield f"{name} runs {container.image_name}, not {component.image}"
        elif container.labels.get(CONFIG_LABEL, "") != labels.get(name, ""):
            yield f"{name} runs with another configuration"
        elif not is_up(container, one_shot=component.role in ONE_SHOT):
            yield f"{name} is {container.status}"


def _image_fits(container: Container, digest: str | None) -> bool:
    return digest is None or container.image_name.endswith(f"@{digest}")


def is_up(container: Container, *, one_shot: bool) -> bool:
    """Return whether a container does what it should: run, or have done its one job."""
    if one_shot and container.status is ContainerStatus.EXITED:
        return container.exit_code == 0
    return container.status is ContainerStatus.RUNNING and container.health in {"", "healthy", "starting"}
