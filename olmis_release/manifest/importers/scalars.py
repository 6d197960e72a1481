"""What Compose takes an unquoted scalar for: it reads `1.10` as the number 1.1 and `0644` as 420."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from datetime import datetime
from decimal import Decimal

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_NUMBER = re.compile(r"[-+]?[.0-9][0-9a-fA-FxXoObB_.eE+-]*\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_CLOCK = r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{1,2}):(?P<second>[0-9]{1,2})(?P<fraction>\.[0-9]{1,9})?"
_ZONE = r"(?P<zone>Z|[+-][0-9]{2}:[0-9]{2})"
_DATE = r"(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})"
_MOMENTS = (
    re.compile(rf"{_DATE}\Z"),
    re.compile(rf"{_DATE} {_CLOCK}\Z"),
    re.compile(rf"{_DATE}[Tt]{_CLOCK}{_ZONE}\Z"),
)
_INFINITE = {".inf": "+Inf", "+.inf": "+Inf", "-.inf": "-Inf", ".nan": "NaN"}
_LONGEST = 64
_LARGEST = 2**64 - 1


def meaning(text: str) -> tuple[str, str]:
    """Return (kind, text) of an unquoted scalar; the text is how Compose writes the value when it needs text."""
    if text in _NULLS:
        return "null", ""
    if text in _TRUE or text in _FALSE:
        return "bool", text.lower()
    if len(text) > _LONGEST or text[0] not in "+-.0123456789":
        return "text", text
    number = _INFINITE.get(text.lower()) or (_number(text) if _NUMBER.match(text) else None)
    return ("number", number) if number is not None else ("text", _moment(text) or text)


def is_float(text: str) -> bool:
    """Return whether a number is written with a point or an exponent, however whole it is."""
    return not text.lstrip("+-").lower().startswith(tuple(_BASES)) and bool(set(text.lower()) & {".", "e"})


def _moment(text: str) -> str:
    """Return a date or point in time as Compose writes it out, nothing for anything else."""
    match = next((found for one in _MOMENTS if (found := one.match(text))), None)
    if not match:
        return ""
    said = match.groupdict()
    hour, minute, second = (int(said.get(name) or 0) for name in ("hour", "minute", "second"))
    try:
        moment = datetime(int(said["year"]), int(said["month"]), int(said["day"]), hour, minute, second)  # noqa: DTZ001 - see zone
    except ValueError:
        return ""
    fraction = (said.get("fraction") or "").rstrip("0").rstrip(".")
    zone = (said.get("zone") or "Z").replace(":", "")
    return f"{moment:%Y-%m-%d %H:%M:%S}{fraction} {'+0000 UTC' if zone in {'Z', '+0000'} else f'{zone} {zone}'}"


def _number(text: str) -> str | None:
    plain = text.replace("_", "")
    sign = "-" if plain.startswith("-") else ""
    digits = plain.lstrip("+-")
    with suppress(ValueError):
        whole = _integer(digits)
        return _as_float(plain) if whole > _LARGEST else f"{sign}{whole}" if whole else "0"
    return _as_float(plain) if _FLOAT.match(plain) else None


def _integer(digits: str) -> int:
    lower = digits.lower()
    base = next((base for mark, base in _BASES.items() if lower.startswith(mark)), 10)
    if base != 10:
        return int(digits[2:], base)
    return int(digits, 8) if len(digits) > 1 and digits[0] == "0" and digits.isdigit() else int(digits, 10)


_BASES = {"0x": 16, "0o": 8, "0b": 2}


def _as_float(text: str) -> str:
    """Return a number as Compose prints it: shortest digits, with an exponent below 1e-4 and from 1e6 on."""
    value = float(text)
    if not math.isfinite(value):
        return "+Inf" if value > 0 else "-Inf"
    exponent = math.floor(math.log10(abs(value))) if value else 0
    return _scientific(value) if exponent < -4 or exponent >= 6 else _decimal(value)


def _decimal(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)


def _scientific(value: float) -> str:
    digits = "".join(str(digit) for digit in Decimal(repr(value)).as_tuple().digits).rstrip("0")
    exponent = str(Decimal(repr(value)).adjusted())
    number = ("-" if value < 0 else "") + digits[0] + (f".{digits[1:]}" if digits[1:] else "")
    return f"{number}e{exponent[0] if exponent[0] in '+-' else '+'}{exponent.lstrip('+-').zfill(2)}"
