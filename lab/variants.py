"""Make an image out of a base that the registry holds already: one small layer, a new configuration, no engine.

The bytes depend on base and content only, so the same image has the same digest however often the fleet is made.
"""

import copy
import gzip
import io
import json
import tarfile
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
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


@dataclass(slots=True, kw_only=True)
class Publisher:
    """Publishes images to one registry, several at a time.

    Args:
        address: Host and port of the registry.
        bases: Base by kind.
    """

    address: str
    bases: dict[str, Base]
    _local: threading.local = field(default_factory=threading.local)
    _mounted: set[tuple[str, str]] = field(default_factory=set)

    def publish(self, images: list[Image]) -> None:
        """Put every image under its name.

        Raises:
            RegistryError: The registry refused a call; images before it are there, and a second run continues.
        """
        with ThreadPoolExecutor(WORKERS) as pool:
            for _ in pool.map(self._publish, images):
                pass

    def _publish(self, image: Image) -> None:
        base = self.bases[image.kind]
        registry = self._registry()
        for layer in base.manifest["layers"]:
            self._mount(image.repository, layer["digest"], base.repository)
        layer_tar = tar_of(image.files)
        manifest = copy.deepcopy(base.manifest)
        if layer_tar:
            packed = gzip.compress(layer_tar, mtime=0)
            name = registry.put_blob(image.repository, packed)
            manifest["layers"].append({"mediaType": LAYER, "size": len(packed), "digest": name})
        config = json.dumps(config_of(image, base.config, layer_tar), sort_keys=True).encode()
        manifest["config"] = {
            "mediaType": CONFIG,
            "size": len(config),
            "digest": registry.put_blob(image.repository, config),
        }
        registry.put_manifest(image.repository, image.tag, manifest)

    def _mount(self, repository: str, name: str, source: str) -> None:
        if (repository, name) not in self._mounted:
            self._registry().mount(repository, name, source=source)
            self._mounted.add((repository, name))

    def _registry(self) -> Registry:
        # A session serves one thread at a time.
        if not hasattr(self._local, "registry"):
            self._local.registry = Registry(address=self.address, session=requests.Session())
        found: Registry = self._local.registry
        return found


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
