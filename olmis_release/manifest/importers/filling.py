"""Filling in the variables of a compose file's tree.

A variable that nothing defines is an error where an image or the file's own ``${NAME:?}`` needs it. Elsewhere it stays
open, for the instance to give, and a warning says so: never blank.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from olmis_release.manifest.findings import Findings
from olmis_release.manifest.importers.interpolation import Reference, fill
from olmis_release.manifest.importers.model import Use, Variable
from olmis_release.manifest.importers.nodes import ListNode, Node, TextNode, new_list, new_map
from olmis_release.text import did_you_mean, safe

LIMIT_TOTAL = 8 * 1024 * 1024


class Filler:
    """Fills in variables and remembers every reference.

    Attributes:
        uses: Every reference met, in file order.
        open_variables: Variables that open texts refer to: name to default, None when nothing defines it.
    """

    def __init__(self, variables: Mapping[str, Variable], findings: Findings) -> None:
        """Take what the `.env` files define."""
        self.values = {name: variable.value for name, variable in variables.items()}
        self.findings = findings
        self.uses: list[Use] = []
        self.open_variables: dict[str, str | None] = {}
        self._length = 0

    def within(self, more: Mapping[str, Variable]) -> Filler:
        """Return a filler for an included file: it knows also what that file's own `.env` defines."""
        inner = Filler(more, self.findings)
        inner.values |= self.values
        inner.uses, inner.open_variables = self.uses, self.open_variables
        return inner

    def filled(self, node: Node, path: str = "") -> Node:
        """Return a tree with its variables filled in; extension sections (``x-…``) at the top stay as they are."""
        if isinstance(node, TextNode):
            return self._text(node, path)
        if isinstance(node, ListNode):
            items = tuple(self.filled(item, f"{path}.{index}") for index, item in enumerate(node.items))
            return new_list(items, node.where, tag=node.tag)
        entries = {
            key: value if not path and key.startswith("x-") else self.filled(value, f"{path}.{key}" if path else key)
            for key, value in node.entries.items()
        }
        return new_map(entries, node.keys, node.where, tag=node.tag)

    def _text(self, node: TextNode, path: str) -> TextNode:
        if "$" not in node.text:
            return node
        filled = fill(node.text, self.values)
        if filled.wrong:
            do = "Write ${NAME}, or $$ for a literal $."
            self.findings.error("E-INTERPOLATION", f"{path}: {safe(filled.wrong)}.", where=node.where, do=do)
            return node
        for reference in filled.references:
            self._note(reference, node, path)
        self._length += len(filled.text)
        if self._length > LIMIT_TOTAL:
            self.findings.error("E-INTERPOLATION", f"{path}: the variables grow beyond all use.", where=node.where)
            return node
        opened = self._opened(filled.text, filled.open_text, filled.references)
        return replace(node, text=filled.text, open_text=opened, raw=node.text)

    def _opened(self, text: str, open_text: str, references: tuple[Reference, ...]) -> str:
        """Return the open text, or the closed one where one name has two defaults: an instance could give only one."""
        for reference in references:
            if reference.defined or reference.tests:
                continue
            known = self.open_variables.setdefault(reference.name, reference.default)
            if known is None and reference.default is not None:
                return text
            if reference.default is not None and known != reference.default:
                return text
        return open_text

    def _note(self, reference: Reference, node: TextNode, path: str) -> None:
        use = Use(name=reference.name, path=path, where=node.where, default=reference.default)
        if any(one.where == use.where and one.name == use.name for one in self.uses[-8:]):
            return
        self.uses.append(use)
        if reference.defined or reference.default is not None or reference.tests:
            return
        message = f"variable {reference.name} is not defined."
        advice = did_you_mean(reference.name, self.values) or "Define it in .env."
        if reference.demanded is not None:
            words = f" It is demanded: {safe(reference.demanded)}." if reference.demanded else " It is demanded."
            self.findings.error("E-UNDEFINED-VARIABLE", f"{path}: {message}{words}", where=node.where, do=advice)
        elif path.endswith(".image"):
            self.findings.error("E-UNDEFINED-VARIABLE", f"{path}: {message}", where=node.where, do=advice)
        else:
            what = f"{path}: {message} It is left to the instance, never blank."
            do = f"Define {reference.name} in .env, or in the settings file of each instance."
            self.findings.warn("W-UNDEFINED-VARIABLE", what, where=node.where, do=do)
