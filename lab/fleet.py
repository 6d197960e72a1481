"""The stand-in fleet: a registry on loopback with every image that demo, tests and bench name.

``python -m lab.fleet up`` makes it (seconds when nothing changed), ``down`` removes it. Tests call ``ensure_fleet()``.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import docker
import requests
from docker.errors import APIError, NotFound
from filelock import FileLock

from lab import registry_container
from lab.catalogue import LABEL, images
from lab.facts import FACTS
from lab.images import PREFIX, ROOT, STANDIN, built, content_hash
from lab.registry import Registry
from lab.variants import Base, Publisher, read_base

MAKERS = ("catalogue", "faults", "forging", "jar", "migrations", "releases", "variants")
#: Repository whose tags say that the registry holds the whole fleet as these sources make it.
MARKER = "standin/fleet"


class PushError(Exception):
    """The engine could not push a base to the registry."""


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
        """Give an image's full name with its digest instead of its tag."""
        repository, _, tag = name.rpartition(":")
        registry = Registry(address=self.registry, session=requests.Session())
        return f"{self.registry}/{repository}@{registry.digest_of(repository, tag)}"


def ensure_fleet(say: Callable[[str], None] = lambda _: None) -> Fleet:
    """Start the registry and fill it where needed; two processes may call this at once.

    Raises:
        RegistryDownError: The registry does not come up.
        MissingBaseError: The engine lacks ``debian:bookworm-slim``.
        PushError: The engine could not push.
    """
    build = ROOT / "build"
    build.mkdir(exist_ok=True)
    with FileLock(build / "fleet.lock"):
        client = docker.from_env(timeout=600)
        registry = registry_container.started_registry(client, say)
        marker = content_hash(sources())
        if not registry.has(MARKER, marker):
            small = fill(client, registry, say)
            set_marker(registry, small, marker)
    return Fleet(registry=registry.address)


def sources() -> list[Path]:
    """List what decides the bytes of the images: the bases' folders, the facts, the modules that combine them."""
    folders = [dockerfile.parent for dockerfile in STANDIN.glob("*/Dockerfile")]
    return [*folders, FACTS, *(ROOT / "lab" / f"{name}.py" for name in MAKERS)]


def fill(client: docker.DockerClient, registry: Registry, say: Callable[[str], None]) -> Base:
    """Build and push the bases, publish every image on top of them, and give back the smallest base."""
    wanted = list(images())
    bases = {kind: pushed_base(client, registry, kind) for kind in sorted({image.kind for image in wanted})}
    say(f"{len(bases)} base images built and pushed")
    started = time.monotonic()
    Publisher(address=registry.address, bases=bases).publish(wanted)
    say(f"{len(wanted)} images published in {time.monotonic() - started:.0f} s")
    return bases["small"]


def pushed_base(client: docker.DockerClient, registry: Registry, kind: str) -> Base:
    """Have one base in the registry under ``standin/<kind>``."""
    name = built(client, kind)
    tag = name.rpartition(":")[2]
    repository = f"standin/{kind}"
    if not registry.has(repository, tag):
        push(client, name, f"{registry.address}/{repository}:{tag}")
    return read_base(registry, repository, tag)


def push(client: docker.DockerClient, name: str, target: str) -> None:
    """Push a local image under another name.

    Raises:
        PushError: The engine reports an error.
    """
    repository, _, tag = target.rpartition(":")
    client.images.get(name).tag(repository, tag)
    for event in client.images.push(repository, tag, stream=True, decode=True):
        if "error" in event:
            raise PushError(f"Pushing {target} failed: {event['error']}")
    client.images.remove(target, noprune=True)


def set_marker(registry: Registry, base: Base, marker: str) -> None:
    """Record that the registry holds the fleet: point the marker's tag at something small."""
    for blob in (*base.manifest["layers"], base.manifest["config"]):
        registry.mount(MARKER, blob["digest"], source=base.repository)
    registry.put_manifest(MARKER, marker, base.manifest)


def remove_fleet(say: Callable[[str], None]) -> None:
    """Remove registry, its volume and the fleet's images; whatever a container still uses stays and is named."""
    client = docker.from_env(timeout=600)
    registry_container.remove(client)
    kept = sorted(name for name in fleet_image_names(client) if not removed(client, name))
    say("registry and images removed" + (f"; still in use: {', '.join(kept)}" if kept else ""))


def fleet_image_names(client: docker.DockerClient) -> list[str]:
    """List our images by every name: bases, and what was pulled from the registry; never the Debian base."""
    names: list[str] = []
    for image in client.images.list(filters={"label": f"{LABEL}=1"}):
        known = [*image.tags, *(image.attrs.get("RepoDigests") or [])]
        names += [name for name in known if name.startswith((PREFIX, "127.0.0.1:"))] if known else [str(image.id)]
    return names


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
    """Run one of ``up``, ``images`` (the same) and ``down``."""
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
