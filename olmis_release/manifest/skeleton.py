"""What `init` writes: the folders of a workspace, with examples that explain themselves. Nothing is overwritten."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from olmis_release.errors import BadInput

_TEMPLATES = files("olmis_release.manifest") / "templates"
_EMPTY_FOLDERS = ("manifests/candidates", "manifests/releases", "plans")
_IGNORED = "gitignore"


def planned_files() -> tuple[Path, ...]:
    """Return every file that a workspace starts with, relative to its folder."""
    return tuple(sorted({*_templates(), *(Path(folder, ".gitkeep") for folder in _EMPTY_FOLDERS), Path(".gitignore")}))


def write_skeleton(folder: Path) -> tuple[Path, ...]:
    """Make a folder a workspace, keeping every file that is there already.

    Returns:
        The files written, relative to the folder; `planned_files` without them are those that were kept.

    Raises:
        BadInput: The folder cannot be written to.
    """
    try:
        return tuple(sorted(_written(folder)))
    except OSError as error:
        raise BadInput.one(
            f"{error.filename or folder} cannot be written: {error.strerror}.",
            resolution="Name a folder that you may write to.",
            code="E-UNWRITABLE",
        ) from error


def _written(folder: Path) -> Iterator[Path]:
    for path, template in _templates().items():
        if _create(folder / path, template.read_text(encoding="utf-8")):
            yield path
    for empty in _EMPTY_FOLDERS:
        if not any((folder / empty).glob("*")) and _create(folder / empty / ".gitkeep", ""):
            yield Path(empty, ".gitkeep")
    if _ignore(folder / ".gitignore"):
        yield Path(".gitignore")


def _create(path: Path, text: str) -> bool:
    """Write a file unless there is one of that name; tell whether it was written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
    except FileExistsError:
        return False
    return True


def _ignore(path: Path) -> bool:
    """Add the entries that git must ignore and does not yet; tell whether any was missing."""
    wanted = (_TEMPLATES / _IGNORED).read_text(encoding="utf-8")
    present = path.read_text(encoding="utf-8") if path.exists() else ""
    known = {line.strip().strip("/") for line in present.splitlines()}
    entries = [line for line in wanted.splitlines() if line and not line.startswith("#")]
    missing = [entry for entry in entries if entry.strip("/") not in known]
    if not missing:
        return False
    added = wanted if len(missing) == len(entries) else "".join(f"{entry}\n" for entry in missing)
    gap = "\n" if present and not present.endswith("\n") else ""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{present}{gap}{added}", encoding="utf-8")
    return True


def _templates() -> dict[Path, Traversable]:
    """Return the packaged files by where they go."""
    return dict(_below(_TEMPLATES, Path()))


def _below(folder: Traversable, path: Path) -> Iterator[tuple[Path, Traversable]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _below(entry, path / entry.name)
        elif entry.name != _IGNORED:
            yield path / entry.name, entry
