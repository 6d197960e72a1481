"""Values that Compose takes as numbers or booleans only.

Manifests keep every scalar as text, and nearly everywhere Compose reads a number or a boolean from text. These are the
places where it does not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from olmis_release.manifest.image import ComposeBody, ComposeValue

_WHOLE = re.compile(r"[-+]?[0-9]+\Z")
_DECIMAL = re.compile(r"[-+]?[0-9]+\.[0-9]*\Z")
_BOOLEANS = {"true": True, "false": False}


def _number(text: str) -> int | str:
    return int(text) if _WHOLE.match(text) else text


def _cut(text: str) -> int | str:
    """Return a number with decimals as Compose cuts it; it takes such a one only unquoted."""
    return int(float(text)) if _DECIMAL.match(text) else text


def _whole(text: str) -> int | str:
    return _cut(text) if _DECIMAL.match(text) else _number(text)


def _negative(text: str) -> int | str:
    """Return a negative size (`memswap_limit: -1` is "no limit"); as text Compose takes only positive ones."""
    return int(text) if text.startswith("-") and _WHOLE.match(text) else text


def _boolean(text: str) -> bool | str:
    return _BOOLEANS.get(text.lower(), text)


_Change = Callable[[str], int | bool | str]
_PLACES: Mapping[tuple[str, ...], _Change] = {
    ("blkio_config", "weight"): _number,
    ("blkio_config", "weight_device", "*", "weight"): _number,
    ("depends_on", "*", "required"): _boolean,
    ("networks", "*", "priority"): _whole,
    ("networks", "*", "gw_priority"): _whole,
    ("volumes", "*", "tmpfs", "mode"): _number,
    ("healthcheck", "retries"): _cut,
    **{(key,): _cut for key in ("cpu_period", "cpu_quota", "cpu_shares", "pids_limit")},
    **{(key,): _negative for key in ("mem_limit", "mem_reservation", "memswap_limit", "mem_swappiness", "shm_size")},
}
_FIRST = frozenset(place[0] for place in _PLACES)


def typed(body: ComposeBody) -> dict[str, Any]:
    """Return a body ready for a Compose file."""
    return {key: _typed(value, (key,)) if key in _FIRST else value for key, value in body.items()}


def _typed(value: ComposeValue, path: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        named = (path[0] in {"networks", "depends_on"}) and len(path) == 1
        return {key: _typed(item, (*path, "*" if named else key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_typed(item, (*path, "*")) for item in value]
    change = _PLACES.get(path)
    return change(value) if change else value
