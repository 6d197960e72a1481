"""``include``: whole compose files of other projects, each with its own folder and `.env`, taken in unchanged."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from olmis_release.errors import Where
from olmis_release.manifest.findings import Findings
from olmis_release.manifest.importers.environment import read_environment
from olmis_release.manifest.importers.model import Variable
from olmis_release.manifest.importers.nodes import ListNode, MapNode, Node, TextNode, is_null, new_map, text_of
from olmis_release.manifest.importers.nodes import plain as plain_value
from olmis_release.manifest.importers.shorthand import as_list
from olmis_release.manifest.importers.tree import Tree, joined
from olmis_release.text import safe

_SECTIONS = ("services", "volumes", "networks", "configs", "secrets")


@dataclass(frozen=True, slots=True, kw_only=True)
class Included:
    """One entry of ``include``.

    Attributes:
        paths: Its compose files from the source's root, later ones override.
        home: The folder that its relative paths start from.
        env_files: Its own `.env` files.
    """

    paths: tuple[str, ...]
    home: str
    env_files: tuple[str, ...]
    where: Where


def entries_of(node: Node, home: str, *, tree: Tree, findings: Findings) -> Iterator[Included]:
    """Yield the entries; one whose files are not there is noted and left out."""
    if not is_null(node) and not isinstance(node, ListNode):
        findings.error("E-INCLUDE", "`include` must be a list.", where=node.where, do="Write it as a list.")
    for item in node.items if isinstance(node, ListNode) else ():
        said = item if isinstance(item, MapNode) else MapNode(entries={"path": item}, keys={}, where=item.where)
        if not _texts(said.get("path")):
            continue  # Compose takes an entry without path and reads nothing
        try:
            yield _entry(said, home, tree)
        except _MissingError as error:
            message = f"`include` names a file that is not there: {safe(str(error))}."
            findings.error("E-INCLUDE", message, where=item.where, do="Check the path; it is relative to the project.")


class _MissingError(ValueError):
    """A file or folder that an entry names does not exist."""


def _entry(said: MapNode, home: str, tree: Tree) -> Included:
    def there(name: str) -> str:
        path = joined(home, name)
        if path is None or tree.read(path) is None:
            raise _MissingError(name)
        return path

    paths = tuple(there(name) for name in _texts(said.get("path")))
    folder = text_of(said.get("project_directory"))
    inside = joined(home, folder) if folder else posixpath.dirname(paths[0])
    if inside is None:
        raise _MissingError(folder)
    own = posixpath.join(inside, ".env")
    env_files = [there(name) for name in _texts(said.get("env_file"))]
    env_files = env_files or ([own] if tree.read(own) is not None else [])
    inside = "" if inside == "." else inside
    return Included(paths=paths, home=inside, env_files=tuple(env_files), where=said.where)


def _texts(node: Node | None) -> list[str]:
    listing = as_list(node) if node is not None and not is_null(node) else None
    items = listing.items if isinstance(listing, ListNode) else ()
    return [text_of(item) for item in items if isinstance(item, TextNode)]


def variables_of(entry: Included, tree: Tree, findings: Findings) -> Mapping[str, Variable]:
    """Return what the entry's own `.env` files define."""
    found: dict[str, Variable] = {}
    for path in entry.env_files:
        read_environment(tree.read(path) or b"", shown_as=path, findings=findings, known=found)
    return found


def taken_in(base: MapNode, other: MapNode, findings: Findings) -> MapNode:
    """Return a document with what another one brings; the same name with another meaning is an error."""
    entries, keys = dict(base.entries), dict(base.keys)
    for section in _SECTIONS:
        theirs, ours = other.get(section), base.get(section)
        if not isinstance(theirs, MapNode):
            continue
        mine = ours if isinstance(ours, MapNode) else MapNode(entries={}, keys={}, where=theirs.where)
        for name in sorted(mine.entries.keys() & theirs.entries.keys()):
            if plain_value(mine.entries[name]) != plain_value(theirs.entries[name]):
                message = f"{section}.{safe(name)} is also in an included file ({theirs.keys[name]}), with other words."
                findings.error("E-INCLUDE", message, where=mine.keys[name], do="Keep one of the two.")
        entries[section] = new_map(theirs.entries | mine.entries, theirs.keys | mine.keys, mine.where)
        keys.setdefault(section, mine.where)
    return new_map(entries, keys, base.where)
