"""Compose's short and long ways of writing the same thing."""

from __future__ import annotations

import re

from olmis_release.errors import Where
from olmis_release.manifest.importers.nodes import (
    ListNode,
    MapNode,
    Node,
    TextNode,
    empty_map,
    is_null,
    new_list,
    new_map,
    text_of,
)
from olmis_release.manifest.volumes import mount_parts

FLAT = frozenset({"annotations", "environment", "labels", "sysctls"})
"""Parts of a service that may be written as a mapping or as ``KEY=VALUE`` lines."""

_PORT = re.compile(
    r"(?:(?P<ip>\[[^\]]*\]|[^:\[\]/]+)(?=:[^:]*:))?:?(?:(?P<published>[^:/]*):)?(?P<target>[^:/]+)(?:/(?P<protocol>\w+))?\Z"
)


def as_list(node: Node) -> Node:
    """Return one text as a list of it."""
    return new_list((node,), node.where) if isinstance(node, TextNode) else node


def as_map(node: Node) -> Node:
    """Return ``KEY=VALUE`` lines, or a list of names, as a mapping; a name alone has YAML's null as its value."""
    if not isinstance(node, ListNode) or not all(isinstance(item, TextNode) for item in node.items):
        return node
    entries: dict[str, Node] = {}
    places: dict[str, Where] = {}
    for item in node.items:
        assert isinstance(item, TextNode)  # noqa: S101 - just asked
        key, equals, text = item.text.partition("=")
        entries[key] = _value_of(item, text) if equals else TextNode(text="", where=item.where, kind="null")
        places[key] = item.where
    return new_map(entries, places, node.where)


def _value_of(item: TextNode, text: str) -> TextNode:
    opened = item.open_text.partition("=")[2] if item.open_text is not None else None
    raw = item.raw.partition("=")[2] if item.raw is not None else None
    return TextNode(text=text, where=item.where, open_text=opened, raw=raw)


def host_list(node: Node) -> Node:
    """Return a mapping of host names to addresses as ``name:address`` lines."""
    if not isinstance(node, MapNode):
        return node
    lines = (
        TextNode(text=f"{key}:{text_of(address)}", where=node.keys[key])
        for key, value in node.entries.items()
        for address in (value.items if isinstance(value, ListNode) else (value,))
    )
    return new_list(tuple(lines), node.where)


def long_depends_on(node: Node) -> Node:
    """Return a list of services as the mapping that says when each counts as there."""
    if not isinstance(node, ListNode):
        return node
    entries: dict[str, Node] = {text_of(item): _started(item.where) for item in node.items}
    return new_map(entries, {text_of(item): item.where for item in node.items}, node.where)


def _started(where: Where) -> MapNode:
    return new_map({"condition": TextNode(text="service_started", where=where)}, {"condition": where}, where)


def long_build(node: Node) -> Node:
    """Return a folder as a build section."""
    if not isinstance(node, TextNode) or is_null(node):
        return empty_map(node.where) if is_null(node) else node
    return new_map({"context": node}, {"context": node.where}, node.where)


def all_gpus(node: Node) -> Node:
    """Return the word `all` as the list of devices that it stands for."""
    if text_of(node) != "all":
        return node
    count = TextNode(text="-1", where=node.where, kind="number")
    return new_list((new_map({"count": count}, {"count": node.where}, node.where),), node.where)


def mount_target(node: Node) -> str:
    """Return where in the container something is mounted, or its name where it has no place of its own."""
    if isinstance(node, MapNode):
        return text_of(node.get("target")) or text_of(node.get("source"))
    parts = mount_parts(text_of(node))
    return parts[1] if len(parts) > 1 else parts[0]


def port_key(node: Node) -> str:
    """Return what makes a published port the same as another one."""
    if isinstance(node, MapNode):
        keys = ("host_ip", "published", "target")
        return "|".join([*(text_of(node.get(key)) for key in keys), text_of(node.get("protocol")) or "tcp"])
    match = _PORT.match(text_of(node))
    if not match:
        return text_of(node)
    protocol = match["protocol"] or "tcp"
    return "|".join([match["ip"] or "", match["published"] or "", match["target"], protocol])
