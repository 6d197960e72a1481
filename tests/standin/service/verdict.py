"""Flyway's decision at start-up: history rows against the files of the image. Values in, values out.

What differs between releases is one cell: a file that was never applied but is older than the newest applied row is
skipped in silence by 4.0.3 and refused by 4.1.2 and later.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.standin.service.spec import Migration

#: The release that still skipped late-stamped migrations.
SKIPS_LATE = "4.0.3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """One numbered row of the history table."""

    version: int
    checksum: int | None
    success: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What Flyway will do: refuse for all the reasons given, or apply ``pending`` in this order."""

    pending: tuple[Migration, ...] = ()
    refusals: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def judge(applied: Sequence[Applied], resolved: Sequence[Migration], *, flyway: str) -> Verdict:
    """Compare history and files by the rules of one Flyway release."""
    done = {row.version: row for row in applied}
    newest_done = max(done, default=0)
    new = sorted(
        (migration for migration in resolved if migration.version not in done), key=lambda migration: migration.version
    )
    late = [migration for migration in new if migration.version < newest_done]
    refusals = [*_broken_rows(applied, resolved)]
    if flyway != SKIPS_LATE:
        refusals += [f"Detected resolved migration not applied to database: {migration.version}" for migration in late]
    newest_file = max((migration.version for migration in resolved), default=0)
    future = [version for version in done if version > newest_file]
    warnings = (
        [f"Schema has a version ({max(future)}) that is newer than the latest available migration ({newest_file})"]
        if future
        else []
    )
    pending = () if refusals else tuple(migration for migration in new if migration.version > newest_done)
    return Verdict(pending=pending, refusals=tuple(refusals), warnings=tuple(warnings))


def _broken_rows(applied: Sequence[Applied], resolved: Sequence[Migration]) -> list[str]:
    files = {migration.version: migration for migration in resolved}
    newest_file = max(files, default=0)
    reasons = []
    for row in applied:
        file = files.get(row.version)
        if not row.success:
            reasons.append(f"Detected failed migration to version {row.version}")
        elif file is None and row.version < newest_file:
            reasons.append(f"Detected applied migration not resolved locally: {row.version}")
        elif file is not None and row.checksum != file.checksum:
            reasons.append(
                f"Migration checksum mismatch for migration version {row.version}"
                f" -> Applied to database : {row.checksum} -> Resolved locally : {file.checksum}"
            )
    return reasons
