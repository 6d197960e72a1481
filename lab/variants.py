"""Make an image out of a base that the registry holds already: one small layer, a new configuration, no engine.

The bytes depend on base and content only, so the same image has the same digest however often the fleet is made.
"""

import copy
import gzip
import io
import json
import tarfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import requests

from lab.catalogue import LABEL, Image
from lab.registry import MANIFEST, Registry, digest

CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
WORKERS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A pushed base: where it is, its manifest and its configuration."""

    repository: str
    manifest: dict[str, Any]
    config: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """Publishes images to one registry, several at a time.

    Args:
        address: Host and port of the registry.
        bases: Base by kind.
    """

    address: str
    bases: dict[str, Base]

    def publish(self, images: list[Image]) -> None:
        """Put every image under its name, repository by repository.

        Raises:
            RegistryError: The registry refused a call; images before it are there, and a second run continues.
        """
        shelves: dict[str, list[Image]] = {}
        for image in images:
            shelves.setdefault(image.repository, []).append(image)
        with ThreadPoolExecutor(WORKERS) as pool:
            for _ in pool.map(self._publish_shelf, shelves.values()):
                pass

    def _publish_shelf(self, images: list[Image]) -> None:
        # One repository belongs to one thread: two that link the same layer into it at once can spoil the link.
        registry = Registry(address=self.address, session=requests.Session())
        bases = {image.kind: self.bases[image.kind] for image in images}
        for base in bases.values():
            for layer in base.manifest["layers"]:
                registry.mount(images[0].repository, layer["digest"], source=base.repository)
        for image in images:
            publish_one(registry, image, self.bases[image.kind])


def publish_one(registry: Registry, image: Image, base: Base) -> None:
    """Put one image under its name; the base's layers are in its repository already."""
    layer_tar = tar_of(image.files)
    manifest = copy.deepcopy(base.manifest)
    if layer_tar:
        packed = gzip.compress(layer_tar, mtime=0)
        name = registry.put_blob(image.repository, packed)
        manifest["layers"].append({"mediaType": LAYER, "size": len(packed), "digest": name})
    config = json.dumps(config_of(image, base.config, layer_tar), sort_keys=True).encode()
    name = registry.put_blob(image.repository, config)
    manifest["config"] = {"mediaType": CONFIG, "size": len(config), "digest": name}
    registry.put_manifest(image.repository, image.tag, manifest)


def read_base(registry: Registry, repository: str, tag: str) -> Base:
    """Read a base's manifest and configuration."""
    manifest = registry.manifest(repository, tag)
    config = json.loads(registry.blob(repository, manifest["config"]["digest"]))
    return Base(repository=repository, manifest=manifest | {"mediaType": MANIFEST}, config=config)


def config_of(image: Image, base: dict[str, Any], layer_tar: bytes) -> dict[str, Any]:
    """Write an image's configuration: the base's, with variables, labels and layer added."""
    config = copy.deepcopy(base)
    settings = config["config"]
    settings["Env"] = [*(settings.get("Env") or []), *image.env]
    labels = {
        LABEL: "1",
        "org.opencontainers.image.title": image.repository,
        "org.opencontainers.image.version": image.tag,
    }
    settings["Labels"] = (settings.get("Labels") or {}) | labels
    for left_over in ("container", "container_config", "parent"):
        config.pop(left_over, None)
    if layer_tar:
        config["rootfs"]["diff_ids"].append(digest(layer_tar))
        config["history"].append({"created": config["created"], "created_by": f"stand-in {image.name}"})
    return config


def tar_of(files: tuple[tuple[str, bytes], ...]) -> bytes:
    """Pack files as a layer; no files, no layer."""
    if not files:
        return b""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path, content in files:
            member = tarfile.TarInfo(path)
            member.size, member.mode = len(content), 0o644
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()
