"""The one form in which this tool writes YAML: the same value gives the same bytes everywhere.

A text is written plain only if every YAML reader takes it for that text; otherwise as a JSON string, which YAML reads
the same way. Short mappings and lists without inner ones stand on one line, everything else in blocks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

WIDTH = 116

# Words that begin with a letter or slash, or numbers of three and more parts: no reader takes these for anything else.
_PLAIN = re.compile(
    r"(?:[A-Za-z_/][A-Za-z0-9_./+@=()-]*(?: [A-Za-z0-9_./+@=()-]+)*|[0-9]+\.[0-9]+\.[A-Za-z0-9_.+-]+)\Z"
)
_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
_MUST_ESCAPE = re.compile("[\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufffe\uffff\ud800-\udfff]")


def write_yaml(value: Mapping[str, Any]) -> str:
    """Return a mapping as canonical YAML text.

    Args:
        value: Text, whole numbers, booleans, None, lists and mappings with text keys; their order is kept.
    """
    return "\n".join(_mapping(value, "")) + "\n" if value else "{}\n"


def _mapping(value: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, item in value.items():
        yield from _entry(f"{indent}{_text(key)}:", item, indent)


def _entry(head: str, item: Any, indent: str) -> Iterator[str]:
    """Yield ``head value`` on one line where it fits, else the head and the value's block."""
    line = f"{head} {_on_one_line(item)}" if _is_flat(item) else ""
    if line and (len(line) <= WIDTH or not isinstance(item, Mapping | list) or not item):
        yield line
        return
    yield head
    yield from _block(item, indent + "  ")


def _block(item: Any, indent: str) -> Iterator[str]:
    if isinstance(item, Mapping):
        yield from _mapping(item, indent)
        return
    for element in item:
        if _is_flat(element):
            yield f"{indent}- {_on_one_line(element)}"
        else:
            first, *others = _block(element, indent + "  ")
            yield f"{indent}- {first.removeprefix(indent + '  ')}"
            yield from others


def _is_flat(item: Any) -> bool:
    inner = item.values() if isinstance(item, Mapping) else item if isinstance(item, list | tuple) else ()
    return not any(isinstance(element, Mapping | list | tuple) and element for element in inner)


def _on_one_line(item: Any) -> str:
    if isinstance(item, Mapping):
        return "{" + ", ".join(f"{_text(key)}: {_on_one_line(element)}" for key, element in item.items()) + "}"
    if isinstance(item, list | tuple):
        return "[" + ", ".join(_on_one_line(element) for element in item) + "]"
    return _scalar(item)


def _scalar(item: Any) -> str:
    if item is None:
        return "null"
    if isinstance(item, bool):
        return "true" if item else "false"
    return str(item) if isinstance(item, int) else _text(str(item))


def _text(text: str) -> str:
    plain = _PLAIN.match(text) and text.lower() not in _WORDS
    return text if plain else _quoted(text)


def _quoted(text: str) -> str:
    return _MUST_ESCAPE.sub(lambda match: f"\\u{ord(match.group()):04x}", json.dumps(text, ensure_ascii=False))
