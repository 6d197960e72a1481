"""Who a process is, so that another one can tell whether it still lives: a number alone is given out again."""

from __future__ import annotations

import os
import socket
from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
START_FIELD = 19
"""Place of the start time behind the command's name in ``/proc/<pid>/stat`` (proc(5): field 22 of all)."""


def this_process() -> str:
    """Return the identity of this process: host, boot, number, start."""
    return identity_of(os.getpid())


def identity_of(pid: int) -> str:
    """Return the identity of a process of this host; without a start where the system does not tell it."""
    return " ".join((socket.gethostname(), _boot(), str(pid), _started(pid)))


def is_gone(identity: str) -> bool:
    """Tell whether a process of this host has ended; of another host's nothing is known, so it has not."""
    host, boot, pid, started = [*identity.split(" "), "", "", "", ""][:4]
    if host != socket.gethostname() or not pid.isdigit():
        return False
    return boot != _boot() or not _exists(int(pid)) or _started(int(pid)) != started


def _boot() -> str:
    try:
        return BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return "-"


def _started(pid: int) -> str:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "-"
    state_and_more = stat.rpartition(")")[2].split()
    return "-" if state_and_more[0] == "Z" else state_and_more[START_FIELD]


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
