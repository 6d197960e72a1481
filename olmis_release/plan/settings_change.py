"""Which settings changed between two kept copies of a settings file: names only, values may be secret."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def changed_settings(old_copy: Path, new_copy: Path) -> tuple[str, ...]:
    """Return the names that were added, removed or given another value; none when the old copy is gone."""
    if not old_copy.is_file():
        return ()
    old, new = _lines(old_copy), _lines(new_copy)
    return tuple(name for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name))


def _lines(copy: Path) -> Mapping[str, str]:
    """Return name to value as it is written: both copies are in the one form in which copies are kept."""
    pairs = (line.partition("=") for line in copy.read_text(encoding="utf-8").splitlines())
    return {name: value for name, equals, value in pairs if equals}
