"""The short code of a plan: what people sign, type and say on the telephone.

The code is only a handle (40 bits); the full hash stands on page 1 of the document, and `sets.load_plan` compares it.
"""

from __future__ import annotations

import hashlib
import re

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Base 32 without I, L, O and U, which are misread and misheard."""

_LOOK_ALIKES = str.maketrans("OIL", "011")
_CODE = re.compile(rf"[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}\Z")
_BITS = 40


def sha256(data: bytes) -> str:
    """Return the SHA-256 of bytes as hex."""
    return hashlib.sha256(data).hexdigest()


def code_from(hash_hex: str) -> str:
    """Return the first forty bits of a hash as ``F7DS-JEEJ``."""
    number = int(hash_hex[: _BITS // 4], 16)
    letters = "".join(ALPHABET[number >> shift & 31] for shift in range(_BITS - 5, -1, -5))
    return f"{letters[:4]}-{letters[4:]}"


def read_code(text: str) -> str | None:
    """Return the code that a person typed, in any case, with look-alike letters put right; None if it is none."""
    letters = text.strip().upper().replace("-", "").translate(_LOOK_ALIKES)
    code = f"{letters[:4]}-{letters[4:]}"
    return code if _CODE.match(code) else None
