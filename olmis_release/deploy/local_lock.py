"""One deploy at a time: the lock of an instance on this machine."""

from __future__ import annotations

import getpass
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from olmis_release import clock
from olmis_release.errors import InstanceLocked
from olmis_release.instance.site import Site


@contextmanager
def locked(site: Site, *, doing: str) -> Iterator[None]:
    """Hold the instance's lock; the operating system frees it if this process dies.

    Args:
        site: The instance.
        doing: For whoever is refused meanwhile, for example ``deploy of 3.5.0+mw1 (plan F7DS-JEEJ)``.

    Raises:
        InstanceLocked: Somebody else holds it; says who, since when, and what for.
    """
    site.folder.ensure(site.folder.root)
    lock = FileLock(site.folder.lock, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise InstanceLocked(
            f"{site.config.name} is locked: {_holder(_note(site))}.",
            resolution=f"olmis-release status {site.config.name}",
        ) from error
    try:
        _note(site).write_text(json.dumps(_who(doing)), encoding="utf-8")
        yield
    finally:
        _note(site).unlink(missing_ok=True)
        lock.release()


def holder(site: Site) -> str:
    """Return who works on an instance from this machine, and at what; empty when nobody does.

    It only looks: taking the lock for a moment could turn a deploy away that begins just then.
    """
    try:
        os.kill(int(json.loads(_note(site).read_text(encoding="utf-8"))["pid"]), 0)
    except PermissionError:
        return _holder(_note(site))  # somebody else's process
    except (OSError, ValueError, KeyError):
        return ""
    return _holder(_note(site))


def _note(site: Site) -> Path:
    return site.folder.root / "holder.json"


def _who(doing: str) -> dict[str, str]:
    return {
        "by": f"{getpass.getuser()}@{socket.gethostname()}",
        "pid": str(os.getpid()),
        "doing": doing,
        "since": clock.iso(clock.now()),
    }


def _holder(note: Path) -> str:
    try:
        who = json.loads(note.read_text(encoding="utf-8"))
        return f"{who['doing']} by {who['by']} (process {who['pid']}) since {who['since']}"
    except (OSError, ValueError, KeyError):
        return "another process holds it"
