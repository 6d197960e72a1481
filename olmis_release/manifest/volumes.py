"""Named volumes in a service's ``volumes``, short and long syntax."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from olmis_release.manifest.model import ComposeBody, ComposeValue

MOUNT_PARTS = 3
_PATH = re.compile(r"[./~]|\\\\|[^\W\d_]:")


def volume_of(mount: ComposeValue) -> str:
    """Return the named volume that one entry mounts, nothing for a path of the host or an unnamed volume."""
    if isinstance(mount, dict):
        source = mount.get("source", "")
        return source if mount.get("type", "volume") == "volume" and isinstance(source, str) else ""
    parts = mount_parts(mount) if isinstance(mount, str) else []
    named = len(parts) > 1 and not _PATH.match(parts[0]) and "${" not in parts[0]
    return parts[0] if named else ""


def folder_of(mount: ComposeValue) -> str:
    """Return the host's folder that one entry mounts, nothing for a volume."""
    if isinstance(mount, dict):
        source = mount.get("source", "")
        return source if mount.get("type") == "bind" and isinstance(source, str) else ""
    parts = mount_parts(mount) if isinstance(mount, str) else []
    return parts[0] if len(parts) > 1 and _PATH.match(parts[0]) else ""


def mount_parts(text: str) -> list[str]:
    """Return what stands between the colons; the one after the letter of a Windows drive does not part."""
    if len(text) < MOUNT_PARTS:
        return [text]
    parts = [""]
    for letter in text:
        if letter == ":" and not (len(parts[-1]) == 1 and parts[-1].isalpha()):
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def volumes_of(body: ComposeBody) -> Iterator[str]:
    """Yield the named volumes that a service mounts."""
    mounts = body.get("volumes", [])
    yield from (name for mount in (mounts if isinstance(mounts, list) else []) if (name := volume_of(mount)))


def with_renamed_volumes(body: ComposeBody, rename: Callable[[str], str]) -> ComposeBody:
    """Return a body whose named volumes carry other names."""
    mounts = body.get("volumes")
    if not isinstance(mounts, list):
        return body
    return {**body, "volumes": [_renamed(mount, rename) for mount in mounts]}


def _renamed(mount: ComposeValue, rename: Callable[[str], str]) -> ComposeValue:
    name = volume_of(mount)
    if not name:
        return mount
    if isinstance(mount, dict):
        return {**mount, "source": rename(name)}
    return f"{rename(name)}{str(mount)[len(name) :]}"
