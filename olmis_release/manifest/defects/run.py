"""All checks over a distribution, or over a release."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from olmis_release.errors import Problem, Where
from olmis_release.manifest.defects import (
    extension_mounts,
    heaps,
    malformed_tags,
    mutable_tags,
    no_image,
    organisations,
    profiles,
    references,
    registries,
    slipped,
    variables,
)
from olmis_release.manifest.defects.model import Check, Context
from olmis_release.manifest.importers.model import Distribution
from olmis_release.manifest.policy import code_of, defect_of

OF_VALUES: tuple[Check, ...] = (
    malformed_tags.check,
    registries.check,
    organisations.check,
    organisations.lowered,
    profiles.check,
    extension_mounts.check,
    heaps.check,
)
"""Checks that make sense for a merged release too: its merge has done the others."""

CHECKS: tuple[Check, ...] = (
    *OF_VALUES,
    mutable_tags.check,
    no_image.check,
    variables.unused,
    variables.shadowed,
    references.check,
    profiles.unsaid,
)


def find(
    distribution: Distribution, context: Context | None = None, *, checks: Iterable[Check] = CHECKS
) -> tuple[Problem, ...]:
    """Return what the reader and the checks found, in file order; what both found at one place is said once.

    The policy has not been asked yet: `Policy.judge` says which of these stop a command.
    """
    known = context or Context()
    noticed = [problem for check in checks for problem in check(distribution, known)]
    read = [_advised(problem, distribution) for problem in slipped.explained(distribution.problems, distribution)]
    return tuple(sorted(dict.fromkeys(_once(read, noticed)), key=_place))


def _advised(problem: Problem, distribution: Distribution) -> Problem:
    """Return an undefined image variable with the advice that only the whole file gives: a variable nobody uses."""
    if problem.code != "E-UNDEFINED-VARIABLE" or ".image: " not in problem.message:
        return problem
    missing = [use.name for use in distribution.variables_used if use.where == problem.where and use.default is None]
    near = next((near for name in missing if (near := variables.nearest_unused(distribution, name))), "")
    return replace(problem, resolution=near or "Define it in .env, or name the image.")


def _once(read: list[Problem], noticed: list[Problem]) -> Iterator[Problem]:
    """Yield all problems but those that another one says better."""
    there = {(defect_of(problem.code), _place(problem)) for problem in read}
    profiles_at = {_place(problem) for problem in noticed if defect_of(problem.code) == "open-profile"}
    for problem in read:
        if not (problem.code == code_of("undefined-variable") and _place(problem) in profiles_at):
            yield problem
    yield from (problem for problem in noticed if (defect_of(problem.code), _place(problem)) not in there)


def _place(problem: Problem) -> tuple[str, int, int]:
    where = problem.where or Where(file="")
    return where.file, where.line, where.column
