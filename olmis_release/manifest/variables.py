"""``${NAME}`` in Compose bodies: finding, refusing malformed ones, filling in.

Only ``${NAME}`` refers to a variable. ``$${`` is a literal ``${``, and any other ``$`` is itself, so what comes out
never depends on the shell that happens to run Compose.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from olmis_release.manifest.model import ComposeValue

_REFERENCE = re.compile(r"(?P<literal>\$\$\{)|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)\}|(?P<malformed>\$\{[^}]*\}?)")


def names_in(text: str) -> tuple[str, ...]:
    """Return the variables that a text refers to."""
    return tuple(match["name"] for match in _REFERENCE.finditer(text) if match["name"])


def malformed_in(text: str) -> tuple[str, ...]:
    """Return every ``${…`` in a text that is no reference."""
    return tuple(match["malformed"] for match in _REFERENCE.finditer(text) if match["malformed"])


def filled(text: str, value_of: Callable[[str], str]) -> str:
    """Return a text with its references filled in; the result is plain text, a ``$`` in it means itself."""

    def one(match: re.Match[str]) -> str:
        return "${" if match["literal"] else value_of(match["name"]) if match["name"] else match.group()

    return _REFERENCE.sub(one, text)


def literally(text: str) -> str:
    """Return what Compose reads as this very text."""
    return text.replace("$", "$$")


def mapped(value: ComposeValue, change: Callable[[str], str]) -> ComposeValue:
    """Return a value with every text in it changed; keys stay."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: mapped(item, change) for key, item in value.items()}
    return [mapped(item, change) for item in value]


def placed_texts(value: ComposeValue, path: str) -> Iterator[tuple[str, str]]:
    """Yield every text in a value with its dotted path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from placed_texts(item, f"{path}.{key}")
    else:
        for item in value:
            yield from placed_texts(item, path)
