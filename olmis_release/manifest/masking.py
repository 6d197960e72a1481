"""Hiding what must not be shown: the values of settings that hold secrets, wherever they stand in a configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import unquote, urlsplit

from olmis_release.manifest.bodies import shown
from olmis_release.manifest.model import ComposeValue

MASK = "***"

SECRET_NAME = re.compile(r"PASS|SECRET|TOKEN|KEY|CREDENTIAL|PRIVATE|DSN", re.IGNORECASE)
"""What the names of secrets have in common."""

# `-Dspring.mail.password=…`, `--token …`, `PGPASSWORD=… command`: a secret's name and its value inside one text
_INSIDE = re.compile(
    r"(?P<name>[\w.-]*(?:pass|secret|token|api[_.-]?key|private|credential)[\w.-]*(?:=|:\s*|\s+))(?P<value>[^\s\"',;&]+)",
    re.IGNORECASE,
)
_IN_URL = re.compile(r"(?P<name>[a-z][a-z0-9+.-]*://[^\s/:@]*:)(?P<value>[^\s@/]+)(?=@)", re.IGNORECASE)
_REFERENCE = re.compile(r"\$\{?[A-Za-z_][A-Za-z0-9_]*")


def masked(path: str, value: ComposeValue) -> str:
    """Return a value as one line that may be shown: what is a secret by its name, or inside a text, is hidden.

    A ``${NAME}`` says where a secret is taken from, not what it is, and stays.

    Args:
        path: Dotted path of the value in a Compose body.
        value: The value, as text, list or mapping.
    """
    return shown(_safe(path, value))


def secrets_in(name: str, value: str) -> Iterator[str]:
    """Yield what is secret in the value of a setting: all of it by its name, or a password inside it."""
    if SECRET_NAME.search(name):
        yield value
    for pattern in (_IN_URL, _INSIDE):
        for match in pattern.finditer(value):
            if not _REFERENCE.match(match["value"]):
                yield from (match["value"], unquote(match["value"]))
    with suppress(ValueError):  # a password with an @ in it: what parts a URL takes the last one
        whole = urlsplit(value.removeprefix("jdbc:")).password or ""
        yield from (whole, unquote(whole))


def _safe(name: str, value: ComposeValue) -> ComposeValue:
    if isinstance(value, dict):
        return {key: _safe(key, item) for key, item in value.items()}
    if isinstance(value, list):
        return list(_safe_items(name, value))
    if SECRET_NAME.search(name):
        return value if not value or _REFERENCE.match(value) else MASK
    return _IN_URL.sub(_hidden, _INSIDE.sub(_hidden, value))


def _safe_items(name: str, items: list[ComposeValue]) -> Iterator[ComposeValue]:
    """Yield a list's items; what follows an option such as ``--password`` is that option's value."""
    option = ""
    for item in items:
        yield _safe(option or name, item)
        option = item if isinstance(item, str) and item.startswith("-") and "=" not in item else ""


def _hidden(match: re.Match[str]) -> str:
    return match.group() if _REFERENCE.match(match["value"]) else f"{match['name']}{MASK}"
