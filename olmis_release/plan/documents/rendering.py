"""Fill the templates: all words of the documents stand in them, all values are escaped."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from olmis_release import clock
from olmis_release.plan.documents.filters import action_word, breakable, marked_down, or_dash, short_digest, shown
from olmis_release.plan.model import Action, Plan
from olmis_release.text import minutes, plural


def render_html(plan: Plan, *, code: str, hash_hex: str) -> str:
    """Return the plan as one page for a browser or a printer: no script, nothing to fetch."""
    return _environment("html").get_template("plan.html.j2").render(_values(plan, code=code, hash_hex=hash_hex))


def render_markdown(plan: Plan, *, code: str, hash_hex: str) -> str:
    """Return the plan as Markdown, for pull requests and tickets."""
    return _environment("md").get_template("plan.md.j2").render(_values(plan, code=code, hash_hex=hash_hex))


@cache
def _environment(kind: str) -> Environment:
    """Return an environment in which every value is escaped: for HTML by Jinja, for Markdown by our own filter."""
    environment = Environment(
        loader=PackageLoader("olmis_release.plan.documents", "templates"),
        autoescape=select_autoescape(("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=shown if kind == "html" else marked_down,
    )
    environment.filters |= {
        "action_word": action_word,
        "breakable": breakable,
        "minutes": minutes,
        "plural": plural,
        "short_digest": short_digest,
        "or_dash": or_dash,
    }
    return environment


def _values(plan: Plan, *, code: str, hash_hex: str) -> Mapping[str, Any]:
    by_action = {action: [change for change in plan.changes if change.action is action] for action in Action}
    return {
        "plan": plan,
        "code": code,
        "hash_hex": hash_hex,
        "made": clock.local_and_utc(clock.parse_iso(plan.created), ZoneInfo(plan.time_zone)),
        "moved": plan.changed,
        "kept": [change.component for change in by_action[Action.KEEP]],
        "counts": {str(action): len(changes) for action, changes in by_action.items()},
        "migrating": [change for change in plan.changes if change.pending or not change.migrations_known],
        "strangers": [change for change in plan.changes if change.unknown_rows],
        "technical": _technical(plan),
    }


def _technical(plan: Plan) -> dict[str, str]:
    """Return what the plan was made from, for those who check it by hand."""
    base = plan.base
    return {
        "Compose file": plan.compose,
        "Compose file of what runs": plan.previous_compose or "none",
        "Release manifest": base.manifest,
        "Instance file": base.instance_file,
        "Settings file (keyed fingerprint)": base.settings,
        "Engine": base.engine_id,
        **{f"Hook {path}": digest for path, digest in sorted(base.hooks.items())},
    }
