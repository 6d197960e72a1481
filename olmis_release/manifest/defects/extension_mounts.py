"""Extension images whose files reach nobody.

Such an image copies jars into a named volume, and the service that is extended mounts that volume. When a mount is
missing the service starts with its default behaviour and only a debug line in its log tells.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from olmis_release.errors import Problem
from olmis_release.manifest.defects.model import Context, warning
from olmis_release.manifest.image import ComposeBody, ComposeValue, ImageRef
from olmis_release.manifest.importers.model import Distribution, ImportedService
from olmis_release.manifest.policy import ImageMounts
from olmis_release.manifest.volumes import volume_of
from olmis_release.text import listed
from olmis_release.version import Order, compare_tags

KNOWN = (
    ImageMounts(
        image="selv-v3-extensions-config",
        since="1.1.0",
        paths=("/extensions-fulfillment", "/extensions-stockmanagement"),
    ),
)
"""Modules known to have moved their files with a version; what a policy says about an image goes before."""
_MODULE = re.compile(r"(?:.*[-_.])?extensions?(?:[-_.].*)?\Z")
_FOLDER = re.compile(r"/extensions(?:[-_/].*)?\Z")


def check(distribution: Distribution, context: Context) -> Iterator[Problem]:
    """Yield modules that fill nothing anybody mounts, and services that wait for files from nobody."""
    modules = {name: service for name, service in distribution.services.items() if _is_module(name, service, context)}
    users = _users(distribution)
    for name, service in modules.items():
        yield from _of_module(name, service, users, context=context)
    yield from _of_hosts(distribution, modules, users)


def mounts_of(service: ImportedService) -> Iterator[tuple[int, str, str]]:
    """Yield index, source (a volume or a folder of the host) and target of each mount."""
    mounts = service.body.get("volumes", [])
    for index, mount in enumerate(mounts if isinstance(mounts, list) else []):
        source, target = _ends(mount)
        if target:
            yield index, source, posixpath.normpath(target)


def _ends(mount: ComposeValue) -> tuple[str, str]:
    if isinstance(mount, dict):
        source, target = mount.get("source", ""), mount.get("target", "")
        return (source if isinstance(source, str) else ""), (target if isinstance(target, str) else "")
    if not isinstance(mount, str):
        return "", ""
    source, colon, rest = mount.partition(":")
    return (volume_of(mount) or source, rest.partition(":")[0]) if colon else ("", source)


def _is_module(name: str, service: ImportedService, context: Context) -> bool:
    image = service.image
    if image and any(_same(image, known) for known in (*KNOWN, *context.image_mounts)):
        return True
    return bool(_MODULE.match(posixpath.basename(image.repository) if image else name))


def _same(image: ImageRef, known: ImageMounts) -> bool:
    """Return whether an image is the known one; a known image without organisation is anybody's of that name."""
    return known.image in {image.repository, posixpath.basename(image.repository)}


def _needed(image: ImageRef | None, context: Context) -> tuple[str, ...]:
    """Return the folders that an image is known to fill."""
    told = any(image and _same(image, known) for known in context.image_mounts)
    mounts = context.image_mounts if told else KNOWN
    found = (known for known in mounts if image and _same(image, known) and _applies(image, known))
    return tuple(dict.fromkeys(path for known in found for path in known.paths))


def _applies(image: ImageRef, known: ImageMounts) -> bool:
    return known.since is None or compare_tags(known.since, image.tag) in {Order.UP, Order.SAME}


def _of_module(
    name: str, module: ImportedService, users: Mapping[str, set[str]], *, context: Context
) -> Iterator[Problem]:
    mounts = list(mounts_of(module))
    targets = {target for _, _, target in mounts}
    missing = [path for path in _needed(module.image, context) if posixpath.normpath(path) not in targets]
    if missing:
        message = f"{name}: {module.image} fills {listed(missing)}, which the compose file does not mount."
        do = (
            "Mount a named volume there, here and in the service that is extended; else the extension is lost silently."
        )
        yield warning("extension-mount", message, where=module.place("volumes"), do=do)
    elif not any(source for _, source, _ in mounts):
        message = f"{name} looks like an extension module and mounts no volume, so nothing it brings reaches a service."
        do = "Mount a named volume at /extensions, here and in the service that is extended."
        yield warning("extension-mount", message, where=module.place(), do=do)
    for index, source, target in mounts:
        if source and not users.get(source, set()) - {name}:
            message = (
                f"{name} fills {source} ({target}), which no other service mounts: the extension is lost silently."
            )
            do = f"Mount {source} at /extensions in the service that is extended."
            yield warning("extension-mount", message, where=module.place(f"volumes.{index}"), do=do)


def _users(distribution: Distribution) -> dict[str, set[str]]:
    """Return for each volume or folder the services that mount it."""
    found: dict[str, set[str]] = {}
    for name, service in distribution.services.items():
        for _, source, _ in mounts_of(service):
            found.setdefault(source, set()).add(name)
    return found


def _of_hosts(
    distribution: Distribution, modules: Mapping[str, ImportedService], users: Mapping[str, set[str]]
) -> Iterator[Problem]:
    """Yield services that look for extensions in a named volume that no other service mounts."""
    for name, service in distribution.services.items():
        for index, source, target in mounts_of(service):
            owned = name in modules or not _FOLDER.match(target) or source not in distribution.volumes
            if owned or _is_external(distribution.volumes[source]) or users.get(source, set()) - {name}:
                continue
            message = f"{name} looks for extensions in {source} ({target}), which no other service fills."
            do = "Mount it in the extension module too; check the volume's name and the module's folder."
            yield warning("extension-mount", message, where=service.place(f"volumes.{index}"), do=do)


def _is_external(volume: ComposeBody) -> bool:
    return volume.get("external", "false") not in {"false", ""}
