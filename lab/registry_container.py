"""The registry as a container of ours on loopback, its contents in a named volume."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import docker
import requests
from docker.errors import NotFound
from docker.models.containers import Container

from lab.catalogue import LABEL
from lab.images import built
from lab.registry import Registry

CONTAINER = "olmis-lab-registry"
VOLUME = "olmis-lab-registry"
PORT_VARIABLE = "LAB_REGISTRY_PORT"
DEFAULT_PORT = 5790
INSIDE = "5000/tcp"
START_S = 30.0


class RegistryDownError(Exception):
    """The registry does not come up; the message says where to look."""


def wanted_address() -> str:
    """Say where the registry listens: ``127.0.0.1`` and the port of ``LAB_REGISTRY_PORT``, else 5790."""
    return f"127.0.0.1:{os.environ.get(PORT_VARIABLE) or DEFAULT_PORT}"


def started_registry(client: docker.DockerClient, say: Callable[[str], None]) -> Registry:
    """Have the registry running at the wanted address; one that is up to date is left alone.

    Raises:
        RegistryDownError: It does not answer in time.
    """
    registry = Registry(address=wanted_address(), session=requests.Session())
    image = built(client, "registry")
    container = found(client)
    if container is None or not is_current(container, image, registry.address):
        if container is not None:
            container.remove(force=True)
        say(f"starting the registry at {registry.address}")
        run(client, image, registry.address)
    elif container.status != "running":
        container.start()
    wait_for(registry)
    return registry


def found(client: docker.DockerClient) -> Container | None:
    """Find our registry container, whatever its state."""
    try:
        return client.containers.get(CONTAINER)
    except NotFound:
        return None


def is_current(container: Container, image: str, address: str) -> bool:
    """Tell whether a registry container was made from this image for this address."""
    bindings = container.attrs["HostConfig"]["PortBindings"].get(INSIDE) or [{}]
    published = f"{bindings[0].get('HostIp')}:{bindings[0].get('HostPort')}"
    return published == address and container.attrs["Config"]["Image"] == image


def run(client: docker.DockerClient, image: str, address: str) -> None:
    """Start a registry container on the volume."""
    client.volumes.create(VOLUME, labels={LABEL: "1"})
    host, _, port = address.partition(":")
    ports: dict[str, int | list[int] | tuple[str, int] | None] = {INSIDE: (host, int(port))}
    restart: Any = {"Name": "unless-stopped"}  # the type stubs ask for a count that this policy forbids
    client.containers.run(
        image,
        name=CONTAINER,
        detach=True,
        labels={LABEL: "1"},
        ports=ports,
        volumes={VOLUME: {"bind": "/var/lib/registry", "mode": "rw"}},
        restart_policy=restart,
    )


def wait_for(registry: Registry) -> None:
    """Wait until the registry answers.

    Raises:
        RegistryDownError: It did not in time.
    """
    end = time.monotonic() + START_S
    while not registry.answers():
        if time.monotonic() > end:
            raise RegistryDownError(f"{registry.address} does not answer; see `docker logs {CONTAINER}`.")
        time.sleep(0.1)


def remove(client: docker.DockerClient) -> None:
    """Remove container and volume."""
    container = found(client)
    if container is not None:
        container.remove(force=True)
    with suppress(NotFound):
        client.volumes.get(VOLUME).remove()
