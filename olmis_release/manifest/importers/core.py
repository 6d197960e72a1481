"""From a Core distribution to a Core manifest."""

from __future__ import annotations

from typing import Any

from olmis_release.manifest.image import ComposeBody, ImageRef
from olmis_release.manifest.importers.facts import known_service, role_of
from olmis_release.manifest.importers.model import Distribution, ImportedService
from olmis_release.manifest.layers import CoreManifest
from olmis_release.manifest.model import Role

NOT_CARRIED = frozenset({"configs", "label_file", "secrets"})
"""Parts of a service that live in files beside the compose file; a release has no such files."""


def core_version(tag: str) -> str:
    """Return the version that a tag of the reference distribution stands for: ``v3.19.2`` is 3.19.2."""
    name = tag.removeprefix("refs/tags/").removeprefix("refs/heads/")
    return name[1:] if name[:1] == "v" and name[1:2].isdigit() else name


def written_image(image: ImageRef) -> str:
    """Return an image as its file would write it: no tag where none was named."""
    tag = "" if image.untagged else f":{image.tag}"
    return f"{image.repository}{tag}" + (f"@{image.digest}" if image.digest else "")


def core_data(distribution: Distribution, version: str) -> dict[str, Any]:
    """Return the content of a Core manifest, ready to be written."""
    data: dict[str, Any] = {
        "kind": "core",
        "version": version,
        "source": {
            "repository": distribution.name,
            "ref": distribution.ref or "folder",
            "commit": upstream_commit(distribution) or "none",
        },
    }
    sections = {
        "variables": dict(distribution.variables_open),
        "volumes": dict(distribution.volumes),
        "networks": dict(distribution.networks),
    }
    data |= {key: value for key, value in sections.items() if value}
    data["components"] = {name: _component(service) for name, service in distribution.services.items()}
    return data


def core_manifest(distribution: Distribution, version: str) -> CoreManifest:
    """Return a Core distribution as a manifest."""
    return CoreManifest.model_validate(core_data(distribution, version))


def upstream_commit(distribution: Distribution) -> str:
    """Return the commit that a distribution was published at; a copy of a repository may name it in its message."""
    for line in distribution.message.splitlines():
        head, colon, commit = line.partition("upstream-commit:")
        if colon and not head.strip() and commit.strip():
            return commit.strip()
    return distribution.commit


def _component(service: ImportedService) -> dict[str, Any]:
    image = {"image": written_image(service.image)} if service.image else {"build": service.build or "."}
    known = known_service(service)
    names: dict[str, Any] = {"role": str(role_of(service))}
    if known:
        names |= {"consul": known.consul} | ({"schema": known.schema} if known.schema else {})
    elif role_of(service) is Role.UI:
        names["consul"] = service.name
    return image | names | {"compose": carried(service)}


def carried(service: ImportedService) -> ComposeBody:
    """Return a service's body as far as a release carries it."""
    return {key: value for key, value in service.open_body.items() if key not in NOT_CARRIED}
