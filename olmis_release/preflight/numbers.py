"""Version numbers as tools write them."""

from __future__ import annotations

import re

_LEADING = re.compile(r"v?(\d+(?:\.\d+)*)")


def numbers_in(version: str) -> tuple[int, ...]:
    """Return ``(20, 10, 24)`` for ``20.10.24+dfsg1``; nothing where no number leads."""
    match = _LEADING.match(version.strip())
    return tuple(int(part) for part in match.group(1).split(".")) if match else ()
