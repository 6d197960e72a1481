"""Files of a distribution, wherever they lie: at a commit, or in a folder."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from olmis_release.errors import BadInput, Where
from olmis_release.yamlio.guard import LIMIT_BYTES

if TYPE_CHECKING:
    from git import Blob
    from git import Tree as GitTree


class Tree(Protocol):
    """Files by their path from the source's root, with ``/`` between folders."""

    @property
    def ref(self) -> str:
        """Full ref or commit, empty for a plain folder."""

    @property
    def commit(self) -> str:
        """The commit, empty for a plain folder."""

    @property
    def message(self) -> str:
        """The commit's message, empty for a plain folder."""

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes, None when there is no such file.

        Raises:
            BadInput: It is there and cannot be read, or is larger than any file of a distribution.
        """

    def names(self, folder: str) -> tuple[str, ...] | None:
        """Return the names in a folder, None when there is no such folder."""


def joined(folder: str, path: str) -> str | None:
    """Return a path relative to a folder as one from the source's root, None when it leads out of the source."""
    whole = posixpath.normpath(posixpath.join(folder or ".", path.replace("\\", "/")))
    return None if whole.startswith(("../", "/")) or whole == ".." else whole.removeprefix("./").removesuffix("/.")


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderTree:
    """A plain folder as it is now."""

    root: Path
    ref: str = ""
    commit: str = ""
    message: str = ""

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes; one more than allowed when it is too large, for the reader to refuse."""
        file = self._inside(path)
        if file is None or not file.is_file():
            return None
        try:
            with file.open("rb") as opened:
                return opened.read(LIMIT_BYTES + 1)
        except OSError as error:
            raise _unreadable(path, error.strerror or "it cannot be opened") from error

    def names(self, folder: str) -> tuple[str, ...] | None:
        """Return the names in a folder, sorted."""
        inside = self._inside(folder)
        if inside is None or not inside.is_dir():
            return None
        try:
            return tuple(sorted(entry.name for entry in inside.iterdir()))
        except OSError as error:
            raise _unreadable(folder, error.strerror or "it cannot be listed") from error

    def _inside(self, path: str) -> Path | None:
        """Return the real file of a path; a link that leads out of the folder is as good as none."""
        real = (self.root / path).resolve()
        return real if real.is_relative_to(self.root.resolve()) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitTree:
    """The files of a commit, read from the repository's objects: nothing is checked out."""

    root: GitTree
    ref: str
    commit: str
    message: str

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes; one more than allowed when it is too large, for the reader to refuse."""
        blob = self._at(path)
        if blob is None or blob.type == "tree":
            return None
        if blob.size > LIMIT_BYTES:
            return b"\n" * (LIMIT_BYTES + 1)
        return bytes(blob.data_stream.read())

    def names(self, folder: str) -> tuple[str, ...] | None:
        """Return the names in a folder, sorted."""
        tree = self.root if folder in {"", "."} else self._at(folder)
        if tree is None or tree.type == "blob":
            return None
        return tuple(sorted(str(item.name) for item in (*tree.trees, *tree.blobs)))

    def _at(self, path: str) -> GitTree | Blob | None:
        try:
            return self.root / path
        except KeyError:
            return None


def _unreadable(path: str, why: str) -> BadInput:
    return BadInput.one(
        f"cannot be read: {why}.",
        where=Where(file=path),
        resolution="Check the rights of the file.",
        code="E-UNREADABLE",
    )
