"""Change single scalars in YAML that a person wrote, leaving comments and layout as they are."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

KEY = re.compile(r"( *)(\"[^\"]+\"|[A-Za-z0-9_.-]+):(?: +(.*))?$")
INDENT = 2

Path = tuple[str, ...]


def with_scalars(text: str, values: Mapping[Path, str]) -> str:
    """Return the text with each value in its place, keys that were missing included."""
    lines = text.splitlines()
    for path, value in values.items():
        _set(lines, path, value)
    return "\n".join([*lines, ""])


def _set(lines: list[str], path: Path, value: str) -> None:
    """Set one value: walk down to the deepest block there is, replace the key there or add what is missing."""
    depth, begin, end = _deepest(lines, path)
    at = _find(lines[begin:end], path[depth], indent=depth * INDENT)
    start = end if at is None else begin + at
    stop = start if at is None else start + 1 + _length(lines[start + 1 :], indent=depth * INDENT)
    lines[start:stop] = _block(path[depth:], value, indent=depth * INDENT)


def _deepest(lines: Sequence[str], path: Path) -> tuple[int, int, int]:
    """Return how deep the path exists without its last key, and the lines inside that block."""
    begin, end = 0, len(lines)
    for depth, key in enumerate(path[:-1]):
        at = _find(lines[begin:end], key, indent=depth * INDENT)
        if at is None:
            return depth, begin, end
        begin += at + 1
        end = begin + _length(lines[begin:end], indent=depth * INDENT)
    return len(path) - 1, begin, end


def _find(lines: Sequence[str], key: str, *, indent: int) -> int | None:
    for number, line in enumerate(lines):
        found = KEY.match(line)
        if found and len(found[1]) == indent and found[2].strip('"') == key:
            return number
    return None


def _length(lines: Sequence[str], *, indent: int) -> int:
    """Count the lines that belong to a key: those that are indented deeper, and blank ones between them."""
    inside = 0
    for number, line in enumerate(lines, 1):
        if line.strip() and len(line) - len(line.lstrip()) <= indent:
            break
        inside = number if line.strip() else inside
    return inside


def _block(path: Path, value: str, *, indent: int) -> list[str]:
    """Write the keys of a path under each other, the value behind the last."""
    written = [f"{' ' * (indent + depth * INDENT)}{key}:" for depth, key in enumerate(path)]
    written[-1] += f" {value}"
    return written
