"""Is the settings file there, private and complete?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from olmis_release.errors import ReleaseError
from olmis_release.instance.settings import read_settings
from olmis_release.preflight.model import Check, Finding, Subject, failed, passed

REQUIRED = (
    "BASE_URL",
    "DATABASE_URL",
    "POSTGRES_USER",
    "POSTGRES_PASSWORD",
    "MAIL_HOST",
    "MAIL_USERNAME",
    "MAIL_PASSWORD",
    "VIRTUAL_HOST",
)
"""Keys that have no default in any service or in nginx; without one of them something exits at start."""

DATABASE_URL = re.compile(r"jdbc:postgresql://(?P<host>[^/:?\s]+)(?::\d+)?/(?P<name>[^/?\s]+)")


def settings_are_complete(subject: Subject) -> Finding:
    """Read the file, which judges its mode, owner and lines, then look at its keys; values are never shown."""
    shown = subject.site.config.settings
    try:
        values = read_settings(subject.workspace.root / shown, shown_as=shown).values
    except ReleaseError as error:
        return failed(error.message, resolution=error.resolution)
    problems = list(_problems(subject, values))
    if problems:
        return failed(f"{shown}: {' '.join(problems)}", resolution=f"Correct {shown}; the next command reads it anew.")
    return passed(f"{shown} is private and has all {len(REQUIRED)} required keys.")


def _problems(subject: Subject, values: Mapping[str, str]) -> Iterator[str]:
    missing = [key for key in REQUIRED if not values.get(key, "").strip()]
    if missing:
        yield f"Missing or empty: {', '.join(missing)}."
    if (base := values.get("BASE_URL", "")) and not base.startswith(("http://", "https://")):
        yield "BASE_URL does not start with http:// or https://."
    if url := values.get("DATABASE_URL", "").strip():
        yield from _url_problems(subject, url)


def _url_problems(subject: Subject, url: str) -> Iterator[str]:
    """Yield what is wrong with the JDBC URL; it may hold a password, so it is not repeated."""
    if "?" in url:
        yield "DATABASE_URL has a query string; services add their own (?stringtype=unspecified), so leave it out."
    match = DATABASE_URL.match(url)
    if match is None:
        yield "DATABASE_URL is not of the form jdbc:postgresql://host:port/name."
    elif match["name"] != (name := subject.site.config.database.name):
        yield f"DATABASE_URL names database {match['name']}, the instance file {name}: the wrong one would be saved."


CHECK = Check(
    id="settings-file", question="Is the settings file there, private and complete?", ask=settings_are_complete
)
