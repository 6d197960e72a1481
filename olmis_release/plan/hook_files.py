"""The scripts that a deploy may run: files of this repository and nothing else, so that a review saw them."""

from __future__ import annotations

import os
from pathlib import Path

from olmis_release.errors import BadInput, Problem, Where
from olmis_release.workspace import Workspace

FOLDER = "hooks"


def hook_files(folder: Path) -> tuple[Path, ...]:
    """Return every executable that a moment of a deploy may run, in name order."""
    files = (path for pattern in ("*", "*.d/*") for path in folder.glob(pattern))
    return tuple(sorted(path for path in files if path.is_file() and os.access(path, os.X_OK)))


def is_inside(path: Path, repository: Path) -> bool:
    """Return whether a path leads, past every link, to a place in the repository."""
    return path.resolve().is_relative_to(repository.resolve())


def require_hooks_inside(workspace: Workspace) -> None:
    """Refuse hooks that are links out of the repository: what they run is nobody's reviewed file.

    Raises:
        BadInput: Names each of them.
    """
    outside = [path for path in hook_files(workspace.hooks) if not is_inside(path, workspace.root)]
    if outside:
        raise BadInput(
            [_problem(workspace, path) for path in outside],
            resolution=f"Put a copy of the script into {FOLDER}/, or take the link away.",
        )


def _problem(workspace: Workspace, path: Path) -> Problem:
    return Problem(
        code="E-HOOK-OUTSIDE",
        message=f"the hook leads to {path.resolve()}, which is outside of the repository.",
        where=Where(file=str(path.relative_to(workspace.root))),
        resolution="",
    )
