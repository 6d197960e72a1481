"""``extends``: a service that begins as a copy of another one, of the same file or of another."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from dataclasses import replace

from olmis_release.errors import Where
from olmis_release.manifest.findings import Findings
from olmis_release.manifest.importers.combine import combined_service
from olmis_release.manifest.importers.nodes import (
    ListNode,
    MapNode,
    Node,
    TextNode,
    new_list,
    new_map,
    text_of,
    with_entry,
    without_entry,
)
from olmis_release.manifest.importers.shorthand import as_list, long_build
from olmis_release.text import did_you_mean, listed, safe

Services = dict[str, Node]
Load = Callable[[str, Where], "tuple[Services, str] | None"]
"""Loads the services of another file, named relative to the one that extends: they, and the file's path."""

LIMIT_CHAIN = 30


class Extender:
    """Resolves ``extends`` in the services of one file.

    Args:
        file: The file's path from the source's root.
        home: The folder that relative paths in it start from.
        services: Its services.
        load: Gives the services of another file.
    """

    def __init__(self, file: str, services: Services, *, home: str, load: Load, findings: Findings) -> None:
        """Keep what is needed to look up services."""
        self.file = file
        self.home = home
        self.services = services
        self.load = load
        self.findings = findings

    def resolved(self, name: str, chain: tuple[tuple[str, str], ...] = ()) -> Node:
        """Return a service with everything that it extends; what cannot be resolved is noted and left out."""
        service = self.services[name]
        wanted = service.get("extends") if isinstance(service, MapNode) else None
        if wanted is None or not isinstance(service, MapNode):
            return service
        chain = (*chain, (self.file, name))
        own = without_entry(service, "extends")
        base = self._base(wanted, chain)
        return combined_service(base, own, self.findings) if base else own

    def _base(self, wanted: Node, chain: tuple[tuple[str, str], ...]) -> MapNode | None:
        service, file = text_of(wanted), ""
        if isinstance(wanted, MapNode):
            service, file = text_of(wanted.get("service")), text_of(wanted.get("file"))
        if not service:
            self.findings.error("E-EXTENDS", "`extends` names no service.", where=wanted.where, do="Add `service:`.")
            return None
        other = self._other(file, wanted.where) if file else self
        if other is None:
            return None
        if service not in other.services:
            advice = did_you_mean(service, other.services) or f"There are: {listed(sorted(other.services))}."
            message = f"`extends` names service {safe(service)}, which is not in {other.file}."
            self.findings.error("E-EXTENDS", message, where=wanted.where, do=advice)
            return None
        if (other.file, service) in chain or len(chain) > LIMIT_CHAIN:
            ring = " -> ".join(name for _, name in (*chain, (other.file, service)))
            self.findings.error("E-EXTENDS", f"services extend each other: {safe(ring)}.", where=wanted.where)
            return None
        base = other.resolved(service, chain)
        return moved(base, other.home, self.home) if isinstance(base, MapNode) else None

    def _other(self, file: str, where: Where) -> Extender | None:
        loaded = self.load(file, where)
        if loaded is None:
            return None
        services, path = loaded
        if path == self.file:
            return self

        def load(further: str, place: Where) -> tuple[Services, str] | None:
            return self.load(posixpath.join(posixpath.dirname(file), further), place)

        return Extender(path, services, home=posixpath.dirname(path), load=load, findings=self.findings)


def led_elsewhere(document: MapNode) -> MapNode:
    """Return of a document only what names other files and services: `include` and each service's `extends`."""
    services = document.get("services")
    found = _only(document, "include")
    if not isinstance(services, MapNode):
        return found
    named = {name: _only(node, "extends") for name, node in services.entries.items() if isinstance(node, MapNode)}
    return with_entry(found, "services", new_map(dict(named), services.keys, services.where))


def _only(node: MapNode, key: str) -> MapNode:
    return without_entry(node, *(other for other in node.entries if other != key))


def moved(service: MapNode, there: str, here: str) -> MapNode:
    """Return a service of one folder with its relative paths as seen from another."""
    if here == there:
        return service
    prefix = posixpath.relpath(there or ".", here or ".")
    for key, change in _PATHS.items():
        value = service.get(key)
        if value is not None:
            service = with_entry(service, key, change(value, prefix))
    return service


def _moved_files(node: Node, prefix: str) -> Node:
    listing = as_list(node)
    if not isinstance(listing, ListNode):
        return node
    return new_list(tuple(_moved_file(item, prefix) for item in listing.items), node.where)


def _moved_file(node: Node, prefix: str) -> Node:
    if isinstance(node, MapNode) and "path" in node.entries:
        return with_entry(node, "path", _moved_file(node.entries["path"], prefix))
    return _prefixed(node, prefix) if isinstance(node, TextNode) and not node.text.startswith("/") else node


def _moved_mounts(node: Node, prefix: str) -> Node:
    if not isinstance(node, ListNode):
        return node
    return new_list(tuple(_moved_mount(item, prefix) for item in node.items), node.where)


def _moved_mount(node: Node, prefix: str) -> Node:
    if isinstance(node, MapNode) and text_of(node.get("type")) == "bind" and node.get("source"):
        return with_entry(node, "source", _moved_mount(node.entries["source"], prefix))
    return _prefixed(node, prefix) if isinstance(node, TextNode) and node.text.startswith(".") else node


def _moved_build(node: Node, prefix: str) -> Node:
    build = long_build(node)
    context = build.get("context") if isinstance(build, MapNode) else None
    if not isinstance(build, MapNode) or not isinstance(context, TextNode) or "://" in context.text:
        return node
    return with_entry(build, "context", context if context.text.startswith("/") else _prefixed(context, prefix))


def _prefixed(node: TextNode, prefix: str) -> TextNode:
    path, colon, rest = node.text.partition(":")
    moved = posixpath.normpath(posixpath.join(prefix, path))
    text = f"{moved if moved.startswith('.') else f'./{moved}'}{colon}{rest}"
    return replace(node, text=text, open_text=None)


_PATHS: dict[str, Callable[[Node, str], Node]] = {
    "env_file": _moved_files,
    "volumes": _moved_mounts,
    "build": _moved_build,
}
