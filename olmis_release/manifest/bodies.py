"""Dotted paths into a Compose body (``environment.JAVA_OPTS``): reading, changing a copy, listing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from olmis_release.manifest.compose_keys import DECIDED_ELSEWHERE, FLAT_MAPPINGS, SERVICE_KEYS
from olmis_release.manifest.model import ComposeBody, ComposeValue
from olmis_release.text import did_you_mean


def split(path: str) -> tuple[str, ...]:
    """Return the keys of a path; what follows ``environment.`` is one key, dots included."""
    first, _, rest = path.partition(".")
    if not rest:
        return (first,)
    return (first, rest) if first in FLAT_MAPPINGS else (first, *rest.split("."))


def why_not_a_key(key: str) -> str:
    """Return what is wrong with a top-level key of a body, nothing when it is good."""
    if key in DECIDED_ELSEWHERE:
        return f"`{key}` does not belong in a body: {DECIDED_ELSEWHERE[key]}."
    if key in SERVICE_KEYS or key.startswith("x-"):
        return ""
    return f"`{key}` is no key of a Compose service. {did_you_mean(key, SERVICE_KEYS)}".rstrip()


def with_value(body: ComposeBody, path: str, value: ComposeValue) -> ComposeBody:
    """Return a copy of a body in which the path has the value; missing mappings on the way are made.

    Raises:
        ValueError: The path leads through something that is no mapping.
    """
    return _with(body, split(path), value)


def _with(body: Mapping[str, ComposeValue], keys: tuple[str, ...], value: ComposeValue) -> ComposeBody:
    first, *rest = keys
    if not rest:
        return {**body, first: value}
    inner = as_mapping(body.get(first, {})) if first in FLAT_MAPPINGS else body.get(first, {})
    if not isinstance(inner, dict):
        what = "a list" if isinstance(inner, list) else "text"
        raise ValueError(f"`{first}` is {what}, so nothing can be set inside it")  # noqa: TRY004 - of a file, not of code
    return {**body, first: _with(inner, tuple(rest), value)}


def without_value(body: ComposeBody, path: str) -> ComposeBody:
    """Return a copy of a body without the value at a path.

    Raises:
        ValueError: There is none.
    """
    return _without(body, split(path))


def _without(body: Mapping[str, ComposeValue], keys: tuple[str, ...]) -> ComposeBody:
    first, *rest = keys
    if first not in body:
        raise ValueError(f"there is no `{first}` to unset")
    if not rest:
        return {key: value for key, value in body.items() if key != first}
    inner = as_mapping(body[first]) if first in FLAT_MAPPINGS else body[first]
    if not isinstance(inner, dict):
        raise ValueError(f"`{first}` is no mapping, so nothing can be unset inside it")  # noqa: TRY004 - of a file
    return {**body, first: _without(inner, tuple(rest))}


def value_at(body: ComposeBody, path: str) -> ComposeValue | None:
    """Return the value at a path (items of a list by their number), None when there is none."""
    here: ComposeValue | None = body
    for key in split(path):
        if isinstance(here, list):
            here = here[int(key)] if key.isdecimal() and int(key) < len(here) else None
        else:
            here = here.get(key) if isinstance(here, dict) else None
    return here


def as_mapping(value: ComposeValue) -> ComposeValue:
    """Return a ``KEY=VALUE`` list as the mapping that Compose takes it for; anything else as it is.

    A bare ``KEY`` takes its value from whoever runs Compose; it stays a list then, and the checks refuse it.
    """
    if not isinstance(value, list) or not all(isinstance(item, str) and "=" in item for item in value):
        return value
    pairs = (str(item).partition("=") for item in value)
    return {key: text for key, _, text in pairs}


def normalised(body: ComposeBody) -> ComposeBody:
    """Return a body whose environment and labels are mappings, however they were written."""
    return {key: as_mapping(value) if key in FLAT_MAPPINGS else value for key, value in body.items()}


def explained_paths(body: ComposeBody) -> Iterator[tuple[str, ComposeValue]]:
    """Yield every value that gets an origin of its own: keys of the body, or one deeper where they are mappings."""
    for key, value in body.items():
        if isinstance(value, dict) and value:
            yield from ((f"compose.{key}.{inner}", item) for inner, item in value.items())
        else:
            yield f"compose.{key}", value


def texts(value: ComposeValue) -> Iterator[str]:
    """Yield every text in a value."""
    if isinstance(value, str):
        yield value
    else:
        for item in value.values() if isinstance(value, dict) else value:
            yield from texts(item)


def shown(value: ComposeValue) -> str:
    """Return a value as one line of text."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
