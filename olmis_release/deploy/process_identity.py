"""Who a process is, so that another one can tell whether it still lives: a number alone is given out again."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
MACHINE_ID = Path("/etc/machine-id")
PROCESS_SPACE = Path("/proc/self/ns/pid")
"""Which processes have numbers here: two containers of one host each have a process 50."""
START_FIELD = 19
"""Place of the start time behind the command's name in ``/proc/<pid>/stat`` (proc(5): field 22 of all)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A process: its host twice (names are given twice, ids are cloned), boot, process space, number, start."""

    host: str
    machine: str
    boot: str
    space: str
    pid: int
    started: str

    def __str__(self) -> str:
        """Return what `read` reads."""
        return " ".join((self.host, self.machine, self.boot, self.space, str(self.pid), self.started))

    @property
    def host_is_this(self) -> bool:
        """Whether it is, or was, a process of this host."""
        return (self.host, self.machine) == (socket.gethostname(), _text(MACHINE_ID))


def this_process() -> str:
    """Return the identity of this process."""
    return identity_of(os.getpid())


def identity_of(pid: int) -> str:
    """Return the identity of a process of this host; without a start where the system does not tell it."""
    one = Identity(
        host=socket.gethostname(),
        machine=_text(MACHINE_ID),
        boot=_text(BOOT_ID),
        space=_space(),
        pid=pid,
        started=_started(pid),
    )
    return str(one)


def is_gone(identity: str) -> bool:
    """Tell whether a process has certainly ended; of one that cannot be seen from here nothing is known, so it lives.

    One of an earlier boot counts as unseen: a clone of this machine has the same name and the same id.
    """
    one = _read(identity)
    if one is None or not one.host_is_this or (one.boot, one.space) != (_text(BOOT_ID), _space()):
        return False
    return not _exists(one.pid) or _started(one.pid) != one.started


def is_of_earlier_boot(identity: str) -> bool:
    """Tell whether a process was one of this host before it was started last; a clone of this host looks the same."""
    one = _read(identity)
    return one is not None and one.host_is_this and one.boot != _text(BOOT_ID)


def _read(identity: str) -> Identity | None:
    parts = identity.split(" ")
    if len(parts) != 6 or not (parts[4].isascii() and parts[4].isdigit()):
        return None
    host, machine, boot, space, pid, started = parts
    return Identity(host=host, machine=machine, boot=boot, space=space, pid=int(pid), started=started)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip() or "-"
    except (OSError, ValueError):
        return "-"


def _space() -> str:
    try:
        return str(PROCESS_SPACE.readlink())
    except OSError:
        return "-"


def _started(pid: int) -> str:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "-"
    state_and_more = stat.rpartition(")")[2].split()
    return "-" if state_and_more[:1] in ([], ["Z"]) else state_and_more[START_FIELD]


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OverflowError:
        return False
    except PermissionError:
        return True
    return True
