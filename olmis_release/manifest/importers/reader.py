"""Reading compose files into one tree: documents, variables, `extends`, `include`, and files that override."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass

from olmis_release.errors import BadInput, Problem, Where
from olmis_release.manifest.defects.compose_shape import form_faults
from olmis_release.manifest.findings import Findings
from olmis_release.manifest.importers.combine import combined
from olmis_release.manifest.importers.compose_files import read_file
from olmis_release.manifest.importers.extends import Extender, Services, led_elsewhere, moved
from olmis_release.manifest.importers.filling import Filler
from olmis_release.manifest.importers.include import Included, entries_of, taken_in, variables_of
from olmis_release.manifest.importers.loader import LIMIT_VALUES, load_documents
from olmis_release.manifest.importers.nodes import (
    MapNode,
    Node,
    empty_map,
    new_map,
    with_entry,
    without_entry,
)
from olmis_release.manifest.importers.tree import Tree, joined
from olmis_release.text import safe

LIMIT_FILES = 50
LIMIT_SERVICES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scope:
    """What a file is read with: variables, the folder its relative paths start from, the files that led to it."""

    filler: Filler
    home: str
    chain: tuple[str, ...]


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
        self._noted: set[Problem] = set()
        self._loaded: dict[tuple[str, Filler], tuple[MapNode, ...]] = {}

    def merged(self, paths: Sequence[str]) -> MapNode:
        """Return the files as one tree, later ones overriding; paths in them start from the first one's folder.

        Raises:
            BadInput: One of them does not exist.
        """
        scope = _Scope(filler=self.filler, home=posixpath.dirname(paths[0]), chain=tuple(paths))
        return self._merged(paths, scope)

    def _merged(self, paths: Sequence[str], scope: _Scope) -> MapNode:
        whole: MapNode | None = None
        for path in paths:
            for document in self._documents(path, scope.filler):
                self._check_form(document if whole is None else led_elsewhere(document))
                complete = self._complete(document, path, scope)
                whole = combined(whole or empty_map(Where(file=paths[0])), complete, self.findings)
                self._check_form(whole)
        return whole or empty_map(Where(file=paths[0]))

    def _check_form(self, document: MapNode) -> None:
        """Note what Compose would not take. It looks at a file as it is once it is put over the ones before it."""
        for problem in form_faults(document):
            if problem not in self._noted:
                self._noted.add(problem)
                self.findings.note(problem)

    def _documents(self, path: str, filler: Filler) -> tuple[MapNode, ...]:
        """Return a file's documents with their variables filled in; each file is read once."""
        key = path, filler
        if key not in self._loaded:
            if len(self._loaded) >= LIMIT_FILES:
                raise BadInput.one(f"more than {LIMIT_FILES} files belong to it.", resolution="Use fewer.")
            if path not in self.files:
                self.files.append(path)
            loaded = load_documents(read_file(self.tree, path), shown_as=path, findings=self.findings)
            for one in loaded:
                _refuse_crowd(one, path)
            self._loaded[key] = tuple(node for one in loaded if isinstance(node := filler.filled(one), MapNode))
        return self._loaded[key]

    def _complete(self, document: MapNode, path: str, scope: _Scope) -> MapNode:
        """Return a document with `include` and `extends` resolved."""
        services = document.get("services")
        if isinstance(services, MapNode):
            document = with_entry(document, "services", self._extended(services, path, scope))
        included = document.get("include")
        if included is None:
            return document
        document = without_entry(document, "include")
        for entry in entries_of(included, scope.home, tree=self.tree, findings=self.findings):
            document = taken_in(document, self._included(entry, scope), self.findings)
        return document

    def _included(self, entry: Included, scope: _Scope) -> MapNode:
        """Return what an entry of `include` brings, its relative paths as seen from the file that includes it."""
        if set(entry.paths) & set(scope.chain):
            self.findings.error("E-INCLUDE", "the file includes itself.", where=entry.where, do="Remove the entry.")
            return empty_map(entry.where)
        filler = scope.filler.within(variables_of(entry, self.tree, self.findings))
        whole = self._merged(entry.paths, _Scope(filler=filler, home=entry.home, chain=(*scope.chain, *entry.paths)))
        services = whole.get("services")
        if not isinstance(services, MapNode):
            return whole
        entries = {
            name: moved(node, entry.home, scope.home) if isinstance(node, MapNode) else node
            for name, node in services.entries.items()
        }
        return with_entry(whole, "services", new_map(entries, services.keys, services.where))

    def _extended(self, services: MapNode, path: str, scope: _Scope) -> MapNode:
        def load(file: str, where: Where) -> tuple[Services, str] | None:
            return self._services_of(joined(scope.home, file), where, scope.filler)

        extender = Extender(path, dict(services.entries), home=scope.home, load=load, findings=self.findings)
        resolved: dict[str, Node] = {}
        size = 0
        for name in services.entries:
            resolved[name] = extender.resolved(name)
            size += resolved[name].size
            if size > LIMIT_VALUES:
                message = f"more than {LIMIT_VALUES:,} values, `extends` resolved."
                raise BadInput.one(message, where=services.keys[name], resolution="Split the file.", code="E-TOO-MANY")
        return new_map(resolved, services.keys, services.where, tag=services.tag)

    def _services_of(self, path: str | None, where: Where, filler: Filler) -> tuple[Services, str] | None:
        if path is None or self.tree.read(path) is None:
            message = f"`extends` names a file that is not there: {safe(path or 'outside of the source')}."
            self.findings.error("E-EXTENDS", message, where=where, do="Check the path; it is relative to this file.")
            return None
        services: Services = {}
        for document in self._documents(path, filler):
            self._check_form(document)
            node = document.get("services")
            services |= node.entries if isinstance(node, MapNode) else {}
        return services, path


def _refuse_crowd(document: MapNode, path: str) -> None:
    """Refuse a file with more services than any host runs, before each of them is looked at."""
    services = document.get("services")
    if isinstance(services, MapNode) and len(services.entries) > LIMIT_SERVICES:
        message = f"more than {LIMIT_SERVICES} services in {safe(path)}."
        raise BadInput.one(
            message, where=document.place("services"), resolution="Is it the right file?", code="E-TOO-MANY"
        )
