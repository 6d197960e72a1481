"""The stand-in fleet: a registry on loopback with every image that demo, tests and bench name.

``python -m lab.fleet up`` makes it (seconds when nothing changed), ``down`` removes it. Tests call ``ensure_fleet()``.
"""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import docker
import requests
from docker.errors import APIError, NotFound
from docker.models.containers import Container
from filelock import FileLock

from lab.catalogue import LABEL, Image, images
from lab.images import PREFIX, ROOT, STANDIN, built, content_hash
from lab.registry import Registry
from lab.variants import Base, Publisher, read_base

CONTAINER = "olmis-lab-registry"
VOLUME = "olmis-lab-registry"
PORT_VARIABLE = "LAB_REGISTRY_PORT"
DEFAULT_PORT = 5790
#: What decides the bytes of the images, besides the bases' own folders.
MAKERS = ("catalogue", "facts", "forging", "jar", "migrations", "variants")
#: Tag by which the registry remembers that it holds the whole fleet.
MARKER = "standin/fleet"
START_S = 30.0


class FleetError(Exception):
    """The fleet cannot be made; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """A registry that holds every image of the catalogue.

    Attributes:
        registry: Host and port, for example ``127.0.0.1:5790``.
    """

    registry: str

    def image(self, name: str) -> str:
        """Give the full name of ``openlmis/auth:4.1.0`` and the like."""
        return f"{self.registry}/{name}"

    def pinned(self, name: str) -> str:
        """Give an image's name with its digest instead of its tag."""
        repository, _, tag = name.rpartition(":")
        registry = Registry(address=self.registry, session=requests.Session())
        return f"{self.registry}/{repository}@{registry.digest_of(repository, tag)}"


def ensure_fleet(say: Callable[[str], None] = lambda _: None) -> Fleet:
    """Start the registry and fill it where needed; two processes may call this at once.

    Raises:
        FleetError: The registry does not come up.
        MissingBaseError: The engine lacks ``debian:bookworm-slim``.
    """
    build = ROOT / "build"
    build.mkdir(exist_ok=True)
    with FileLock(build / "fleet.lock"):
        client = docker.from_env(timeout=600)
        registry = started_registry(client, say)
        marker = content_hash([STANDIN, *(ROOT / "lab" / f"{name}.py" for name in MAKERS)])
        if not registry.has(MARKER, marker):
            fill(client, registry, say)
            base = registry.manifest(MARKER, "base")
            registry.put_manifest(MARKER, marker, base)
    return Fleet(registry=registry.address)


def started_registry(client: docker.DockerClient, say: Callable[[str], None]) -> Registry:
    """Have the registry container running on the wanted port, with its volume."""
    address = f"127.0.0.1:{os.environ.get(PORT_VARIABLE) or DEFAULT_PORT}"
    registry = Registry(address=address, session=requests.Session())
    container = registry_container(client)
    if (
        container is not None
        and published_port(container) == address
        and container.status == "running"
        and registry.answers()
    ):
        return registry
    if container is not None:
        container.remove(force=True)
    say(f"starting the registry at {address}")
    name = built(client, "registry")
    client.volumes.create(VOLUME, labels={LABEL: "1"})
    host, _, port = address.partition(":")
    client.containers.run(
        name,
        name=CONTAINER,
        detach=True,
        labels={LABEL: "1"},
        ports={"5000/tcp": (host, int(port))},
        volumes={VOLUME: {"bind": "/var/lib/registry", "mode": "rw"}},
        restart_policy={"Name": "unless-stopped"},
    )
    wait_for(registry)
    return registry


def registry_container(client: docker.DockerClient) -> Container | None:
    """Find our registry container, whatever its state."""
    try:
        return client.containers.get(CONTAINER)
    except NotFound:
        return None


def published_port(container: Container) -> str:
    """Say where a registry container was told to listen."""
    bindings = container.attrs["HostConfig"]["PortBindings"].get("5000/tcp") or [{}]
    return f"{bindings[0].get('HostIp')}:{bindings[0].get('HostPort')}"


def wait_for(registry: Registry) -> None:
    """Wait until the registry answers.

    Raises:
        FleetError: It did not in time.
    """
    end = time.monotonic() + START_S
    while not registry.answers():
        if time.monotonic() > end:
            raise FleetError(f"The registry at {registry.address} does not answer; see `docker logs {CONTAINER}`.")
        time.sleep(0.1)


def fill(client: docker.DockerClient, registry: Registry, say: Callable[[str], None]) -> None:
    """Build and push the bases, then publish every image on top of them."""
    wanted: list[Image] = list(images())
    kinds = sorted({image.kind for image in wanted})
    bases = {kind: pushed_base(client, registry, kind) for kind in kinds}
    say(f"{len(bases)} base images built and pushed")
    started = time.monotonic()
    Publisher(address=registry.address, bases=bases).publish(wanted)
    say(f"{len(wanted)} images published in {time.monotonic() - started:.0f} s")
    remember_base(registry, bases["small"])


def pushed_base(client: docker.DockerClient, registry: Registry, kind: str) -> Base:
    """Have one base in the registry under ``standin/<kind>``."""
    name = built(client, kind)
    tag = name.rpartition(":")[2]
    repository = f"standin/{kind}"
    if not registry.has(repository, tag):
        full = f"{registry.address}/{repository}"
        client.images.get(name).tag(full, tag)
        for event in client.images.push(full, tag, stream=True, decode=True):
            if "error" in event:
                raise FleetError(f"Pushing {full}:{tag} failed: {event['error']}")
        client.images.remove(f"{full}:{tag}", noprune=True)
    return read_base(registry, repository, tag)


def remember_base(registry: Registry, base: Base) -> None:
    """Put something small under the marker's name, for the marker tags to point at."""
    for layer in base.manifest["layers"]:
        registry.mount(MARKER, layer["digest"], source=base.repository)
    registry.mount(MARKER, base.manifest["config"]["digest"], source=base.repository)
    registry.put_manifest(MARKER, "base", base.manifest)


def remove_fleet(say: Callable[[str], None]) -> None:
    """Remove registry, its volume and the lab's images; whatever else uses them keeps them."""
    client = docker.from_env(timeout=600)
    container = registry_container(client)
    if container is not None:
        container.remove(force=True)
    try:
        client.volumes.get(VOLUME).remove()
    except NotFound:
        pass
    kept = [name for name in lab_image_names(client) if not removed(client, name)]
    say("registry and images removed" + (f"; still in use: {', '.join(sorted(kept))}" if kept else ""))


def lab_image_names(client: docker.DockerClient) -> list[str]:
    """List the names of our images: the bases, and what was pulled from the registry; never the Debian base."""
    found = client.images.list(filters={"label": f"{LABEL}=1"})
    names = [name for image in found for name in (image.tags or [image.id])]
    return [name for name in names if name is not None and (name.startswith((PREFIX, "127.0.0.1:", "sha256:")))]


def removed(client: docker.DockerClient, name: str) -> bool:
    """Remove one image unless a container uses it."""
    try:
        client.images.remove(name)
    except NotFound:
        return True
    except APIError:
        return False
    return True


def main(arguments: list[str]) -> int:
    """Run one of ``up``, ``images`` and ``down``."""
    match arguments:
        case ["up" | "images"]:
            started = time.monotonic()
            fleet = ensure_fleet(say=lambda text: print(f"  {text}", flush=True))
            print(f"fleet ready at {fleet.registry} after {time.monotonic() - started:.1f} s")
        case ["down"]:
            remove_fleet(say=print)
        case _:
            print("usage: python -m lab.fleet up|images|down", file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
