"""Lines that are not indented enough: keys of a service that stand where services or sections stand.

What is wrong there has been noted by its form; here it is told what was meant, once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from olmis_release.errors import Problem, Where
from olmis_release.manifest.compose_keys import SERVICE_KEYS
from olmis_release.manifest.importers.model import Distribution

_NO_MAPPING = re.compile(r"services\.(?P<key>[a-z_]+) must be a mapping, not ")
_AGAIN = re.compile(r"service (?P<key>\S+) must be a mapping\.")
_AT_TOP = re.compile(r"unknown key `(?P<key>[^.`]+)`\.")
_EMPTY = re.compile(r"services\.(?P<path>[^ ]+) must be .*a mapping.*, not empty\.")
_INSIDE = re.compile(r"unknown key `services\.(?P<key>[^.`]+)\.[^.`]+`\.")


def explained(problems: Iterable[Problem], distribution: Distribution) -> Iterator[Problem]:
    """Yield the problems, those of slipped lines with what was meant; what only follows from one is left out."""
    every = list(problems)
    for problem in every:
        inside, again = _INSIDE.match(problem.message), _AGAIN.match(problem.message)
        if (inside and _has_slipped(inside["key"], distribution)) or (again and _is_told(problem, every)):
            continue
        yield _below_empty(problem, every) or _meant(problem, distribution)


def _has_slipped(service: str, distribution: Distribution) -> bool:
    found = distribution.services.get(service)
    return service in SERVICE_KEYS and found is not None and not (found.image_text or found.built)


def _is_told(problem: Problem, every: list[Problem]) -> bool:
    line = problem.where.line if problem.where else 0
    others = (other for other in every if other is not problem and _NO_MAPPING.match(other.message))
    return any(other.where is not None and other.where.line == line for other in others)


def _below_empty(problem: Problem, every: list[Problem]) -> Problem | None:
    """Return an unknown key with the empty mapping just above it that it most likely belongs into."""
    unknown = re.match(r"unknown key `services\.(?P<service>[^.`]+)\.(?P<key>[^.`]+)`\.", problem.message)
    if not unknown or problem.where is None:
        return None
    for other in every:
        empty = _EMPTY.match(other.message)
        if (
            empty
            and other.where
            and (other.where.file, other.where.line + 1) == (problem.where.file, problem.where.line)
        ):
            return replace(problem, resolution=f"Did you mean `{empty['path']}.{unknown['key']}`? Indent it.")
    return None


def _meant(problem: Problem, distribution: Distribution) -> Problem:
    match = _NO_MAPPING.match(problem.message) or _AT_TOP.match(problem.message)
    if not match or problem.where is None or "Did you mean" in problem.resolution:
        return problem
    before = _service_before(problem.where, distribution)
    if before and match["key"] in SERVICE_KEYS:
        return replace(problem, resolution=f"Did you mean `{before}.{match['key']}`? Indent it.")
    if match.re is _AT_TOP:
        return replace(problem, resolution=f"{problem.resolution} A service belongs under `services`.")
    return problem


def _service_before(where: Where, distribution: Distribution) -> str:
    """Return the last real service above a place in its file."""
    above = {
        service.place().line: name
        for name, service in distribution.services.items()
        if (service.image_text or service.built) and service.place().file == where.file
    }
    return above[max(lines)] if (lines := [line for line in above if line < where.line]) else ""
