"""Does every component's container run, and keep running?

A failing Docker health check counts only for components without a version endpoint: Core's own checks ask paths that
several released images do not have, while the version endpoint is valid for all of them and was asked just before.
"""

from __future__ import annotations

from collections.abc import Iterator

from olmis_release.instance.ports import Container, ContainerStatus
from olmis_release.manifest.model import Component
from olmis_release.smoke.model import ONE_SHOT, Probe, ProbeResult, Scene, containers_of

UNHEALTHY = "unhealthy"


def containers(scene: Scene) -> Iterator[ProbeResult]:
    """Compare every container with what it was when the tests began."""
    now = containers_of(scene.site)
    for name, component in sorted(scene.manifest.components.items()):
        wrong = _wrong(component, now.get(name), before=scene.before.get(name))
        yield ProbeResult(name=f"container of {name}", ok=not wrong, message=wrong or _state(now[name]))


def _wrong(component: Component, container: Container | None, *, before: Container | None) -> str:
    """Return what is wrong with a container, nothing when all is well."""
    if container is None:
        return "it has no container"
    if component.role in ONE_SHOT and container.status is ContainerStatus.EXITED and container.exit_code == 0:
        return ""
    if container.status is not ContainerStatus.RUNNING:
        return f"{container.status} (exit code {container.exit_code}), expected running"
    if before is not None and (before.id, before.started_at) != (container.id, container.started_at):
        return f"it restarted during the tests (restarted by Docker so far: {container.restarts})"
    if container.health == UNHEALTHY and not component.consul:
        return "its health check fails"
    return ""


def _state(container: Container) -> str:
    return f"{container.status}, {container.health}" if container.health else str(container.status)


PROBE = Probe(name="containers", run=containers)
