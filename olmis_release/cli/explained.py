"""The form of an explanation."""

from __future__ import annotations

from typing import NamedTuple


class Explanation(NamedTuple):
    """An id in words.

    Attributes:
        exit_code: What it ends a command with; None for what the error class of the same id says.
    """

    meaning: str
    advice: str
    exit_code: int | None = None
