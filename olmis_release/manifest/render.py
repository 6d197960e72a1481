"""From a release manifest and its surroundings to the one flat Compose file that is deployed.

Everything is resolved here: variables filled in, images pinned, names final. Compose gets nothing to interpret that
could come out differently on another day or another host.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from olmis_release.manifest import bodies
from olmis_release.manifest.local import Surroundings, local_bodies
from olmis_release.manifest.model import ONE_SHOT_ROLES, ComposeBody, ComposeValue, ImageRef, ReleaseManifest
from olmis_release.manifest.typed import typed
from olmis_release.manifest.variables import SETTINGS_KEY, literally, mapped, secrets_referred_to
from olmis_release.manifest.volumes import volumes_of, with_renamed_volumes
from olmis_release.yamlio import write_yaml

__all__ = ["CONFIG_LABEL", "Rendered", "Surroundings", "mirrored", "render"]

CONFIG_LABEL = "org.openlmis.release.config"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """The Compose file, and for each component the label by which a changed configuration is recognised."""

    text: str
    configs: Mapping[str, str]


def render(manifest: ReleaseManifest, surroundings: Surroundings) -> Rendered:
    """Return the Compose file of a release at an instance.

    Raises:
        BadInput: A variable without value, or an override for a component or key that does not exist; all of them.
    """
    names = _volume_names(manifest)
    local = local_bodies(manifest, surroundings)
    local = {name: with_renamed_volumes(body, lambda volume: names.get(volume, volume)) for name, body in local.items()}
    configs = {name: _config(body, surroundings) for name, body in local.items()}
    images = {name: mirrored(component.image, surroundings.mirrors) for name, component in manifest.components.items()}
    services = {name: _service(body, image=images[name], label=configs[name]) for name, body in local.items()}
    file: dict[str, Any] = {
        "name": surroundings.project,
        "services": services,
        "volumes": _volumes(manifest, names, local),
    }
    if manifest.networks:
        file["networks"] = {name: mapped(body, literally) for name, body in sorted(manifest.networks.items())}
    text = write_yaml(file)
    if secrets_referred_to(text):
        text += write_yaml({SETTINGS_KEY: surroundings.settings_file})
    return Rendered(text=_HEAD.format(version=manifest.version) + text, configs=configs)


_HEAD = "# Release {version}, rendered by olmis-release. Change the manifests or the instance file, not this.\n"


def _volumes(
    manifest: ReleaseManifest, names: Mapping[str, str], local: Mapping[str, ComposeBody]
) -> dict[str, ComposeValue]:
    """Return the volumes that are mounted, under their final names."""
    used = {volume for body in local.values() for volume in volumes_of(body)}
    declared = {names.get(name, name): body for name, body in manifest.volumes.items()}
    return {name: mapped(declared.get(name, {}), literally) for name in sorted(used)}


def _volume_names(manifest: ReleaseManifest) -> dict[str, str]:
    """Return new names for the volumes that images fill: Docker fills a named volume only while it is empty.

    A name that carries the image's tag and digest makes a new image fill a new volume.
    """
    names: dict[str, str] = {}
    for component in manifest.components.values():
        if component.role in ONE_SHOT_ROLES:
            image = component.image
            mark = image.tag + (f"-{image.digest.removeprefix('sha256:')[:8]}" if image.digest else "")
            names |= {volume: f"{volume}-{mark}" for volume in volumes_of(component.compose)}
    external = {name for name, body in manifest.volumes.items() if str(body.get("external", "false")).lower() == "true"}
    return {volume: name for volume, name in names.items() if volume not in external}


def _config(body: ComposeBody, surroundings: Surroundings) -> str:
    """Return what stands for a component's configuration: same text and same settings, same configuration."""
    text = write_yaml(_in_order({key: value for key, value in body.items() if key != "env_file"}))
    if "env_file" in body:
        fingerprint = surroundings.settings_fingerprint
    else:
        fingerprint = "".join(surroundings.secrets[name] for name in sorted(secrets_referred_to(text)))
    return hashlib.sha256((text + fingerprint).encode()).hexdigest()[:16]


def _in_order(body: ComposeBody) -> ComposeBody:
    return {key: _in_order(value) if isinstance(value, dict) else value for key, value in sorted(body.items())}


def _service(body: ComposeBody, *, image: str, label: str) -> dict[str, Any]:
    return typed(_in_order({"image": image, **bodies.with_value(body, f"labels.{CONFIG_LABEL}", label)}))


def mirrored(image: ImageRef, mirrors: Mapping[str, str]) -> str:
    """Return the reference by which an image is pulled: at its registry's mirror if it has one, digest included."""
    mirror = mirrors.get(image.registry)
    repository = f"{mirror}/{image.path}" if mirror else image.repository
    digest = f"@{image.digest}" if image.digest else ""
    return f"{repository}{'' if image.by_digest else f':{image.tag}'}{digest}"
