"""``${NAME}`` in Compose bodies: finding, refusing malformed ones, filling in.

Only ``${NAME}`` refers to a variable. ``$${`` is a literal ``${``, and any other ``$`` is itself, so what comes out
never depends on the shell that happens to run Compose.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet

from olmis_release.manifest.model import ComposeValue

_REFERENCE = re.compile(r"(?P<literal>\$\$\{)|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)\}|(?P<malformed>\$\{[^}]*\}?)")


REFERENCE_PREFIX = "SETTING_"
"""Before the name of a secret setting in a rendered file: nothing in anybody's shell is called so by chance."""

SETTINGS_KEY = "x-settings"
"""Top-level key of a rendered file: the copy of the settings file that holds the secrets which the file refers to."""

_SECRET = re.compile(r"\$\{" + REFERENCE_PREFIX + r"(?P<name>[A-Za-z_][A-Za-z0-9_]*):\?[^}]*\}")


def names_in(text: str) -> tuple[str, ...]:
    """Return the variables that a text refers to."""
    if "${" not in text:  # nearly every text, and a search for a pattern takes ten times as long
        return ()
    return tuple(match["name"] for match in _REFERENCE.finditer(text) if match["name"])


def malformed_in(text: str) -> tuple[str, ...]:
    """Return every ``${…`` in a text that is no reference."""
    if "${" not in text:
        return ()
    return tuple(match["malformed"] for match in _REFERENCE.finditer(text) if match["malformed"])


def filled(text: str, value_of: Callable[[str], str]) -> str:
    """Return a text with its references filled in; the result is plain text, a ``$`` in it means itself."""

    def one(match: re.Match[str]) -> str:
        return "${" if match["literal"] else value_of(match["name"]) if match["name"] else match.group()

    return _REFERENCE.sub(one, text) if "${" in text else text


def literally(text: str) -> str:
    """Return what Compose reads as this very text."""
    return text.replace("$", "$$")


def rendered(text: str, value_of: Callable[[str], str], *, secret: AbstractSet[str]) -> str:
    """Return a text for Compose: values filled in and literal, but secrets only referred to.

    A rendered file is committed with its plan, so a secret must not stand in it; Compose gets it when it runs.
    """
    parts, end = [], 0
    for match in _REFERENCE.finditer(text):
        kept = match["name"] in secret
        filled_in = f"${{{REFERENCE_PREFIX}{match['name']}:?it stands in the settings file}}"
        parts += [
            literally(text[end : match.start()]),
            filled_in if kept else literally(filled(match.group(), value_of)),
        ]
        end = match.end()
    return "".join([*parts, literally(text[end:])])


def secrets_referred_to(text: str) -> frozenset[str]:
    """Return the secret settings that a rendered text refers to."""
    return frozenset(match["name"] for match in _SECRET.finditer(text.replace("$$", "")))


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
