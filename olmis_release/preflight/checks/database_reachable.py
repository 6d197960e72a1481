"""Does the database answer, and can this server be trusted with a clone?"""

from __future__ import annotations

from olmis_release.preflight.databases import in_the_way, no_such_database, not_there_yet, version_text
from olmis_release.preflight.model import Check, Finding, Subject, passed, warned

OLDEST = 90_500
"""PostgreSQL 9.5 brought ALLOW_CONNECTIONS, with which the database is closed during the clone."""

SOUND_MINORS = {12: 18, 13: 14, 14: 11, 15: 6}
"""Per major, the first minor on which a database made just before a power cut stays usable."""


def database_is_reachable(subject: Subject) -> Finding:
    """Ask the server for its version and for the instance's database."""
    if (new := not_there_yet(subject)) is not None:
        return new
    version = subject.site.database.server().version_number
    return _judge_version(subject, version) if subject.database else no_such_database(subject)


def _judge_version(subject: Subject, version: int) -> Finding:
    text = version_text(version)
    if version < OLDEST:
        return in_the_way(
            subject, f"PostgreSQL {text} cannot be closed for a clone.", resolution="Upgrade it to a supported version."
        )
    major, minor = version // 10_000, version % 10_000
    if major < min(SOUND_MINORS) or minor < SOUND_MINORS.get(major, 0):
        return warned(
            f"PostgreSQL {text} may lose a fresh clone when the host loses power.",
            resolution="Upgrade to the newest minor of a supported major.",
        )
    return passed(f"PostgreSQL {text} has database {subject.site.database.name}.")


CHECK = Check(id="database-reachable", question="Does the database answer?", ask=database_is_reachable)
