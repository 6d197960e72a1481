"""Reading compose files into one tree: documents, variables, `extends`, `include`, and files that override."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from olmis_release.errors import BadInput, Where
from olmis_release.manifest.defects.compose_shape import form_faults
from olmis_release.manifest.findings import Findings
from olmis_release.manifest.importers.combine import combined
from olmis_release.manifest.importers.compose_files import read_file
from olmis_release.manifest.importers.extends import Extender, Services
from olmis_release.manifest.importers.filling import Filler
from olmis_release.manifest.importers.loader import LIMIT_VALUES, load_documents
from olmis_release.manifest.importers.nodes import (
    ListNode,
    MapNode,
    Node,
    empty_map,
    is_null,
    new_map,
    text_of,
    with_entry,
    without_entry,
)
from olmis_release.manifest.importers.shorthand import as_list
from olmis_release.manifest.importers.tree import Tree, joined
from olmis_release.text import safe

LIMIT_FILES = 50
LIMIT_SERVICES = 500


class Reader:
    """Reads the compose files of one distribution.

    Attributes:
        files: Every file that was read, in order.
    """

    def __init__(self, tree: Tree, filler: Filler, findings: Findings) -> None:
        """Keep where files come from and how they are filled in."""
        self.tree = tree
        self.filler = filler
        self.findings = findings
        self.files: list[str] = []
        self._loaded: dict[str, tuple[MapNode, ...]] = {}

    def merged(self, paths: Sequence[str]) -> MapNode:
        """Return the files as one tree, later ones overriding.

        Raises:
            BadInput: One of them does not exist.
        """
        whole = empty_map(Where(file=paths[0]))
        for path in paths:
            for document in self._documents(path):
                whole = combined(whole, self._complete(document, path), self.findings)
        return whole

    def _documents(self, path: str) -> tuple[MapNode, ...]:
        """Return a file's documents with their variables filled in; each file is read once."""
        if path not in self._loaded:
            if len(self.files) >= LIMIT_FILES:
                raise BadInput.one(f"more than {LIMIT_FILES} files belong to it.", resolution="Use fewer.")
            self.files.append(path)
            loaded = load_documents(read_file(self.tree, path), shown_as=path, findings=self.findings)
            for one in loaded:
                _refuse_crowd(one, path)
            filled = tuple(node for one in loaded if isinstance(node := self.filler.filled(one), MapNode))
            for problem in (found for node in filled for found in form_faults(node)):
                self.findings.note(problem)
            self._loaded[path] = filled
        return self._loaded[path]

    def _complete(self, document: MapNode, path: str) -> MapNode:
        """Return a document with `include` and `extends` resolved."""
        services = document.get("services")
        if isinstance(services, MapNode):
            document = with_entry(document, "services", self._extended(services, path))
        included = document.get("include")
        if included is None:
            return document
        base = empty_map(document.where)
        for other in self._included(included, path):
            base = combined(base, self.merged(other), self.findings)
        return combined(base, without_entry(document, "include"), self.findings)

    def _extended(self, services: MapNode, path: str) -> MapNode:
        def load(file: str, where: Where) -> tuple[Services, str] | None:
            return self._services_of(joined(posixpath.dirname(path), file), where)

        extender = Extender(path, dict(services.entries), load=load, findings=self.findings)
        resolved: dict[str, Node] = {}
        size = 0
        for name in services.entries:
            resolved[name] = extender.resolved(name)
            size += resolved[name].size
            if size > LIMIT_VALUES:
                message = f"more than {LIMIT_VALUES:,} values, `extends` resolved."
                raise BadInput.one(message, where=services.keys[name], resolution="Split the file.", code="E-TOO-MANY")
        return new_map(resolved, services.keys, services.where, tag=services.tag)

    def _services_of(self, path: str | None, where: Where) -> tuple[Services, str] | None:
        if path is None or self.tree.read(path) is None:
            message = f"`extends` names a file that is not there: {safe(path or 'outside of the source')}."
            self.findings.error("E-EXTENDS", message, where=where, do="Check the path; it is relative to this file.")
            return None
        services: Services = {}
        for document in self._documents(path):
            node = document.get("services")
            services |= node.entries if isinstance(node, MapNode) else {}
        return services, path

    def _included(self, node: Node, path: str) -> list[list[str]]:
        listing = as_list(node)
        found = []
        for item in listing.items if isinstance(listing, ListNode) else ():
            named = item.get("path") if isinstance(item, MapNode) else item
            paths = as_list(named) if named is not None and not is_null(named) else None
            texts = [text_of(one) for one in paths.items] if isinstance(paths, ListNode) else []
            inside = [joined(posixpath.dirname(path), text) for text in texts]
            missing = [one for one in inside if one is None or one in self.files or self.tree.read(one) is None]
            if missing or not inside:
                message = "`include` names a file that is not there, or that is included already."
                self.findings.error("E-INCLUDE", message, where=item.where, do="Check the path.")
                continue
            found.append([one for one in inside if one])
        return found


def _refuse_crowd(document: MapNode, path: str) -> None:
    """Refuse a file with more services than any host runs, before each of them is looked at."""
    services = document.get("services")
    if isinstance(services, MapNode) and len(services.entries) > LIMIT_SERVICES:
        message = f"more than {LIMIT_SERVICES} services in {safe(path)}."
        raise BadInput.one(
            message, where=document.place("services"), resolution="Is it the right file?", code="E-TOO-MANY"
        )
