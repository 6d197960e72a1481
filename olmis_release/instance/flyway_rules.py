"""What Flyway will do at a service's start: the files inside an image against the history rows in the database.

Never from version numbers: a tag can be pushed again with other files, and late-stamped files stand below newer rows.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from olmis_release.instance.ports import Applied

BOM = b"\xef\xbb\xbf"
_VERSIONED = re.compile(r"V?(\d+(?:[._]\d+)*)__(.*)\.sql\Z")
_REPEATABLE = re.compile(r"R__(.*)\.sql\Z")
_NUMBERED_KINDS = ("SQL", "JDBC", "SPRING_JDBC", "BASELINE")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageMigration:
    """A migration file inside an image.

    Attributes:
        version: As in the file's name; None for a repeatable migration.
        name: The rest of it, for people.
        checksum: Flyway's checksum of the content.
        script: Path below the migration folder, as the history table has it.
    """

    version: str | None
    name: str
    checksum: int
    script: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What Flyway 4.1 and later does with these files and rows; older ones are never stricter.

    Attributes:
        pending: Will be applied, in this order; changed repeatable migrations come last.
        future: Rows newer than every file: a warning, the service starts.
        missing: Rows without a file that are older than the newest file: it does not start.
        mismatched: Rows whose file has other content now: it does not start.
        out_of_order: Files that were never applied and are older than the newest row: it does not start.
        failed: Rows of migrations that failed: it does not start.
    """

    pending: tuple[ImageMigration, ...] = ()
    future: tuple[Applied, ...] = ()
    missing: tuple[Applied, ...] = ()
    mismatched: tuple[Applied, ...] = ()
    out_of_order: tuple[ImageMigration, ...] = ()
    failed: tuple[Applied, ...] = ()

    @property
    def starts(self) -> bool:
        """Whether the service starts at all."""
        return not (self.missing or self.mismatched or self.out_of_order or self.failed)

    def refusals(self) -> tuple[str, ...]:
        """Return why it does not start, one sentence for each row or file."""
        return (
            *(f"{row.version} was applied, but the image no longer has it ({row.script})" for row in self.missing),
            *(f"{row.version} was applied with other content ({row.script})" for row in self.mismatched),
            *(f"{one.version} is older than what was applied last ({one.script})" for one in self.out_of_order),
            *(f"{row.version or row.script} failed when it was applied ({row.script})" for row in self.failed),
        )


def checksum(sql: bytes) -> int:
    """Return Flyway's checksum: CRC32 over the lines without their ends, as a signed 32-bit number.

    A trailing line break, CRLF or a byte order mark makes no difference; a trailing blank does.
    """
    text = sql.removeprefix(BOM).decode("utf-8", "replace").encode()
    crc = zlib.crc32(text.replace(b"\r", b"").replace(b"\n", b""))
    return crc - (1 << 32) if crc >= 1 << 31 else crc


def migration_of(script: str, content: bytes) -> ImageMigration | None:
    """Return the migration that a file is, None when Flyway would not take it for one."""
    file = script.rpartition("/")[2]
    versioned, repeatable = _VERSIONED.fullmatch(file), _REPEATABLE.fullmatch(file)
    name = versioned.group(2) if versioned else repeatable.group(1) if repeatable else None
    if name is None:
        return None
    version = versioned.group(1).replace("_", ".") if versioned else None
    return ImageMigration(version=version, name=name.replace("_", " "), checksum=checksum(content), script=script)


def ordered(version: str) -> tuple[int, ...]:
    """Return a version as Flyway compares it: number by number, trailing zeros without meaning."""
    numbers = [int(part) for part in re.split("[._]", version)]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def verdict(rows: Sequence[Applied], migrations: Sequence[ImageMigration]) -> Verdict:
    """Compare one schema's history with one image's files.

    Args:
        rows: All rows of the history table, in the order in which they were applied.
        migrations: All files of the image.
    """
    files = {ordered(one.version): one for one in migrations if one.version is not None}
    done = {ordered(row.version): row for row in rows if row.version is not None and row.kind in _NUMBERED_KINDS}
    newest_file, newest_row = max(files, default=()), max(done, default=())
    absent = [(version, row) for version, row in done.items() if version not in files and row.kind != "BASELINE"]
    new = [(version, files[version]) for version in sorted(files.keys() - done.keys()) if not _below(version, rows)]
    return Verdict(
        pending=(*(file for version, file in new if version > newest_row), *_repeated(rows, migrations)),
        future=tuple(row for version, row in absent if version > newest_file),
        missing=tuple(row for version, row in absent if version < newest_file),
        mismatched=tuple(row for version, row in done.items() if _differs(row, files.get(version))),
        out_of_order=tuple(file for version, file in new if version < newest_row),
        failed=tuple(row for row in rows if not row.success),
    )


def _below(version: tuple[int, ...], rows: Sequence[Applied]) -> bool:
    """Tell whether a history that was begun late (BASELINE) counts this file as done."""
    return any(row.kind == "BASELINE" and row.version and version <= ordered(row.version) for row in rows)


def _differs(row: Applied, file: ImageMigration | None) -> bool:
    return file is not None and row.kind != "BASELINE" and row.success and row.checksum != file.checksum


def _repeated(rows: Sequence[Applied], migrations: Sequence[ImageMigration]) -> Iterator[ImageMigration]:
    """Give the repeatable migrations whose content is not what was applied last."""
    last = {row.script: row.checksum for row in rows if row.version is None and row.success}
    for one in sorted(migrations, key=lambda one: one.name):
        if one.version is None and last.get(one.script) != one.checksum:
            yield one
