"""A compose file as a tree in which every value keeps its place, aliases and merge keys resolved.

Countries' files use anchors, so they are allowed here, unlike in own files; what they unfold to is counted, so that a
few hundred bytes cannot grow into gigabytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from olmis_release.errors import Where


@dataclass(frozen=True, slots=True, kw_only=True)
class TextNode:
    """A scalar, as text the way Compose takes it.

    Attributes:
        open_text: The text with ``${NAME}`` where a default stands in, None when that is the same.
        raw: The text before variables were filled in, None when that is the same.
        kind: What YAML takes it for: text, number, bool or null.
        cut: It is a number with a point or an exponent, which Compose does not take everywhere.
    """

    text: str
    where: Where
    open_text: str | None = None
    raw: str | None = None
    kind: str = "text"
    cut: bool = False
    tag: str = ""
    size: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ListNode:
    """A sequence; `size` counts all values in it, aliases unfolded."""

    items: tuple[Node, ...]
    where: Where
    tag: str = ""
    size: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class MapNode:
    """A mapping; `keys` are the places of the keys."""

    entries: dict[str, Node]
    keys: dict[str, Where]
    where: Where
    tag: str = ""
    size: int = 1

    def get(self, key: str) -> Node | None:
        """Return the value of a key, None when it is not there."""
        return self.entries.get(key)

    def place(self, key: str) -> Where:
        """Return the place of a key, or of the mapping when it is not there."""
        return self.keys.get(key, self.where)


Node: TypeAlias = TextNode | ListNode | MapNode


def new_map(entries: dict[str, Node], keys: dict[str, Where], where: Where, *, tag: str = "") -> MapNode:
    """Return a mapping with its size."""
    size = 1 + sum(node.size for node in entries.values())
    return MapNode(entries=entries, keys=keys, where=where, tag=tag, size=size)


def new_list(items: tuple[Node, ...], where: Where, *, tag: str = "") -> ListNode:
    """Return a sequence with its size."""
    return ListNode(items=items, where=where, tag=tag, size=1 + sum(node.size for node in items))


def empty_map(where: Where) -> MapNode:
    """Return a mapping without entries."""
    return MapNode(entries={}, keys={}, where=where)


def with_entry(node: MapNode, key: str, value: Node, *, where: Where | None = None) -> MapNode:
    """Return a mapping in which a key has another value; a new key stands at `where`."""
    keys = {**node.keys, key: where or node.keys.get(key) or value.where}
    return new_map({**node.entries, key: value}, keys, node.where, tag=node.tag)


def without_entry(node: MapNode, *unwanted: str) -> MapNode:
    """Return a mapping without some keys."""
    entries = {key: value for key, value in node.entries.items() if key not in unwanted}
    return new_map(entries, {key: node.keys[key] for key in entries}, node.where, tag=node.tag)


def is_null(node: Node | None) -> bool:
    """Return whether a value is missing or YAML's null."""
    return node is None or (isinstance(node, TextNode) and node.kind == "null")


def text_of(node: Node | None) -> str:
    """Return a scalar's text, nothing for anything else."""
    return node.text if isinstance(node, TextNode) and node.kind != "null" else ""


def scalars(node: Node, path: str = "") -> Iterator[tuple[str, TextNode]]:
    """Yield every scalar with its dotted path; items of a list have their number."""
    if isinstance(node, TextNode):
        yield path, node
    elif isinstance(node, ListNode):
        for index, item in enumerate(node.items):
            yield from scalars(item, f"{path}.{index}" if path else str(index))
    else:
        for key, value in node.entries.items():
            yield from scalars(value, f"{path}.{key}" if path else key)


def plain(node: Node) -> object:
    """Return a value without its places, to be compared."""
    if isinstance(node, TextNode):
        return node.kind == "null", node.text
    if isinstance(node, ListNode):
        return [plain(item) for item in node.items]
    return {key: plain(value) for key, value in node.entries.items()}
