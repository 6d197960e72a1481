"""Text for people: made safe to show, and phrased the same everywhere."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable
from itertools import islice

# Characters that move the cursor, start escape sequences, turn the reading direction or show nothing at all.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff"
    "\uffa0\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def safe(text: str, *, multiline: bool = False) -> str:
    """Return the text with every character that could deceive a terminal or a reader written as an escape.

    Args:
        text: Anything from a file, a host, a container's log.
        multiline: Keep line breaks and tabs; otherwise they are escaped too.
    """
    if not multiline:
        return _UNSAFE.sub(_escape, text)
    return _UNSAFE.sub(lambda match: match.group() if match.group() in "\n\t" else _escape(match), text)


def quoted(text: str, *, most: int = 80) -> str:
    """Return a text in quotes and safe to show; a long one is cut."""
    return safe(repr(text if len(text) <= most else text[:most] + "…"))


def code_points(word: str) -> str:
    """Name the characters beyond ASCII, so that a look-alike letter is seen: ``U+0430 CYRILLIC SMALL LETTER A``."""
    strange = dict.fromkeys(letter for letter in word if ord(letter) > 0x7E)
    return ", ".join(f"U+{ord(letter):04X} {unicodedata.name(letter, 'unnamed')}" for letter in strange)


_MOST_KNOWN, _LONGEST_WORD = 250, 200


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``Did you mean `x`?`` for the nearest known word, or nothing when none is near.

    Nothing is guessed for very long words and among very many, where guessing takes longer than it helps.
    """
    words = list(islice(known, _MOST_KNOWN + 1))
    if len(word) > _LONGEST_WORD or len(words) > _MOST_KNOWN:
        return ""
    by_lower = {one.lower(): one for one in reversed(words)}
    nearest = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return f"Did you mean `{by_lower[nearest[0]]}`?" if nearest else ""


def listed(names: Iterable[str], *, most: int = 30) -> str:
    """Return names as ``a, b, c``; more than `most` are counted, none is said."""
    every = [safe(name) for name in names]
    shown = ", ".join(every[:most]) or "none"
    return f"{shown} and {len(every) - most} more" if len(every) > most else shown


def human_bytes(size_bytes: float) -> str:
    """Return a size as ``512 B``, ``1.4 MB`` or ``20 GB`` (powers of 1000, as disks are sold)."""
    size = float(size_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if abs(size) < 999.5:
            return _three_digits(size, unit)
        size /= 1000
    return _three_digits(size, "TB")


def _three_digits(size: float, unit: str) -> str:
    whole = unit == "B" or abs(size) >= 9.95
    return f"{size:.0f} {unit}" if whole else f"{size:.1f} {unit}"


def minutes(seconds: float) -> str:
    """Return a duration as ``4.2 s``, ``48 s``, ``3 min 05 s`` or ``2 h 07 min``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def plural(count: int, noun: str, *, many: str = "") -> str:
    """Return ``1 component`` or ``3 components``; `many` for nouns that do not take an s."""
    return f"{count} {noun if count == 1 else many or noun + 's'}"
