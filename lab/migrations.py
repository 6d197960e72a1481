"""Write the migration files of stand-in images: real numbers, names and checksums, small statements of our own."""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from lab.facts import FACTS
from lab.forging import forged_comment


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationFile:
    """One file for ``BOOT-INF/classes/db/migration/``."""

    script: str
    sql: str


@cache
def facts() -> dict[str, dict[str, Any]]:
    """Read the committed facts: per service its schema, versions and migrations."""
    found: dict[str, dict[str, Any]] = json.loads(FACTS.read_text(encoding="utf-8"))
    return found


@cache
def published(service: str, version: str) -> tuple[MigrationFile, ...]:
    """Write the files that the released image of a version holds."""
    fact = facts()[service]
    rows = fact["migrations"][: fact["versions"][version]]
    return tuple(_published_file(number, checksum, name) for number, checksum, name in rows)


def newest_number(files: tuple[MigrationFile, ...]) -> int:
    """Say the highest migration number of an image; 0 where it has none."""
    return max((int(file.script.partition("__")[0]) for file in files), default=0)


def added(number: int, name: str, sql: str = "") -> MigrationFile:
    """Write a migration of our own; its checksum is what its text gives."""
    return MigrationFile(script=f"{number}__{name}.sql", sql=sql or statements(number, name))


def statements(number: int, name: str) -> str:
    """Write a little of everything a real migration does: a table, rows, an index, a column on a shared table."""
    table = f"m_{number}"
    return "\n".join(
        [
            f"-- stand-in for {name}",
            "CREATE TABLE IF NOT EXISTS catalogue (id serial PRIMARY KEY, code text UNIQUE);",
            f"CREATE TABLE {table} (id serial PRIMARY KEY, code text NOT NULL, amount integer NOT NULL DEFAULT 0);",
            f"INSERT INTO {table} (code, amount) SELECT 'item-' || n, n FROM generate_series(1, 20) AS n;",
            f"CREATE INDEX ON {table} (code);",
            f"ALTER TABLE catalogue ADD COLUMN c_{number} text;",
            f"INSERT INTO catalogue (code, c_{number}) VALUES ('{number}', 'added');",
            "",
        ]
    )


@cache
def _published_file(number: str, checksum: int, name: str) -> MigrationFile:
    text = statements(int(number), name) + "-- "
    letters = forged_comment(text.replace("\n", "").encode(), checksum)
    return MigrationFile(script=f"{number}__{name}.sql", sql=text + letters.decode() + "\n")
