"""Named volumes in a service's ``volumes``, short and long syntax."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from olmis_release.manifest.model import ComposeBody, ComposeValue

_NAMED = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9_.-]*):(?P<rest>.+)\Z", re.DOTALL)


def volume_of(mount: ComposeValue) -> str:
    """Return the named volume that one entry mounts, nothing for a path of the host or an unnamed volume."""
    if isinstance(mount, dict):
        source = mount.get("source", "")
        return source if mount.get("type", "volume") == "volume" and isinstance(source, str) else ""
    match = _NAMED.match(mount) if isinstance(mount, str) else None
    return match["name"] if match else ""


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
