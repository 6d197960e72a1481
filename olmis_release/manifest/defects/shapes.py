"""What a value in a compose file may be: kinds of text, lists, mappings with known keys, or one of several."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from olmis_release.errors import Problem, Where
from olmis_release.manifest.defects.model import error, warning
from olmis_release.manifest.importers.nodes import ListNode, MapNode, Node, TextNode, plain
from olmis_release.text import code_points, did_you_mean, listed, safe

_BOOLEANS = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "1", "0"})
OLDEST_COMPOSE = "2.26"
"""What the oldest supported Compose refuses is refused here, unless a policy says that the hosts have a newer one."""

_LONGEST_SHOWN = 40
_LONGEST_MATCHED = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar:
    """Text of certain kinds.

    Attributes:
        what: In words, for messages.
        kinds: What YAML takes it for; text that a variable gave may stand for any of them.
        pattern: What the text looks like, anything when None.
        fits: What else it must be, anything when None.
        newer: What the text may look like for a newer Compose than the oldest that deploys.
        cut: It may be a number with a point or an exponent.
    """

    what: str
    kinds: frozenset[str] = frozenset({"text"})
    pattern: re.Pattern[str] | None = None
    fits: Callable[[str], bool] | None = None
    newer: re.Pattern[str] | None = None
    cut: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """A list, each item of one shape; the first one of its own where `first` says so, none twice where `unique`."""

    of: Shape
    first: Shape | None = None
    unique: bool = False
    what: str = "a list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """A mapping.

    Attributes:
        keys: Shapes of the known keys.
        others: Shape of any other key; None makes others unknown keys, apart from ``x-…``.
        named: What the other keys look like, anything when None.
        newer: Those of the known keys that only a newer Compose takes than the oldest that deploys.
        required: Keys that must be there.
    """

    keys: Mapping[str, Shape] = field(default_factory=dict)
    others: Shape | None = None
    named: re.Pattern[str] | None = None
    newer: frozenset[str] = frozenset()
    required: tuple[str, ...] = ()
    what: str = "a mapping"


@dataclass(frozen=True, slots=True, kw_only=True)
class Either:
    """One of several shapes, told apart by the form of the value."""

    shapes: tuple[Scalar | Items | Fields, ...]


@dataclass(frozen=True, slots=True)
class Anything:
    """Whatever it is, it is not looked into."""


Shape: TypeAlias = Scalar | Items | Fields | Either | Anything


def faults(node: Node, shape: Shape, path: str, *, where: Where | None = None) -> Iterator[Problem]:
    """Yield what does not have the shape, each at its place.

    Args:
        node: The value.
        shape: What it may be.
        path: Where it stands in the file, in dots, for messages.
        where: Place of its key.
    """
    if isinstance(shape, Anything) or getattr(node, "tag", "") in {"!reset", "!override"}:
        return
    options = shape.shapes if isinstance(shape, Either) else (shape,)
    fitting = next((one for one in options if _fits(node, one)), None)
    if fitting is None and isinstance(node, TextNode) and any(_is_newer(node, one) for one in options):
        yield _newer(f"{path}: {node.text}", where=node.where)
    elif fitting is None:
        place = node.where if isinstance(node, TextNode) else where or node.where
        wanted = " or ".join(one.what for one in options)
        yield error("E-COMPOSE", f"{path} must be {wanted}, not {_shown(node)}.", where=place, do="Correct it.")
    elif isinstance(node, MapNode) and isinstance(fitting, Fields):
        yield from _in_mapping(node, fitting, path)
    elif isinstance(node, ListNode) and isinstance(fitting, Items):
        if fitting.unique:
            yield from _repeated(node, path)
        for index, item in enumerate(node.items):
            yield from faults(item, fitting.of if index or not fitting.first else fitting.first, f"{path}.{index}")


def _fits(node: Node, shape: Scalar | Items | Fields) -> bool:
    if isinstance(shape, Fields):
        return isinstance(node, MapNode)
    if isinstance(shape, Items):
        return isinstance(node, ListNode)
    return isinstance(node, TextNode) and _is_of(node, shape)


def _is_of(node: TextNode, shape: Scalar) -> bool:
    if "${" in node.text:
        return True  # a variable that nothing defines yet
    if (shape.pattern or shape.fits) and len(node.text) > _LONGEST_MATCHED:
        return False
    kinds = {node.kind} | (_cast(node.text) if node.kind == "text" else set())
    looks = shape.pattern is None or shape.pattern.fullmatch(node.text) is not None
    whole = shape.cut or not node.cut
    return bool(kinds & shape.kinds) and looks and whole and (shape.fits is None or shape.fits(node.text))


def _is_newer(node: TextNode, shape: Scalar | Items | Fields) -> bool:
    return isinstance(shape, Scalar) and shape.newer is not None and shape.newer.fullmatch(node.text) is not None


def _newer(what: str, *, where: Where) -> Problem:
    message = f"`{safe(what)}` is known to newer Docker Compose than {OLDEST_COMPOSE} only, which refuses the file."
    do = "Leave it out, or see that every host has a newer one and pass over `newer-compose` in manifests/policy.yml."
    return warning("newer-compose", message, where=where, do=do)


def _repeated(node: ListNode, path: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for item in node.items:
        text = repr(plain(item))
        if text in seen:
            yield error("E-COMPOSE", f"{path} names {_shown(item)} twice.", where=item.where, do="Keep one of the two.")
        seen.add(text)


def _cast(text: str) -> set[str]:
    """Return what else a text may stand for where no text is wanted."""
    number = {"cast-number"} if re.fullmatch(r"[-+]?[0-9]+(?:\.[0-9]+)?", text) else set()
    return number | ({"cast-bool"} if text.lower() in _BOOLEANS else set())


def _in_mapping(node: MapNode, shape: Fields, path: str) -> Iterator[Problem]:
    for key, value in node.entries.items():
        here = f"{path}.{safe(key)}" if path else safe(key)
        wanted = shape.keys.get(key, shape.others)
        if key in shape.newer:
            yield _newer(here, where=node.keys[key])
        named = key in shape.keys or shape.named is None or shape.named.fullmatch(key)
        if wanted is not None and not named:
            do = f"Rename it: letters, digits, `.`, `_` and `-`{_plain(key)}."
            yield error("E-NAME", f"{here} is no name that Compose takes.", where=node.keys[key], do=do)
        elif wanted is not None:
            yield from faults(value, wanted, here, where=node.keys[key])
        elif not key.startswith("x-"):
            yield _unknown(key, here, shape, where=node.keys[key])
    for key in shape.required:
        if key not in node.entries:
            message = f"{path} has no `{key}`."
            yield error("E-COMPOSE", message, where=node.where, do=f"Add `{key}:`.")


def _plain(key: str) -> str:
    strange = code_points(key)
    return f"; it has {strange}" if strange else ""


def _unknown(key: str, here: str, shape: Fields, *, where: Where) -> Problem:
    advice = did_you_mean(key, shape.keys) or f"Known keys: {listed(shape.keys, most=12)}."
    return error("E-UNKNOWN-KEY", f"unknown key `{here}`.", where=where, do=advice)


def _shown(node: Node) -> str:
    if isinstance(node, ListNode):
        return "a list"
    if isinstance(node, MapNode):
        return "a mapping"
    if node.kind == "null":
        return "empty"
    text = node.text if len(node.text) <= _LONGEST_SHOWN else node.text[:_LONGEST_SHOWN] + "…"
    return safe(repr(text)) if node.kind == "text" else f"the {node.kind} {safe(text)}"
