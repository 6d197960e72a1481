"""Which compose files and `.env` files a folder consists of, as Compose would choose them."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from olmis_release.errors import BadInput, Where
from olmis_release.manifest.findings import Findings
from olmis_release.manifest.importers.environment import read_environment
from olmis_release.manifest.importers.model import Variable
from olmis_release.manifest.importers.tree import FolderTree, Tree, joined
from olmis_release.text import did_you_mean, listed, safe

BASES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
OVERRIDES = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)


MOST_FOLDERS = 12
DEEPEST_FOLDER = 3
_NO_ENVIRONMENTS = frozenset({".git", "node_modules"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What is read: paths from the source's root, and the variables of the `.env` files."""

    files: tuple[str, ...]
    env_files: tuple[str, ...]
    variables: Mapping[str, Variable]


def choose(tree: Tree, folder: str, *, files: Sequence[str], env_files: Sequence[str], findings: Findings) -> Chosen:
    """Choose the files and read the environment.

    Args:
        tree: The source.
        folder: Folder from the source's root.
        files: Compose files named by the user, relative to the folder.
        env_files: `.env` files named by the user; the folder's own when empty.
        findings: Where problems of the `.env` files are noted.

    Raises:
        BadInput: The folder, or a file that was named, does not exist; or there is no compose file.
    """
    names = tree.names(folder)
    if names is None:
        raise BadInput.one(
            f"there is no folder {safe(folder)} in it.", resolution=_folders(tree, folder), code="E-NO-FOLDER"
        )
    variables: dict[str, Variable] = {}
    read = []
    for path in _environments(tree, folder, files=files, env_files=env_files):
        data = tree.read(path) if not posixpath.isabs(path) else _of_this_host(path)
        if data is None:
            raise _no_file(tree, path, "--env")
        read_environment(data, shown_as=path, findings=findings, known=variables)
        read.append(path)
    chosen = [_named(tree, folder, name) for name in files] or _default_files(folder, names, variables)
    if not chosen:
        raise _nothing(tree, folder, names)
    return Chosen(files=tuple(chosen), env_files=tuple(read), variables=variables)


def _environments(tree: Tree, folder: str, *, files: Sequence[str], env_files: Sequence[str]) -> list[str]:
    if env_files:
        return [name if posixpath.isabs(name) else _named(tree, folder, name) for name in env_files]
    beside = posixpath.dirname(_named(tree, folder, files[0])) if files else folder
    found = [posixpath.join(place, ".env").removeprefix("./") for place in dict.fromkeys((beside, folder))]
    return [path for path in found if tree.read(path) is not None][:1]


def _default_files(folder: str, names: Sequence[str], variables: Mapping[str, Variable]) -> list[str]:
    if "COMPOSE_FILE" in variables:
        separator = variables["COMPOSE_PATH_SEPARATOR"].value if "COMPOSE_PATH_SEPARATOR" in variables else ":"
        return [_inside(folder, name) for name in variables["COMPOSE_FILE"].value.split(separator or ":") if name]
    base = next((name for name in BASES if name in names), None)
    if base is None:
        return []
    override = [name for name in OVERRIDES if name in names][:1]
    return [_inside(folder, name) for name in (base, *override)]


def _inside(folder: str, name: str) -> str:
    path = joined(folder, name)
    if path is None:
        raise BadInput.one(
            f"{safe(name)} leads out of the source.", resolution="Name a file inside of it.", code="E-NO-FILE"
        )
    return path


def _named(tree: Tree, folder: str, name: str) -> str:
    """Return a file that the user named: below the folder, or else from the source's root."""
    path = joined(folder, name)
    if path is None or tree.read(path) is None:
        from_root = joined("", name)
        if from_root is not None and tree.read(from_root) is not None:
            return from_root
    return _inside(folder, name)


def _of_this_host(path: str) -> bytes | None:
    """Return a file outside of the source: versions and credentials often lie in a place of their own."""
    file = Path(path)
    return FolderTree(root=file.parent).read(file.name)


def read_file(tree: Tree, path: str, option: str = "--file") -> bytes:
    """Return a file that has to be there.

    Raises:
        BadInput: It is not (names near ones).
    """
    data = tree.read(path)
    if data is None:
        raise _no_file(tree, path, option)
    return data


def _no_file(tree: Tree, path: str, option: str) -> BadInput:
    there = tree.names(posixpath.dirname(path) or ".") or ()
    advice = did_you_mean(posixpath.basename(path), there) or f"There are: {listed(there, most=12)}."
    return BadInput.one(
        "there is no such file.", where=Where(file=path), resolution=f"{advice} See {option}.", code="E-NO-FILE"
    )


def _nothing(tree: Tree, folder: str, names: Sequence[str]) -> BadInput:
    found = sorted(folders_with_files(tree, folder))
    there = f"--dir {' or --dir '.join(found[:MOST_FOLDERS])}" if found else ""
    do = f"Name the environment: {there}." if found else "Name the folder with --dir or the file with --file."
    return BadInput.one(
        f"there is no compose file ({' or '.join(BASES)}).",
        where=Where(file=folder or "."),
        resolution=do if found else f"{do} There are: {listed(names, most=12)}.",
        code="E-NO-COMPOSE-FILE",
    )


def folders_with_files(tree: Tree, folder: str, depth: int = 0) -> Iterator[str]:
    """Yield the folders below one that hold a compose file, as far as anybody nests environments."""
    for name in tree.names(folder or ".") or ():
        inside = posixpath.join(folder, name).removeprefix("./")
        there = () if name in _NO_ENVIRONMENTS else tree.names(inside) or ()
        if any(base in there for base in BASES):
            yield inside
        if there and depth < DEEPEST_FOLDER:
            yield from folders_with_files(tree, inside, depth + 1)


def _folders(tree: Tree, folder: str) -> str:
    parent = posixpath.dirname(folder.rstrip("/"))
    while tree.names(parent or ".") is None and parent:
        parent = posixpath.dirname(parent)
    names = tree.names(parent or ".") or ()
    return f"Name one with --dir; in {parent or 'its root'} there are: {listed(names, most=12)}."
