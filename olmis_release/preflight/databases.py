"""What the checks about the database share."""

from __future__ import annotations

from olmis_release.preflight.model import Finding, Subject, failed, passed, warned


def not_there_yet(subject: Subject) -> Finding | None:
    """Return the answer for a first deploy, whose database does not exist before it; None otherwise."""
    if not subject.database_is_new:
        return None
    return passed(f"No {subject.site.config.database.component} here yet: this release brings up the database.")


def no_such_database(subject: Subject) -> Finding:
    """Return the answer for a server that lacks the instance's database."""
    return failed(
        f"The server has no database {subject.site.database.name}.",
        resolution="Correct `database.name` in the instance file, or create the database first.",
    )


def in_the_way(subject: Subject, message: str, *, resolution: str) -> Finding:
    """Refuse where the plan closes and renames the database, only warn where it leaves it alone."""
    answer = failed if subject.renames_database else warned
    return answer(message, resolution=resolution)


def version_text(number: int) -> str:
    """Return ``15.8`` for 150008 and ``9.6.24`` for 90624."""
    if number >= 100_000:
        return f"{number // 10_000}.{number % 10_000}"
    return f"{number // 10_000}.{number // 100 % 100}.{number % 100}"
