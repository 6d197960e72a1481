"""Tables for people: aligned columns where the terminal is wide enough, ``key: value`` blocks where it is not."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from tabulate import tabulate

from olmis_release.text import safe

MIN_WIDTH = 80


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], *, width: int | None = None) -> str:
    """Return rows as text; nothing is ever cut off, so a table too wide for the terminal becomes blocks.

    Args:
        headers: Column names, in capitals.
        rows: Cells as text.
        width: Columns of the terminal; asked of the terminal when None.
    """
    rows = [[safe(cell) for cell in row] for row in rows]  # a line end in a cell could forge a line of ours
    wide = tabulate(rows, headers=headers, tablefmt="plain", disable_numparse=True)
    available = width or shutil.get_terminal_size((120, 24)).columns
    if available >= MIN_WIDTH or _width(wide) <= available:
        return "\n".join(line.rstrip() for line in wide.splitlines())
    return "\n\n".join(_block(headers, row) for row in rows)


def _width(text: str) -> int:
    return max(map(len, text.splitlines()), default=0)


def _block(headers: Sequence[str], row: Sequence[str]) -> str:
    return "\n".join(f"{header.lower()}: {cell}" for header, cell in zip(headers, row, strict=True) if cell)
