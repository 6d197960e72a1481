"""Flyway's checksum of a migration file: CRC32 over its lines without their line breaks, as a signed 32-bit number."""

import zlib


def flyway_checksum(text: str) -> int:
    """Compute what Flyway stores in the history table for a file of this text."""
    crc = 0
    for line in text.removeprefix("\ufeff").splitlines():
        crc = zlib.crc32(line.encode(), crc)
    return crc - (1 << 32) if crc >= 1 << 31 else crc
