"""A document: plain values, all scalars as text, and the place of each one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from olmis_release.errors import BadInput, Problem, Where
from olmis_release.yamlio import guard

KeyPath: TypeAlias = tuple[str | int, ...]
Place: TypeAlias = tuple[int, int]

NULLS = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What a YAML file says and where.

    Attributes:
        data: The top mapping: text, lists and mappings; YAML's null is the empty text.
        shown_as: The file as its user knows it.
        nulls: Paths whose value was YAML's null, for readers to whom that differs from empty text.
    """

    data: dict[str, Any]
    shown_as: str
    nulls: frozenset[KeyPath] = frozenset()
    _keys: dict[KeyPath, Place] = field(default_factory=dict)
    _values: dict[KeyPath, Place] = field(default_factory=dict)

    def where(self, path: KeyPath) -> Where:
        """Return the place of a value; for a mapping or list, of the key that it stands under.

        A path that does not exist gives the place of its nearest parent that does.
        """
        for length in range(len(path), 0, -1):
            place = self._values.get(path[:length]) or self._keys.get(path[:length])
            if place:
                return Where(file=self.shown_as, line=place[0], column=place[1])
        return Where(file=self.shown_as)

    def where_key(self, path: KeyPath) -> Where:
        """Return the place of a key rather than of its value."""
        place = self._keys.get(path)
        return Where(file=self.shown_as, line=place[0], column=place[1]) if place else self.where(path)


def read_yaml(path: Path, *, shown_as: str, limits: guard.Limits = guard.BY_HAND) -> Document:
    """Read a file of ours.

    Raises:
        BadInput: It cannot be read, or is not YAML as our files may be; with the place.
    """
    try:
        with path.open("rb") as file:
            data = file.read(limits.size + 1)
    except OSError as error:
        raise BadInput.one(
            f"cannot be read: {error.strerror}.",
            where=Where(file=shown_as),
            resolution="Check the name and the rights of the file.",
            code="E-UNREADABLE",
        ) from error
    return parse_yaml(data, shown_as=shown_as, limits=limits)


def parse_yaml(data: bytes, *, shown_as: str, limits: guard.Limits = guard.BY_HAND) -> Document:
    """Read the bytes of a file of ours.

    Raises:
        BadInput: Not YAML as our files may be, with the place; every duplicate key is named.
    """
    builder = _Builder(shown_as)
    text = guard.decode(data, shown_as=shown_as, limits=limits)
    value = builder.build(guard.events(text, shown_as=shown_as, limits=limits))
    if builder.problems:
        raise BadInput(builder.problems)
    if not isinstance(value, dict):
        raise BadInput.one(
            "a mapping (`key: value` lines) is required at the top.",
            where=Where(file=shown_as),
            resolution="Compare it with the example that `olmis-release init` writes.",
            code="E-YAML",
        )
    return Document(
        data=value, shown_as=shown_as, nulls=frozenset(builder.nulls), _keys=builder.keys, _values=builder.values
    )


class _Builder:
    """Builds values from events; the guard has bounded depth and size, so recursion is safe."""

    def __init__(self, shown_as: str) -> None:
        self.shown_as = shown_as
        self.keys: dict[KeyPath, Place] = {}
        self.values: dict[KeyPath, Place] = {}
        self.nulls: list[KeyPath] = []
        self.problems: list[Problem] = []

    def build(self, events: Iterator[yaml.Event]) -> Any:
        value: Any = None
        for event in events:
            if isinstance(event, yaml.NodeEvent):
                value = self._node(event, events, ())
        return value

    def _node(self, event: yaml.Event, events: Iterator[yaml.Event], path: KeyPath) -> Any:
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(events, path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(events, path)
        assert isinstance(event, yaml.ScalarEvent)  # noqa: S101 - the guard refuses aliases; no other node event exists
        return self._scalar(event, path)

    def _scalar(self, event: yaml.ScalarEvent, path: KeyPath) -> str:
        self.values[path] = _place(event)
        if event.style in {None, ""} and event.value in NULLS:
            self.nulls.append(path)
            return ""
        return event.value

    def _sequence(self, events: Iterator[yaml.Event], path: KeyPath) -> list[Any]:
        items: list[Any] = []
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            place = (*path, len(items))
            self.keys[place] = _place(event)
            items.append(self._node(event, events, place))
        return items

    def _mapping(self, events: Iterator[yaml.Event], path: KeyPath) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._key(event)
            place = (*path, key)
            if key in mapping:
                self._duplicate(event, place)
            self.keys.setdefault(place, _place(event))
            mapping[key] = self._node(next(events), events, place)
        return mapping

    def _key(self, event: yaml.Event) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            raise self._refuse(event, "a key must be text.", "Quote it, or check the brackets.")
        if event.value == "<<" and event.style in {None, ""}:
            raise self._refuse(event, "merge keys (<<) are not allowed.", "Write the keys out.")
        return event.value

    def _refuse(self, event: yaml.Event, message: str, resolution: str) -> BadInput:
        place = guard.where(self.shown_as, event.start_mark)
        return BadInput.one(message, where=place, resolution=resolution, code="E-YAML")

    def _duplicate(self, event: yaml.Event, path: KeyPath) -> None:
        message = f"duplicate key `{path[-1]}`, first on line {self.keys[path][0]}."
        place = guard.where(self.shown_as, event.start_mark)
        self.problems.append(
            Problem(code="E-DUPLICATE-KEY", message=message, resolution="Keep one of the two.", where=place)
        )


def _place(event: yaml.Event) -> Place:
    mark: Any = event.start_mark
    return mark.line + 1, mark.column + 1
