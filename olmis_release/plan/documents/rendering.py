"""Fill the templates: all words of the documents stand in them and in the catalogues, all values are escaped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from olmis_release import clock
from olmis_release.instance.config import Language
from olmis_release.plan.documents.content import content
from olmis_release.plan.documents.filters import (
    breakable,
    in_html,
    in_markdown,
    marked_down,
    or_dash,
    short_digest,
    shown,
)
from olmis_release.plan.documents.language import Tongue, tongue
from olmis_release.plan.model import Plan

Escaping = Callable[[Any], Markup]


def render_html(plan: Plan, *, code: str, hash_hex: str, language: Language = Language.ENGLISH) -> str:
    """Return the plan as one page for a browser or a printer: no script, nothing to fetch."""
    return _rendered("html", plan, language, code=code, hash_hex=hash_hex)


def render_markdown(plan: Plan, *, code: str, hash_hex: str, language: Language = Language.ENGLISH) -> str:
    """Return the plan as Markdown, for pull requests and tickets."""
    return _rendered("md", plan, language, code=code, hash_hex=hash_hex)


def _rendered(kind: str, plan: Plan, language: Language, *, code: str, hash_hex: str) -> str:
    spoken = tongue(language, (plan.time_zone, *plan.time_zones))
    values = {
        **_speech(spoken, in_html if kind == "html" else in_markdown, marks=kind == "html"),
        **content(plan, spoken),
        "plan": plan,
        "code": code,
        "hash_hex": hash_hex,
        "language": str(language),
    }
    return _environment(kind).get_template(f"plan.{kind}.j2").render(values)


@cache
def _environment(kind: str) -> Environment:
    """Return an environment in which every value is escaped: for HTML by Jinja, for Markdown by our own filter."""
    environment = Environment(
        loader=PackageLoader("olmis_release.plan.documents", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=shown if kind == "html" else marked_down,
    )
    environment.filters |= {"breakable": breakable, "short_digest": short_digest, "or_dash": or_dash}
    return environment


def _speech(spoken: Tongue, escaped: Escaping, *, marks: bool) -> Mapping[str, Callable[..., str]]:
    """Return what templates speak with; ``_`` and ``said`` escape what stands in their sentences."""

    def message(text: str, **values: Any) -> Markup:
        return Markup(escaped(spoken.say(text)) % {name: escaped(value) for name, value in values.items()})  # noqa: S704 - escaped part by part

    def said(text: str) -> Markup:
        anew = spoken.anew(text)
        if anew is not None or not marks:
            return escaped(text if anew is None else anew)
        return Markup('<span lang="en">{}</span>').format(escaped(text))

    return {
        "_": message,
        "said": said,
        "label": spoken.label,
        "duration": spoken.duration,
        "when": lambda moment: spoken.moment(clock.parse_iso(moment)),
    }
