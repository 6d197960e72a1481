"""What Flyway's verdict on each new image means for the plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from olmis_release.errors import Problem
from olmis_release.instance.flyway_rules import ImageMigration, Verdict
from olmis_release.instance.ports import Applied
from olmis_release.plan.model import Action, Change, Migration

STARTED_ANEW = frozenset({Action.ADD, Action.REPLACE})


def owns_schema(change: Change) -> bool:
    """Return whether a component's next start makes Flyway look at its schema with an image that may be new."""
    return change.schema_name is not None and change.action in STARTED_ANEW


def with_migrations(changes: Iterable[Change], verdicts: Mapping[str, Verdict | None]) -> tuple[Change, ...]:
    """Return the changes with what each image will do to the database.

    Args:
        changes: As the planner decided.
        verdicts: By component; None where the image's migration files cannot be read. Components without an entry make
            no change.
    """
    return tuple(_with(change, verdicts) for change in changes)


def _with(change: Change, verdicts: Mapping[str, Verdict | None]) -> Change:
    if change.component not in verdicts:
        return change
    verdict = verdicts[change.component]
    if verdict is None:
        return change.model_copy(update={"migrations_known": False})
    pending, unknown = tuple(map(_migration, verdict.pending)), tuple(map(_row, verdict.future))
    return change.model_copy(update={"pending": pending, "unknown_rows": unknown})


def _migration(one: ImageMigration) -> Migration:
    return Migration(version=one.version or "repeatable", name=one.name, checksum=one.checksum)


def _row(row: Applied) -> str:
    return row.script


def would_not_start(changes: Iterable[Change], verdicts: Mapping[str, Verdict | None]) -> Iterator[Problem]:
    """Yield every row or file on which a new image would refuse to start."""
    for change in changes:
        verdict = verdicts.get(change.component)
        for sentence in verdict.refusals() if verdict else ():
            yield Problem(
                code="E-FLYWAY",
                message=f"{change.component} ({change.after}) would not start: {change.schema_name} {sentence}.",
                resolution="",
            )
