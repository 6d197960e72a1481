"""Compose's short forms: which texts it takes as a published port, a mount or a command line."""

from __future__ import annotations

import ipaddress
import re
from contextlib import suppress

from olmis_release.manifest.volumes import MOUNT_PARTS, mount_parts

_PROTOCOLS = frozenset({"tcp", "udp", "sctp"})
_LARGEST_PORT = 65_535
_RANGE = re.compile(r"(?P<first>[0-9]{1,9})(?:-(?P<last>[0-9]{1,9}))?\Z")


def is_port(text: str) -> bool:
    """Return whether a text is ``[[address:]published:]target[/protocol]``, published and target also as ranges."""
    front, slash, protocol = text.partition("/")
    front, protocol = (front, protocol.partition("/")[0]) if slash else (text, "")
    if (protocol or "tcp").lower() not in _PROTOCOLS:
        return False
    rest, _, target = front.rpartition(":")
    address, _, published = rest.rpartition(":")
    inside, outside = _span(target), _span(published) if published else None
    if not inside or not inside[0] or (published and not outside):
        return False
    fits = outside is None or _length(outside) == _length(inside) or _length(inside) == 0
    return fits and (not address or _is_address(address))


def _span(text: str) -> tuple[int, int] | None:
    match = _RANGE.match(text)
    if not match:
        return None
    first, last = int(match["first"]), int(match["last"] or match["first"])
    return (first, last) if first <= last <= _LARGEST_PORT else None


def _length(span: tuple[int, int]) -> int:
    return span[1] - span[0]


def _is_address(text: str) -> bool:
    bracketed = text.startswith("[") and text.endswith("]")
    with suppress(ValueError):
        return bool(ipaddress.IPv6Address(text[1:-1]) if bracketed else ipaddress.IPv4Address(text))
    return False


def is_mount(text: str) -> bool:
    """Return whether a text is ``[source:]target[:options]`` with nothing empty between the colons."""
    parts = mount_parts(text)
    return bool(text) and all(parts) and len(parts) <= MOUNT_PARTS


def is_command(text: str) -> bool:
    """Return whether a text can be parted into words: every quote closed, no bare parenthesis."""
    state = _Words()
    for letter in text:
        if not state.goes_on(letter):
            return state.is_well
    return state.is_well and not (state.escaped or state.quote)


class _Words:
    """Goes through a command line as Compose's splitter does; an operator such as ``|`` ends it."""

    def __init__(self) -> None:
        self.escaped = False
        self.quote = ""
        self.last = ""
        self.is_well = True

    def goes_on(self, letter: str) -> bool:
        """Take one letter; return whether the line goes on after it."""
        before, self.last = self.last, letter
        if self.escaped:
            self.escaped, self.last = False, ""
            return True
        if letter == "\\":
            self.escaped = self.quote != "'"
            return True
        if letter in "'\"`":
            self.quote = "" if self.quote == letter else self.quote or letter
            return True
        return self._parenthesis(letter, before) if letter in "()" else bool(self.quote) or letter not in ";&|<>"

    def _parenthesis(self, letter: str, before: str) -> bool:
        if letter == ")" and self.quote in {"", "("}:
            self.quote = "" if self.quote == "(" else "("
        elif letter == "(" and not self.quote:
            self.quote = "("
            self.is_well = before == "$"
        elif letter == "(" and self.quote == "(":
            self.is_well = False
        return self.is_well
