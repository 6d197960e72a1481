"""The input boundary: what may come in at all, decided on bytes and parser events before any value is built.

Own files are plain YAML: no anchors, aliases, tags or merge keys, because each of them lets one line mean something far
away from where it stands, and a few hundred bytes grow into gigabytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from olmis_release.errors import BadInput, Where

LIMIT_BYTES = 1024 * 1024
LIMIT_NODES = 50_000
LIMIT_DEPTH = 40


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a file may be, in bytes and in values."""

    size: int
    nodes: int


BY_HAND = Limits(size=LIMIT_BYTES, nodes=LIMIT_NODES)
"""What people write."""
RELEASE = Limits(size=2 * LIMIT_BYTES, nodes=110_000)
"""A release manifest, which explains every value: some 1,200 components. It is still read within a second."""

# What YAML calls printable; everything else needs an escape in a quoted text.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_IN_VALUES = re.compile("[\x00\ud800-\udfff]")
_LOADER: type = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # libyaml's parser where PyYAML was built with it


def decode(data: bytes, *, shown_as: str, limits: Limits = BY_HAND) -> str:
    """Return the text of a file.

    Raises:
        BadInput: Too large, not UTF-8 (with the byte's offset), or with control characters.
    """
    if len(data) > limits.size:
        raise _refusal(f"the file is too large: the limit is {limits.size:,} bytes.", Where(file=shown_as))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"not UTF-8: byte {data[error.start]:#04x} at offset {error.start}."
        raise _refusal(message, Where(file=shown_as), resolution="Save the file as UTF-8.") from None
    strange = _UNPRINTABLE.search(text)
    if strange:
        line, column = _place(text, strange.start())
        offset = len(text[: strange.start()].encode())
        message = f"invalid character U+{ord(strange.group()):04X} at byte offset {offset}: not plain UTF-8 text."
        raise _refusal(message, Where(file=shown_as, line=line, column=column), resolution="Save the file as UTF-8.")
    return text


def _place(text: str, index: int) -> tuple[int, int]:
    before = text[:index]
    return before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1


def events(text: str, *, shown_as: str, limits: Limits = BY_HAND) -> Iterator[yaml.Event]:
    """Yield the events of the one document in a text, refusing what own files must not contain.

    Raises:
        BadInput: A YAML error, or anything named in this module's docstring, with its place.
    """
    watch = _Watch(shown_as, limits)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            watch.see(event)
            yield event
    except yaml.MarkedYAMLError as error:
        raise _refusal(f"not YAML: {in_words(error, text)}.", place_of(error, shown_as)) from None
    except yaml.YAMLError as error:
        raise _refusal(f"not YAML: {error}.", Where(file=shown_as)) from None


def in_words(error: yaml.MarkedYAMLError, text: str) -> str:
    """Return what the parser says about a text that is not YAML."""
    if _is_open_quote(error):
        return "the quote that opens here is never closed"
    mark = error.problem_mark
    lines = text.split("\n")
    if mark and mark.line < len(lines) and lines[mark.line][mark.column : mark.column + 1] == "\t":
        return "a tab stands here; YAML is indented with blanks"
    return " ".join(part for part in (error.context, error.problem) if part)


def place_of(error: yaml.MarkedYAMLError, shown_as: str) -> Where:
    """Return where a text is not YAML; of a quote that is never closed, where it opens."""
    marks = [error.problem_mark, error.context_mark]
    mark = next((mark for mark in (reversed(marks) if _is_open_quote(error) else marks) if mark), None)
    return where(shown_as, mark) if mark else Where(file=shown_as)


def _is_open_quote(error: yaml.MarkedYAMLError) -> bool:
    return error.context == "while scanning a quoted scalar" and "end of stream" in str(error.problem)


class _Watch:
    """Counts nodes, depth and documents while events pass."""

    def __init__(self, shown_as: str, limits: Limits) -> None:
        self.shown_as = shown_as
        self.limits = limits
        self.nodes = 0
        self.depth = 0
        self.documents = 0

    def see(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.DocumentStartEvent):
            self._document(event)
        elif isinstance(event, yaml.AliasEvent):
            raise self._no(f"aliases are not allowed (*{event.anchor}).", event, "Write the value out.")
        elif isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
            self._node(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self.depth -= 1

    def _document(self, event: yaml.DocumentStartEvent) -> None:
        self.documents += 1
        if self.documents > 1:
            raise self._no(
                "exactly one document is expected; a second one starts here.", event, "Make it a file of its own."
            )
        if event.tags:
            raise self._no("tags are not allowed (%TAG).", event, "Remove the line.")

    def _node(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        self.nodes += 1
        if event.anchor:
            raise self._no(
                f"anchors are not allowed (&{event.anchor}).", event, "Write the value out where it is used."
            )
        if event.tag is not None:
            raise self._no(
                f"tags are not allowed ({event.tag}).", event, "Remove the tag; quote the value if it is text."
            )
        if self.nodes > self.limits.nodes:
            raise self._no(f"more than {self.limits.nodes:,} values in one file.", event, "Split the file.")
        if isinstance(event, yaml.CollectionStartEvent):
            self.depth += 1
            if self.depth > LIMIT_DEPTH:
                raise self._no(f"nesting is deeper than {LIMIT_DEPTH}.", event, "Write it flatter.")
        elif _IN_VALUES.search(event.value):
            raise self._no("invalid character: NUL or half a surrogate pair.", event, "Remove the escape.")

    def _no(self, message: str, event: yaml.Event, resolution: str) -> BadInput:
        return _refusal(message, where(self.shown_as, event.start_mark), resolution=resolution)


def where(shown_as: str, mark: Any) -> Where:
    """Return the place of a parser mark (PyYAML has two kinds of them)."""
    return Where(file=shown_as, line=mark.line + 1, column=mark.column + 1)


def _refusal(message: str, place: Where, *, resolution: str = "Correct the file.") -> BadInput:
    return BadInput.one(message, resolution=resolution, where=place, code="E-YAML")
