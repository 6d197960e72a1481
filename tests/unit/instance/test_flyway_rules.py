from __future__ import annotations

import pytest

from olmis_release.instance.flyway_rules import ImageMigration, checksum, migration_of, ordered, verdict
from olmis_release.instance.ports import Applied

CHECK_VALUE = 0xCBF43926 - (1 << 32)  # what every CRC32 gives for the digits 1 to 9, as a signed number


def file(version: str | None, *, crc: int = 1, name: str = "n") -> ImageMigration:
    script = f"{version}__{name}.sql" if version else f"R__{name}.sql"
    return ImageMigration(version=version, name=name, checksum=crc, script=script)


def row(
    version: str | None, *, crc: int | None = 1, name: str = "n", kind: str = "SQL", success: bool = True
) -> Applied:
    script = f"{version}__{name}.sql" if version else f"R__{name}.sql"
    return Applied(version=version, checksum=crc, script=script, success=success, kind=kind)


@pytest.mark.parametrize(
    "sql", [b"123456789", b"123456789\n", b"1234\r\n56789\r\n", b"1\r2\n3456789", b"\xef\xbb\xbf123456789"]
)
def test_line_ends_and_a_byte_order_mark_do_not_change_the_checksum(sql: bytes) -> None:
    assert checksum(sql) == CHECK_VALUE


def test_a_trailing_blank_and_a_line_separator_of_unicode_do_change_it() -> None:
    assert checksum(b"123456789 ") != CHECK_VALUE
    assert checksum("1234\u202856789".encode()) != CHECK_VALUE


@pytest.mark.parametrize(
    ("script", "version", "name"),
    [
        ("20250304145300926__add_index.sql", "20250304145300926", "add index"),
        ("V2_1__two.sql", "2.1", "two"),
        ("old/V3__three.sql", "3", "three"),
        ("R__views.sql", None, "views"),
    ],
)
def test_a_file_name_tells_version_and_name(script: str, version: str | None, name: str) -> None:
    migration = migration_of(script, b"SELECT 1;")
    assert migration is not None
    assert (migration.version, migration.name, migration.script) == (version, name, script)


@pytest.mark.parametrize("script", ["notes.sql", "1_one.sql", "Vx__one.sql", "1__one.sql.bak"])
def test_other_files_are_no_migrations(script: str) -> None:
    assert migration_of(script, b"") is None


def test_versions_are_compared_as_numbers() -> None:
    assert ordered("10") > ordered("9")
    assert ordered("2.0") == ordered("2")
    assert ordered("2_1") == ordered("2.1")


def test_an_empty_history_leaves_everything_pending_oldest_first() -> None:
    found = verdict([], [file("10"), file("9"), file(None)])
    assert [one.version for one in found.pending] == ["9", "10", None]
    assert found.starts


def test_nothing_is_pending_when_rows_and_files_agree() -> None:
    found = verdict([row(None, kind="SCHEMA", name="s"), row("1"), row("2")], [file("1"), file("2")])
    assert found == verdict([], [])


def test_rows_newer_than_the_image_are_a_warning_only() -> None:
    found = verdict([row("1"), row("3")], [file("1"), file("2")])
    assert [one.version for one in found.future] == ["3"]
    assert [one.version for one in found.out_of_order] == ["2"]
    assert verdict([row("1"), row("2")], [file("1")]).starts


def test_an_older_row_without_a_file_stops_the_start() -> None:
    found = verdict([row("1"), row("2"), row("3")], [file("1"), file("3")])
    assert [one.version for one in found.missing] == ["2"]
    assert not found.starts


def test_other_content_stops_the_start_and_says_which_file() -> None:
    found = verdict([row("1", crc=5)], [file("1", crc=6)])
    assert found.mismatched == (row("1", crc=5),)
    assert found.refusals() == ("1 was applied with other content (1__n.sql)",)


def test_a_late_stamped_file_is_out_of_order_and_not_pending() -> None:
    found = verdict([row("1"), row("3")], [file("1"), file("2"), file("3"), file("4")])
    assert [one.version for one in found.out_of_order] == ["2"]
    assert [one.version for one in found.pending] == ["4"]
    assert not found.starts


def test_a_failed_row_stops_the_start() -> None:
    assert not verdict([row("1", success=False)], [file("1")]).starts


def test_a_baseline_stands_for_everything_up_to_it() -> None:
    found = verdict([row("2", kind="BASELINE", crc=None)], [file("1"), file("2"), file("3")])
    assert [one.version for one in found.pending] == ["3"]
    assert found.starts


def test_a_repeatable_migration_runs_again_when_its_content_changed() -> None:
    rows = [row("1"), row(None, crc=1), row(None, crc=2)]
    assert verdict(rows, [file("1"), file(None, crc=2)]).pending == ()
    assert verdict(rows, [file("1"), file(None, crc=1)]).pending == (file(None, crc=1),)
