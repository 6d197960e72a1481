"""The plan as people read it: one self-contained HTML page, and the same in Markdown, in each of its languages."""

from collections.abc import Iterator

from olmis_release.plan.documents.rendering import render_html, render_markdown
from olmis_release.plan.model import Plan

__all__ = ["documents_of", "render_html", "render_markdown"]


def documents_of(plan: Plan, *, code: str, hash_hex: str) -> Iterator[tuple[str, str]]:
    """Yield name and text of every document of a plan; ``plan.html`` and ``plan.md`` are in its first language."""
    for place, language in enumerate(dict.fromkeys(plan.languages)):
        page = render_html(plan, code=code, hash_hex=hash_hex, language=language)
        text = render_markdown(plan, code=code, hash_hex=hash_hex, language=language)
        names = ("plan", f"plan.{language}") if place == 0 else (f"plan.{language}",)
        for name in names:
            yield f"{name}.html", page
            yield f"{name}.md", text
