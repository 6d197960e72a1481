"""Find a comment that gives a text a chosen CRC32.

A stand-in's migration must carry the number and the checksum that the real one was published with, though its
statements are ours. CRC32 is linear over GF(2): each bit of the comment flips a fixed set of bits of the result, so
36 free bits in twelve letters leave a small system of equations that always has a solution.
"""

import zlib

LETTERS = 12
FREE_BITS = 3
BASE = ord("h")  # h … o: eight letters that differ in their lowest three bits


def forged_comment(prefix: bytes, checksum: int) -> bytes:
    """Choose twelve letters so that ``prefix`` followed by them has this CRC32.

    Args:
        prefix: Everything before the letters, line breaks taken out.
        checksum: Wanted result, signed as Flyway stores it or not.
    """
    start = zlib.crc32(prefix)
    plain = _letters(0)
    unsolved = zlib.crc32(plain, start) ^ (checksum & 0xFFFFFFFF)
    effects = [zlib.crc32(_letters(1 << bit), start) ^ zlib.crc32(plain, start) for bit in range(LETTERS * FREE_BITS)]
    return _letters(_solve(effects, unsolved))


def _letters(bits: int) -> bytes:
    mask = (1 << FREE_BITS) - 1
    return bytes(BASE + (bits >> (FREE_BITS * place) & mask) for place in range(LETTERS))


def _solve(effects: list[int], wanted: int) -> int:
    """Find which effects, combined by exclusive or, give ``wanted``: Gauss over GF(2), one pivot per bit."""
    pivots: dict[int, tuple[int, int]] = {}
    for index, effect in enumerate(effects):
        value, used = _reduced(effect, 1 << index, pivots)
        if value:
            pivots[value.bit_length()] = (value, used)
    rest, used = _reduced(wanted, 0, pivots)
    if rest:
        raise ValueError("Twelve letters do not reach this checksum.")
    return used


def _reduced(value: int, used: int, pivots: dict[int, tuple[int, int]]) -> tuple[int, int]:
    for size in range(32, 0, -1):
        if value.bit_length() == size and size in pivots:
            value, used = value ^ pivots[size][0], used ^ pivots[size][1]
    return value, used
