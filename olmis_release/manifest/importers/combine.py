"""Several compose files as one, as Compose merges them: later ones override, lists append, keyed things replace."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from olmis_release.manifest.findings import Findings
from olmis_release.manifest.importers.nodes import (
    ListNode,
    MapNode,
    Node,
    TextNode,
    is_null,
    new_list,
    new_map,
    text_of,
    without_entry,
)
from olmis_release.manifest.importers.shorthand import (
    FLAT,
    all_gpus,
    as_list,
    as_map,
    host_list,
    long_build,
    long_depends_on,
    mount_target,
    port_key,
)

Path = tuple[str, ...]

# Replaced whole: half of one command and half of another make no sense.
_WHOLE = frozenset({("command",), ("entrypoint",), ("healthcheck", "test")})
_NAMES = frozenset({("depends_on",), ("networks",)})
_TEXT_LISTS = frozenset({"dns", "dns_search", "tmpfs", "env_file"})
_KEYED: dict[str, Callable[[Node], str]] = {
    "volumes": mount_target,
    "configs": mount_target,
    "secrets": mount_target,
    "devices": mount_target,
    "ports": port_key,
}
# The others append even what is there already; where Compose then refuses the whole, the form says so.
_UNIQUE = frozenset(
    {"aliases", "cap_add", "cap_drop", "dns", "dns_opt", "dns_search", "env_file", "expose", "extra_hosts", "links"}
    | {"tmpfs", "tags"}
)
_UNIQUE_AS_WRITTEN = frozenset({"extra_hosts", "expose"})


def combined(base: MapNode, over: MapNode, findings: Findings) -> MapNode:
    """Return two documents as one."""
    return _Merge(findings).mapping(base, over, ())


def combined_service(base: MapNode, over: MapNode, findings: Findings) -> MapNode:
    """Return a service that extends another one."""
    return _Merge(findings).mapping(base, over, ("services", "_"))


class _Merge:
    def __init__(self, findings: Findings) -> None:
        self.findings = findings

    def mapping(self, base: MapNode, over: MapNode, path: Path) -> MapNode:
        entries, keys = dict(base.entries), dict(base.keys)
        for key, value in over.entries.items():
            if value.tag == "!reset":
                entries.pop(key, None)
                keys.pop(key, None)
                continue
            here = (*path, key)
            keys[key] = over.keys[key]
            entries[key] = self.value(entries[key], value, here) if key in entries else value
        return new_map(entries, keys, base.where)

    def value(self, base: Node, over: Node, path: Path) -> Node:
        if over.tag == "!override" or is_null(base):
            return replace(over, tag="")
        inside = path[2:] if path[:1] == ("services",) else ()
        if inside in _WHOLE or (inside[:1] == ("ulimits",) and len(inside) > 1):
            return over
        if is_null(over):
            # A name without value is a value here: it is taken from whoever runs Compose, or is empty.
            return over if len(inside) > 1 and inside[-2] in FLAT else base
        if _says_nothing(over, inside):
            message = f"`{'.'.join(path)}` is only text here; Compose passes over it."
            self.findings.warn("W-PASSED-OVER", message, where=over.where, do="Write a list or a mapping.")
            return base
        return self._same_kind(_long(base, inside), _long(over, inside), path)

    def _same_kind(self, base: Node, over: Node, path: Path) -> Node:
        if isinstance(base, MapNode) and isinstance(over, MapNode):
            return self._mappings(base, over, path)
        if isinstance(base, ListNode) and isinstance(over, ListNode):
            return _lists(base, over, path[-1])
        if isinstance(base, TextNode) and isinstance(over, TextNode):
            return over
        where = f"`{'.'.join(path)}` is {_what(over)} here and {_what(base)} in {base.where}."
        self.findings.error("E-MERGE", where, where=over.where, do="Write both the same way.")
        return over

    def _mappings(self, base: MapNode, over: MapNode, path: Path) -> MapNode:
        if path[2:] == ("logging",) and path[0] == "services":
            drivers = {text_of(node.get("driver")) for node in (base, over)} - {""}
            if len(drivers) > 1:
                base = without_entry(base, "options")
        return self.mapping(base, over, path)


def _says_nothing(over: Node, inside: Path) -> bool:
    """Return whether Compose passes over what an overriding file says, where one alone with it would be refused."""
    if not isinstance(over, TextNode):
        return False
    listed = inside[-1:] and (inside[-1] in FLAT or inside == ("extra_hosts",))
    return inside in _NAMES or bool(listed and (over.kind != "text" or not over.text))


def _long(node: Node, inside: Path) -> Node:
    """Return a value of a service in the form in which it can be merged."""
    if inside == ("depends_on",):
        return long_depends_on(node)
    if inside == ("build",):
        return long_build(node)
    if inside and (inside[-1] in FLAT or inside in {("networks",), ("build", "args")}):
        return as_map(as_list(node))
    if inside == ("extra_hosts",):
        return host_list(as_list(node))
    if inside == ("gpus",):
        return all_gpus(node)
    return as_list(node) if inside and inside[-1] in _TEXT_LISTS else node


def _lists(base: ListNode, over: ListNode, key: str) -> ListNode:
    name = _KEYED.get(key)
    if name:
        return new_list(tuple(_unique((*base.items, *over.items), name)), base.where)
    if key in _UNIQUE:
        name = text_of if key in _UNIQUE_AS_WRITTEN else _text_key
        return new_list(tuple(_unique((*base.items, *over.items), name)), base.where)
    return new_list((*base.items, *over.items), base.where)


def _text_key(node: Node) -> str:
    return node.text.partition("=")[0] if isinstance(node, TextNode) else str(id(node))


def _unique(items: Iterable[Node], name: Callable[[Node], str]) -> Iterable[Node]:
    """Return the items by name; a later one takes the place of an earlier one."""
    found: dict[str, Node] = {}
    for item in items:
        found[name(item)] = item
    return found.values()


def _what(node: Node) -> str:
    return {MapNode: "a mapping", ListNode: "a list", TextNode: "text"}[type(node)]
