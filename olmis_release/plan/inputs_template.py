"""The file that people fill in before a plan is made: every field of a route, with what it is for."""

from __future__ import annotations

from collections.abc import Iterator

from olmis_release.instance.config import Language
from olmis_release.manifest.emergency import Route
from olmis_release.plan.inputs import DUTIES, NEEDED, PURPOSES

HEAD = """\
# What only people know of {release} for {instance}, {route} route.
# Fill in every field; write none where there is nothing to say. Then:
#   olmis-release plan {release} --to {instance} --inputs THIS-FILE
"""
_SUPPORT = """\
support:
  # - {tier: 1, name: , phone: , whatsapp: , email: , language: , hours: "07:30-17:00 CAT", escalate_after_min: 30}
"""
_LISTS = frozenset(
    {"out_of_scope", "risks", "assumptions", "testing", "accepted_defects", "go_no_go", "rollback_triggers", "notices"}
)
_SPOKEN = frozenset({"users_notice", "user_changes", "translator"})


def template(release: str, instance: str, *, route: Route, languages: tuple[Language, ...]) -> str:
    """Return the file to fill in."""
    head = HEAD.format(release=release, instance=instance, route=route)
    return "\n".join([head, *_fields(route, languages)])


def _fields(route: Route, languages: tuple[Language, ...]) -> Iterator[str]:
    for key in NEEDED[route]:
        body = _body(key, route, languages)
        if body:
            yield f"# {PURPOSES[key]}\n{body}"


def _body(key: str, route: Route, languages: tuple[Language, ...]) -> str:
    if key == "people":
        return "people:\n" + "".join(f"  {duty}: {{name: , deputy: }}\n" for duty in DUTIES[route])
    if key == "support":
        return _SUPPORT
    if key in _SPOKEN:
        wanted = [one for one in languages if key != "translator" or one is not Language.ENGLISH]
        return f"{key}:\n" + "".join(f"  {language}:\n" for language in wanted) if wanted else ""
    return f"{key}:\n  # -\n" if key in _LISTS else f"{key}:\n"
