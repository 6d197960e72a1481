"""What a signature of ssh says of itself: whose key, and for what; whether it is good, only ssh-keygen says."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_MAGIC, _VERSION = b"SSHSIG", 1
LIMIT_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The public key that a signature names, and what it says it is for."""

    blob: bytes
    namespace: str


def read_claim(data: bytes) -> Claim | None:
    """Return what a signature says of itself, None where it is none."""
    lines = data.decode("ascii", "replace").split()
    text = " ".join(lines)
    if not (text.startswith(_BEGIN) and text.endswith(_END)):
        return None
    try:
        raw = base64.b64decode(text[len(_BEGIN) : -len(_END)].replace(" ", ""), validate=True)
    except binascii.Error:
        return None
    head = len(_MAGIC) + 4
    if raw[:head] != _MAGIC + _VERSION.to_bytes(4, "big"):
        return None
    blob, rest = _string(raw[head:])
    namespace, _ = _string(rest)
    return Claim(blob=blob, namespace=namespace.decode("utf-8", "replace"))


def _string(data: bytes) -> tuple[bytes, bytes]:
    length = int.from_bytes(data[:4], "big")
    return data[4 : 4 + length], data[4 + length :]
