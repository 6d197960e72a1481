import zlib

from hypothesis import given
from hypothesis import strategies as st

from lab.forging import forged_comment
from lab.migrations import facts, published
from tests.standin.service.checksum import flyway_checksum


@given(prefix=st.binary(max_size=200), checksum=st.integers(-(2**31), 2**31 - 1))
def test_any_checksum_can_be_reached_with_twelve_letters(prefix: bytes, checksum: int) -> None:
    letters = forged_comment(prefix, checksum)
    assert zlib.crc32(prefix + letters) == checksum & 0xFFFFFFFF
    assert len(letters) == 12
    assert letters.isalpha()


def test_a_line_break_or_its_kind_does_not_change_the_checksum_but_a_space_does() -> None:
    assert flyway_checksum("SELECT 1;\nSELECT 2;\n") == flyway_checksum("SELECT 1;\r\nSELECT 2;")
    assert flyway_checksum("SELECT 1; \n") != flyway_checksum("SELECT 1;\n")


def test_checksums_are_signed_as_flyway_stores_them() -> None:
    assert flyway_checksum("b") == zlib.crc32(b"b")
    assert flyway_checksum("a") == zlib.crc32(b"a") - 2**32


def test_every_published_migration_has_the_number_and_the_checksum_it_was_published_with() -> None:
    for service, fact in facts().items():
        for version, count in fact["versions"].items():
            files = published(service, version)
            assert len(files) == count
            for file, (number, checksum, name) in zip(files, fact["migrations"], strict=False):
                assert file.script == f"{number}__{name}.sql"
                assert flyway_checksum(file.sql) == checksum
