"""A folder for one socket, which only this user may enter and which no killed process leaves for long."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PATH_LIMIT_BYTES = 100
FOLDERS = "olmis-release-ssh-"


def private_folder() -> Path:
    """Return a new folder, and remove those whose process was killed before it could."""
    prefix = f"{FOLDERS}{os.getpid()}-"
    made = Path(tempfile.mkdtemp(prefix=prefix))
    if len(bytes(made)) >= PATH_LIMIT_BYTES - len("/docker.sock"):
        # A socket's path is limited to about a hundred bytes, and TMPDIR may lie deep.
        made.rmdir()
        made = Path(tempfile.mkdtemp(prefix=prefix, dir="/tmp"))
    for left in _left_behind(made.parent):
        shutil.rmtree(left, ignore_errors=True)
    return made


def _left_behind(parent: Path) -> Iterator[Path]:
    """Yield the folders of ours whose process was killed before it could remove them."""
    for folder in parent.glob(f"{FOLDERS}*"):
        number = folder.name.removeprefix(FOLDERS).partition("-")[0]
        with suppress(OSError):
            if number.isdigit() and folder.stat().st_uid == os.getuid() and not _runs(int(number)):
                yield folder


def _runs(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # somebody else's
    return True
