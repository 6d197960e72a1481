"""The file under a journal: whole lines, on the disk before anything goes on, each naming the hash of the one before.

A last line that a crash cut short counts as never written and is put aside as ``….torn``. Any other line that is not
what was written is damage: it is named, and nothing is decided on the file's word.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import rfc8785

from olmis_release.errors import JournalDamaged

FORMAT = 2
LINE_LIMIT_BYTES = 64 * 1024
BALLAST_BYTES = 1024 * 1024
"""Room that is set aside when a journal begins, so that the full disk itself can be written down."""

Line: TypeAlias = Mapping[str, str | int]


class JournalFile:
    """Lines that are appended and never changed."""

    def __init__(self, path: Path) -> None:
        """Open the file, which may not exist yet."""
        self._path = path
        self._lines: list[bytes] = list(_whole_lines(path)) if path.exists() else []
        self._owed = 0

    def begin(self) -> None:
        """Put an empty file on the disk: that there is one tells that nothing was lost."""
        _append(self._path, b"")

    def lines(self) -> tuple[Line, ...]:
        """Return every line, oldest first.

        Raises:
            JournalDamaged: One is not what was written; says which.
        """
        return tuple(_checked(self._path, self._lines))

    def append(self, fields: Line, *, owed: bool = False) -> None:
        """Append a line and wait until the disk has it.

        Args:
            fields: What it says.
            owed: It tells what happened: the room set aside is for it, and a disk that cannot take it even so gets it
                together with the next line. What is only meant has to find room by itself, or is not done.

        Raises:
            OSError: The disk cannot take it; the file is as before.
        """
        chain: dict[str, str | int] = {"v": FORMAT, "seq": len(self._lines) + 1, "prev": _hash_of(self._lines)}
        line = rfc8785.dumps({**fields, **chain})
        if len(line) > LINE_LIMIT_BYTES:
            raise OSError(errno.EFBIG, "a record of the journal may have 64 KiB")
        if not self._lines:
            _set_ballast_aside(_ballast(self._path))
        try:
            self._put((*self._lines[len(self._lines) - self._owed :], line), spare=owed)
        except OSError:
            if owed:
                self._lines.append(line)
                self._owed += 1
            raise
        self._lines.append(line)
        self._owed = 0

    def _put(self, lines: Sequence[bytes], *, spare: bool) -> None:
        data = b"".join(line + b"\n" for line in lines)
        try:
            _append(self._path, data)
        except OSError as error:
            full = error.errno in {errno.ENOSPC, errno.EDQUOT}
            if not (full and spare and _drop_ballast(_ballast(self._path))):
                raise
            _append(self._path, data)

    def content(self) -> bytes:
        """Return all of it, with what the disk does not have yet."""
        return b"".join(line + b"\n" for line in self._lines)


def damaged(path: Path, number: int, why: str) -> JournalDamaged:
    """Return the error that names a line which cannot be trusted."""
    return JournalDamaged(
        f"{path}:{number} is not a record of this journal: {why}.",
        resolution=f"Nothing is done on its word. Look at the instance, then: mv {path} {path}.damaged; with the copy "
        "on the target, `olmis-release resume` or `takeover` then leads out.",
    )


def whole_lines_of(content: bytes) -> bytes:
    """Return a copy without the end that a broken connection cut short."""
    return b"".join(line + b"\n" for line in _split(content)[0])


def lines_in(content: bytes, *, shown_as: Path) -> tuple[Line, ...]:
    """Return the lines of a copy; a torn end counts as never written.

    Raises:
        JournalDamaged: A line is not what was written.
    """
    whole, _torn = _split(content)
    return tuple(_checked(shown_as, whole))


def _whole_lines(path: Path) -> list[bytes]:
    content = path.read_bytes()
    lines, torn = _split(content)
    if torn:
        _put_aside(path, keep=content[: len(content) - len(torn)], torn=torn)
    return lines


def _split(content: bytes) -> tuple[list[bytes], bytes]:
    """Part whole lines from the one at the end that a crash cut short; a torn page may hold a line end by chance."""
    *lines, torn = content.split(b"\n")
    if lines and not torn and _parse(lines[-1]) is None:
        *lines, last = lines
        torn = last + b"\n"
    return ([*lines, torn], b"") if _has_a_record_and_more(torn) else (lines, torn)


def _has_a_record_and_more(torn: bytes) -> bool:
    """Tell a line end that was overwritten from a line cut short: what was whole before is damaged, not unwritten."""
    try:
        value, end = json.JSONDecoder().raw_decode(torn.decode("latin-1"))
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and "seq" in value and len(torn) - end > 2


def _put_aside(path: Path, *, keep: bytes, torn: bytes) -> None:
    path.with_name(f"{path.name}.torn").write_bytes(torn)
    with path.open("r+b") as file:
        file.truncate(len(keep))
        os.fsync(file.fileno())


def _checked(path: Path, lines: list[bytes]) -> Iterator[Line]:
    for number, raw in enumerate(lines, 1):
        line = _parse(raw)
        if line is None:
            raise damaged(path, number, "it cannot be read")
        if line.get("seq") != number:
            raise damaged(path, number, f"its number is {line.get('seq')}; a line was taken out or put in before it")
        if line.get("prev") != _hash_of(lines[: number - 1]):
            raise damaged(path, number, "the line before it was changed")
        yield line


def _parse(raw: bytes) -> Line | None:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and value.get("v") == FORMAT else None


def _hash_of(lines: list[bytes]) -> str:
    return hashlib.sha256(lines[-1]).hexdigest() if lines else ""


def _append(path: Path, data: bytes) -> None:
    is_new = not path.exists()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        _write_whole(descriptor, data)
    finally:
        os.close(descriptor)
    if is_new:
        _sync_folder(path.parent)


def _write_whole(descriptor: int, data: bytes) -> None:
    """Bring all of it to the disk or leave the file as it was: the next line would run into one that is half there."""
    size = os.fstat(descriptor).st_size
    try:
        written = os.write(descriptor, data)
        os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, size)
        raise
    if written != len(data):  # a full disk cuts a write short
        os.ftruncate(descriptor, size)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _ballast(path: Path) -> Path:
    return path.with_name("ballast")


def _set_ballast_aside(path: Path) -> None:
    """Reserve room; where there is none the run does not begin."""
    if not path.exists():
        _append(path, bytes(BALLAST_BYTES))


def _drop_ballast(path: Path) -> bool:
    """Give the room back; tells whether there was any."""
    try:
        path.unlink()
    except OSError:
        return False
    return True


def release_ballast(journal: Path) -> None:
    """Give the reserved room back once a run has ended."""
    _drop_ballast(_ballast(journal))
