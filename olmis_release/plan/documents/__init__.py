"""The plan as people read it: one self-contained HTML page, and the same in Markdown."""

from olmis_release.plan.documents.rendering import render_html, render_markdown

__all__ = ["render_html", "render_markdown"]
