"""Take secrets out of a text, in whatever form a program may have written them down.

A value is looked for as it is and as the forms below write it, because it rarely leaves a program bare: a container
prints its environment as JSON, a shell quotes it, a header carries it in base64. Compare by value, not by name: a log
line does not say that what it holds is a password.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

HIDDEN = "***"
MIN_SECRET_LENGTH = 6
"""Shorter values would blot out ordinary words."""


class Redactor:
    """Knows secret values and writes `HIDDEN` in their place; a value itself, it never changes."""

    __slots__ = ("_pattern", "_values")

    def __init__(self, values: Iterable[str] = ()) -> None:
        """Know these values; those shorter than `MIN_SECRET_LENGTH` are left out."""
        self._values = frozenset(value for value in values if len(value) >= MIN_SECRET_LENGTH)
        forms = {form for value in self._values for form in forms_of(value)}
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def __repr__(self) -> str:
        """Say how many values are known, and none of them."""
        return f"Redactor({len(self._values)} values)"

    def also(self, values: Iterable[str]) -> Redactor:
        """Return one that knows these values too."""
        return Redactor({*self._values, *values})

    def redact(self, text: str) -> str:
        """Return a text without the secrets in it."""
        return self._pattern.sub(HIDDEN, text) if self._pattern else text

    def finds_in(self, text: str) -> bool:
        """Return whether a text holds a secret in any form."""
        return self._pattern is not None and self._pattern.search(text) is not None


NOTHING_SECRET = Redactor()


def forms_of(value: str) -> frozenset[str]:
    """Return every form in which a value is looked for, the value itself among them."""
    once = {value, *_written(value)}
    in_json = {form for text in once for form in (*_in_json(text), html.escape(text))}
    twice = {form for text in in_json for form in _in_json(text)}
    return frozenset(form for form in {*once, *in_json, *twice, *_in_base64(value)} if len(form) >= MIN_SECRET_LENGTH)


def _written(value: str) -> Iterator[str]:
    """Yield how URLs, shells, Compose, SQL, YAML, Python, HTML and Markdown write a value."""
    for url in (quote(value, safe=""), quote(value), quote_plus(value)):
        yield from (url, re.sub("%..", lambda match: match.group().lower(), url))
    yield from (value.replace("'", "'\"'\"'"), value.replace("'", r"'\''"), value.replace("'", "''"))
    yield re.sub(r"([^\w@%+=:,./-])", r"\\\1", value)  # printf %q
    yield from (value.replace("$", "$$"), re.sub(r'([\\"$])', r"\\\1", value), re.sub(r'([\\"$`])', r"\\\1", value))
    yield repr(value)[1:-1]
    yield from (
        html.escape(value, quote=False),
        html.escape(value).replace("&quot;", "&#34;").replace("&#x27;", "&#39;"),
    )
    yield re.sub(r"([\\`*_{}\[\]<>|#~])", r"\\\1", value)


def _in_json(text: str) -> tuple[str, str]:
    return json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]


def _in_base64(value: str) -> Iterator[str]:
    """Yield the signs that a value always gives, wherever in the encoded bytes it begins."""
    data = value.encode("utf-8", "surrogatepass")
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + data).decode().rstrip("=")
        spoilt_at_end = bool((before + len(data)) % 3)  # its last sign also holds bits of what follows
        inner = encoded[-(-before * 8 // 6) : len(encoded) - spoilt_at_end]
        yield from (inner, inner.replace("+", "-").replace("/", "_"))
