"""Reading a distribution: source, environment, compose files, and all of it as one value."""

from __future__ import annotations

from collections.abc import Sequence

from olmis_release.manifest.importers.model import Distribution


def read_distribution(
    source: str,
    *,
    ref: str | None = None,
    folder: str | None = None,
    files: Sequence[str] = (),
    env_files: Sequence[str] = (),
) -> Distribution:
    """Read the distribution at a source.

    Args:
        source: A git URL, a local repository, a bundle, or a plain folder.
        ref: A tag, branch or commit (``refs/tags/…`` and ``refs/heads/…`` name one of the two); the source's HEAD, or
            the folder as it is, when None.
        folder: Folder inside the source, its root when None.
        files: Compose files below the folder, later ones override; those that Compose would take when empty.
        env_files: `.env` files below the folder; the folder's own `.env`, if it has one, when empty.

    Returns:
        What was read; contents that are wrong are its `problems`.

    Raises:
        BadInput: The source, the ref or the folder does not exist or cannot be read.
    """
    raise NotImplementedError
