"""From the bytes of a compose file to its tree: YAML as Compose allows it, every duplicate key found."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator

import yaml

from olmis_release.errors import BadInput, Where
from olmis_release.manifest.findings import Findings
from olmis_release.manifest.importers.nodes import ListNode, MapNode, Node, TextNode, new_list, new_map, plain
from olmis_release.manifest.importers.scalars import is_float, meaning
from olmis_release.text import safe
from olmis_release.yamlio import guard

_LOADER: type = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_STANDARD = "tag:yaml.org,2002:"
_KINDS = {"int": "number", "float": "number", "bool": "bool", "null": "null"}
DUPLICATE, REPEATED = "E-DUPLICATE-KEY", "E-REPEATED-KEY"
LIMIT_VALUES = 10_000
"""Aliases unfolded; the largest compose file in the field has not a tenth of it."""
LIMIT_DOCUMENTS = 50
COMPOSE_TAGS = frozenset({"!reset", "!override"})


def load_documents(data: bytes, *, shown_as: str, findings: Findings) -> tuple[MapNode, ...]:
    """Return the documents of a compose file; what is wrong with it is noted, and nothing is returned then."""
    builder = _Builder(shown_as, findings)
    text = ""
    try:
        text = guard.decode(data, shown_as=shown_as)
        return tuple(builder.documents(text))
    except BadInput as error:
        for problem in error.problems:
            findings.error(problem.code, problem.message, where=problem.where, do=error.resolution)
    except yaml.MarkedYAMLError as error:
        place = guard.place_of(error, shown_as)
        findings.error("E-YAML", f"not YAML: {safe(guard.in_words(error, text))}.", where=place, do="Correct the file.")
    except yaml.YAMLError as error:
        findings.error("E-YAML", f"not YAML: {safe(str(error))}.", where=Where(file=shown_as), do="Correct the file.")
    return ()


class _Builder:
    """Builds the tree from parser events."""

    def __init__(self, shown_as: str, findings: Findings) -> None:
        self.shown_as = shown_as
        self.findings = findings
        self.anchors: dict[str, Node | None] = {}
        self.depth = 0
        self.count = 0

    def documents(self, text: str) -> Iterator[MapNode]:
        events = yaml.parse(text, Loader=_LOADER)
        count = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                self.anchors = {}
                count += 1
                if count > LIMIT_DOCUMENTS:
                    raise self._no(f"more than {LIMIT_DOCUMENTS} documents in one file.", self._place(event))
            elif isinstance(event, yaml.NodeEvent):
                node = self._node(event, events)
                if isinstance(node, MapNode):
                    yield node
                elif not (isinstance(node, TextNode) and node.kind == "null"):
                    raise self._no("a mapping (`key: value` lines) is required at the top.", node.where)

    def _node(self, event: yaml.NodeEvent, events: Iterator[yaml.Event]) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._counted(self._alias(event))
        anchor = event.anchor
        if anchor:
            self.anchors[anchor] = None
        self.depth += 1
        if self.depth > guard.LIMIT_DEPTH:
            raise self._no(f"nesting is deeper than {guard.LIMIT_DEPTH}.", self._place(event))
        node = self._own(event, events)
        self.depth -= 1
        if anchor:
            self.anchors[anchor] = node
        return node

    def _own(self, event: yaml.NodeEvent, events: Iterator[yaml.Event]) -> Node:
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(event, events)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(event, events)
        assert isinstance(event, yaml.ScalarEvent)  # noqa: S101 - there is no other node event
        return self._counted(self._scalar(event))

    def _counted(self, node: Node) -> Node:
        """Count what a node unfolds to; collections are counted through their scalars and aliases."""
        self.count += node.size
        if self.count > LIMIT_VALUES:
            message = f"more than {LIMIT_VALUES:,} values, aliases unfolded."
            raise self._no(message, node.where)
        return node

    def _alias(self, event: yaml.AliasEvent) -> Node:
        name = str(event.anchor)
        node = self.anchors.get(name)
        if node is None:
            why = "refers to the value it stands in" if name in self.anchors else "has no anchor before it"
            raise self._no(f"alias *{safe(name)} {why}.", self._place(event))
        return node

    def _scalar(self, event: yaml.ScalarEvent) -> TextNode:
        tag, place = event.tag or "", self._place(event)
        if tag in COMPOSE_TAGS:
            return TextNode(text=event.value, where=place, kind="null" if not event.value else "text", tag=tag)
        if tag == f"{_STANDARD}binary":
            return TextNode(text=self._decoded(event), where=place)
        wanted = _KINDS.get(tag.removeprefix(_STANDARD))
        if wanted or (not tag and event.style in {None, ""}):
            kind, text = meaning(event.value)
            if wanted and kind != wanted:
                raise self._no(f"{safe(event.value) or 'nothing'} is not what its tag says ({wanted}).", place)
            return TextNode(text=text, where=place, kind=kind, cut=kind == "number" and is_float(event.value))
        return TextNode(text=event.value, where=place)

    def _decoded(self, event: yaml.ScalarEvent) -> str:
        """Return what base64 stands for; Compose takes the bytes as text."""
        try:
            return b64decode(event.value.replace("\n", ""), validate=True).decode(errors="replace")
        except ValueError:
            raise self._no("!!binary without valid base64.", self._place(event)) from None

    def _sequence(self, event: yaml.SequenceStartEvent, events: Iterator[yaml.Event]) -> ListNode:
        items: list[Node] = []
        for item in events:
            if isinstance(item, yaml.SequenceEndEvent):
                break
            assert isinstance(item, yaml.NodeEvent)  # noqa: S101 - the parser gives nothing else in a sequence
            items.append(self._node(item, events))
        return new_list(tuple(items), self._place(event), tag=event.tag or "")

    def _mapping(self, event: yaml.MappingStartEvent, events: Iterator[yaml.Event]) -> MapNode:
        entries: dict[str, Node] = {}
        keys: dict[str, Where] = {}
        merged: list[Node] = []
        for item in events:
            if isinstance(item, yaml.MappingEndEvent):
                break
            key, place = self._key(item), self._place(item)
            following = next(events)
            assert isinstance(following, yaml.NodeEvent)  # noqa: S101 - a key has a value
            value = self._node(following, events)
            if key == "<<":
                merged.append(value)
            if key in keys:
                self._duplicate(key, place, keys[key], harmless=_is_harmless(key, entries[key], value))
            keys.setdefault(key, place)
            entries[key] = value
        if merged:
            entries.pop("<<"), keys.pop("<<")
            self._merge(entries, keys, merged)
        return new_map(entries, keys, self._place(event), tag=event.tag or "")

    def _merge(self, entries: dict[str, Node], keys: dict[str, Where], merged: list[Node]) -> None:
        """Put in what merge keys bring: own keys win, then the mapping that is named first."""
        for value in merged:
            sources = value.items if isinstance(value, ListNode) else (value,)
            for source in sources:
                if not isinstance(source, MapNode):
                    raise self._no("a merge key (<<) takes mappings only.", source.where)
                for key, item in source.entries.items():
                    if key not in entries:
                        entries[key], keys[key] = item, source.keys[key]

    def _key(self, event: yaml.Event) -> str:
        if isinstance(event, yaml.AliasEvent):
            node = self._alias(event)
            if isinstance(node, TextNode):
                return node.text
        if not isinstance(event, yaml.ScalarEvent):
            raise self._no("a key must be text.", self._place(event))
        if event.style in {None, ""} and not event.tag and meaning(event.value)[0] != "text":
            message = (
                f"the key {safe(event.value) or 'null'} is no text: Compose takes it for a number, true, false or null."
            )
            self.findings.error("E-YAML", message, where=self._place(event), do="Put it in quotes.")
        return self._decoded(event) if event.tag == f"{_STANDARD}binary" else event.value

    def _duplicate(self, key: str, place: Where, first: Where, *, harmless: bool) -> None:
        """Note a duplicate; the later one counts, as it did for the Compose of old, but today's refuses both."""
        message = f"duplicate key `{safe(key)}`, first on line {first.line}; Compose refuses the file."
        self.findings.error(REPEATED if harmless else DUPLICATE, message, where=place, do="Keep one of the two.")

    def _place(self, event: yaml.Event) -> Where:
        return guard.where(self.shown_as, event.start_mark)

    def _no(self, message: str, place: Where) -> BadInput:
        return BadInput.one(message, resolution="Correct the file.", where=place, code="E-YAML")


def _is_harmless(key: str, first: Node, second: Node) -> bool:
    """Return whether a duplicate leaves no doubt about what runs: it repeats, or is one small setting of a service."""
    return plain(first) == plain(second) or (key != "image" and {type(first), type(second)} == {TextNode})
