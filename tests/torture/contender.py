"""One of many who want the lock: ``python -m tests.torture.contender WORKSPACE INSTANCE WITNESS LOG SECONDS``.

It takes the lock with the product's own code, as a run does; while it holds it, it also holds the witness, a file lock
that the product knows nothing of. Where the witness is somebody else's, two held the lock at once: that is an overlap.
A lock whose holder died is taken over.
"""

from __future__ import annotations

import fcntl
import os
import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from olmis_release.cli.wiring import open_site
from olmis_release.deploy.lock import Hold, take
from olmis_release.deploy.process_identity import is_gone
from olmis_release.deploy.takeover import wait_until_gone
from olmis_release.errors import InstanceLocked, ReleaseError
from olmis_release.instance.site import Site
from olmis_release.workspace import Workspace
from tests.torture.bed import Silent

WORK_S = (0.0, 0.05)
PAUSE_S = (0.05, 0.4)
"""Seconds before the next try; ten who ask without pause would keep the engine busy with refusals."""


def work(site: Site, witness: Path, log: Path, *, until_s: float) -> None:
    """Take the lock again and again."""
    number = 0
    while time.monotonic() < until_s:
        number += 1
        try:
            with _held(site, f"race-{os.getpid()}-{number}") as (hold, how):
                hold.guard()
                _note(log, how if _alone(witness) else "overlap")
                hold.guard()
        except InstanceLocked:
            time.sleep(random.uniform(*PAUSE_S))
        except ReleaseError as error:
            _note(log, f"error {type(error).__name__} {error.message[:200]!r}")


@contextmanager
def _held(site: Site, run: str) -> Iterator[tuple[Hold, str]]:
    hold, how = _taken(site, run)
    with hold.kept():
        yield hold, how


def _taken(site: Site, run: str) -> tuple[Hold, str]:
    try:
        return take(site, run=run, plan="", doing="racing"), "taken"
    except InstanceLocked:
        seen = site.lock.look()
        if seen is None or not is_gone(seen.claim.process):
            raise
    wait_until_gone(site, seen)
    site.lock.set_aside(seen)
    return take(site, run=run, plan="", doing="racing"), "taken-over"


def _alone(witness: Path) -> bool:
    descriptor = os.open(witness, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        time.sleep(random.uniform(*WORK_S))
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _note(log: Path, text: str) -> None:
    with log.open("a", encoding="utf-8") as file:
        file.write(f"{os.getpid()} {text}\n")


def main(workspace: str, instance: str, witness: str, log: str, seconds: str) -> None:
    """Race for so many seconds."""
    site = open_site(Workspace(root=Path(workspace)), instance, Silent())
    work(site, Path(witness), Path(log), until_s=time.monotonic() + float(seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
