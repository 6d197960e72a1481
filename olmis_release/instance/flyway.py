"""Read the migration files out of an image without running it: they lie in the service's jar, which is a zip."""

from __future__ import annotations

import io
import json
import os
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

from olmis_release.errors import StepFailed
from olmis_release.instance.flyway_rules import ImageMigration, Verdict, checksum, migration_of, ordered, verdict
from olmis_release.instance.ports import Engine

__all__ = ["ImageMigration", "Verdict", "checksum", "migrations_in", "verdict"]

SERVICE_JAR = "/service.jar"
FORMAT = 1
MEMBERS_LIMIT = 100_000
FILE_LIMIT_BYTES = 16 * 1024 * 1024
TOTAL_LIMIT_BYTES = 128 * 1024 * 1024

_MIGRATION = re.compile(r"(?:BOOT-INF/classes/|WEB-INF/classes/)?db/migration/((?:[^/]+/)*[^/]+\.sql)\Z")
_ROOT_JAR = re.compile(r"/[^/]+\.jar\Z")


def migrations_in(engine: Engine, reference: str, cache: Path) -> tuple[ImageMigration, ...] | None:
    """Return the migration files of an image that the engine has, oldest version first, repeatable ones last.

    Args:
        engine: Where the image is.
        reference: Any reference to it, for example ``openlmis/requisition@sha256:…``.
        cache: Folder in which the answer is kept by the image's id.

    Returns:
        None when the image has no jar that could be read, so nobody can know: it must be expected to migrate.

    Raises:
        StepFailed: The engine does not have the image, or a jar is too large to be honest.
    """
    image = engine.image(reference)
    if image is None:
        raise StepFailed(f"The engine has no image {reference}.", resolution="Pull it first.")
    kept = cache / "migrations" / f"{image.id.removeprefix('sha256:')}.json"
    known = _recall(kept)
    if known is not None:
        return known
    found = _read(engine, image.id)
    if found is not None:
        _remember(kept, found)
    return found


def _read(engine: Engine, image: str) -> tuple[ImageMigration, ...] | None:
    jars = engine.read_members(image, lambda path: path == SERVICE_JAR, folder=SERVICE_JAR)
    if not jars:
        jars = engine.read_members(image, lambda path: bool(_ROOT_JAR.fullmatch(path)), folder="/")
    read = [_in_jar(content, path) for path, content in sorted(jars.items())]
    readable = [migrations for migrations in read if migrations is not None]
    if not readable:
        return None
    return tuple(sorted((one for migrations in readable for one in migrations), key=_order))


def _in_jar(content: bytes, shown_as: str) -> tuple[ImageMigration, ...] | None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as jar:
            files = list(_sql_files(jar, shown_as))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError):  # broken, unknown compression, encrypted
        return None
    return tuple(one for script, sql in files if (one := migration_of(script, sql)))


def _sql_files(jar: zipfile.ZipFile, shown_as: str) -> Iterator[tuple[str, bytes]]:
    members = jar.infolist()
    if len(members) > MEMBERS_LIMIT:
        raise _dishonest(shown_as, f"{len(members)} members")
    left = TOTAL_LIMIT_BYTES
    for member in members:
        match = _MIGRATION.fullmatch(member.filename)
        if match:
            sql = _bounded(jar, member, shown_as)
            left -= len(sql)
            if left < 0:
                raise _dishonest(shown_as, f"more than {TOTAL_LIMIT_BYTES} bytes of migrations")
            yield match.group(1), sql


def _bounded(jar: zipfile.ZipFile, member: zipfile.ZipInfo, shown_as: str) -> bytes:
    # The size in the directory may lie, so reading stops one byte after the limit.
    with jar.open(member) as stream:
        sql = stream.read(FILE_LIMIT_BYTES + 1)
    if len(sql) > FILE_LIMIT_BYTES:
        raise _dishonest(shown_as, f"{member.filename} of more than {FILE_LIMIT_BYTES} bytes")
    return sql


def _dishonest(shown_as: str, what: str) -> StepFailed:
    return StepFailed(
        f"{shown_as} in the image has {what}; it is not read further.",
        resolution="Check that the image is the one you mean.",
    )


def _order(one: ImageMigration) -> tuple[bool, tuple[int, ...], str]:
    return one.version is None, ordered(one.version) if one.version else (), one.script


def _recall(kept: Path) -> tuple[ImageMigration, ...] | None:
    try:
        stored: Mapping[str, object] = json.loads(kept.read_text(encoding="utf-8"))
        entries = stored["migrations"] if stored["format"] == FORMAT else None
        return tuple(ImageMigration(**entry) for entry in entries) if isinstance(entries, list) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _remember(kept: Path, found: tuple[ImageMigration, ...]) -> None:
    kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = kept.with_suffix(f".{os.getpid()}")
    content = {"format": FORMAT, "migrations": [asdict(one) for one in found]}
    aside.write_text(json.dumps(content, indent=1), encoding="utf-8")
    aside.replace(kept)
