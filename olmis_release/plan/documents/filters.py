"""How values appear in the documents."""

from __future__ import annotations

import re
from typing import Any

from markupsafe import Markup, escape

from olmis_release.text import safe

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~])")


def shown(value: Any) -> Any:
    """Return a value for HTML; the template engine escapes it afterwards."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return safe(value, multiline=True)


def in_html(value: Any) -> Markup:
    """Return a value as HTML that shows it as it stands."""
    return escape(shown(value))


def marked_down(value: Any) -> Any:
    """Return a value that Markdown shows as it stands: no table cell, link, tag or heading can come out of it."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return Markup(_SPECIAL.sub(r"\\\1", safe(value)))  # noqa: S704 - escaped for Markdown here; nothing else escapes it


def in_markdown(value: Any) -> Markup:
    """Return a value as Markdown that shows it as it stands."""
    return Markup(marked_down(value) if isinstance(value, str) else str(value))  # noqa: S704 - escaped just before


def breakable(image: str | None) -> Markup:
    """Return an image that a narrow column may break after a slash or a colon, and nowhere inside a name."""
    return Markup(re.sub("([/:])", r"\1<wbr>", str(escape(shown(or_dash(image))))))  # noqa: S704 - escaped before


def short_digest(digest: str | None) -> str:
    """Return the first twelve digits of a digest; the whole of it stands in plan.json."""
    return digest.removeprefix("sha256:")[:12] if digest else ""


def or_dash(image: str | None) -> str:
    """Return an image, or a dash where there is none."""
    return image or "–"
