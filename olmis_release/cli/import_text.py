"""What `import` tells: for people a summary with every problem, for scripts one object, refused or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from olmis_release.cli.result import NO_INSTANCE_TOUCHED, Result
from olmis_release.cli.speech import problem_data
from olmis_release.errors import BadInput, Problem
from olmis_release.text import listed, plural

if TYPE_CHECKING:
    from olmis_release.manifest.image import ImageRef
    from olmis_release.manifest.importers.importing import Imported
    from olmis_release.manifest.infer import Nearest
    from olmis_release.workspace import Workspace


def refused(error: BadInput) -> Result:
    """Return the result of an import that could read nothing."""
    from olmis_release.manifest.infer import Nearest

    return Result(
        text="",
        data={
            "images": {},
            "built": [],
            "nearest_core": _nearest_data(Nearest()),
            "problems": [problem_data(_advised(problem, error)) for problem in error.problems],
        },
        state=NO_INSTANCE_TOUCHED,
        next=error.resolution,
        failure=error,
    )


def _advised(problem: Problem, error: BadInput) -> Problem:
    """Return a problem with the advice of its error where it has none of its own."""
    return problem if problem.resolution else replace(problem, resolution=error.resolution)


def told(found: Imported, workspace: Workspace | None, *, writes: bool) -> Result:
    """Return the result of an import, refused or not."""
    errors = found.errors
    return Result(
        text="\n".join(_lines(found, workspace, writes=writes)),
        data=import_data(found, workspace),
        state=NO_INSTANCE_TOUCHED,
        next=_next(found, workspace),
        failure=BadInput(errors) if errors else None,
    )


def import_data(found: Imported, workspace: Workspace | None) -> dict[str, object]:
    """Return the object that ``--json`` prints."""
    distribution = found.distribution
    files = [
        {"path": workspace.relative(path) if workspace else str(path), "outcome": str(outcome)}
        for path, outcome in found.files
    ]
    return {
        "images": {name: image_data(image) for name, image in distribution.images.items()},
        "built": list(distribution.built),
        "nearest_core": _nearest_data(found.nearest),
        "problems": [problem_data(problem) for problem in found.problems],
        "source": {
            "name": distribution.name,
            "ref": distribution.ref,
            "commit": distribution.commit,
            "files": list(distribution.files),
            "env_files": list(distribution.env_files),
        },
        "base": found.base or None,
        "written": files,
    }


def image_data(image: ImageRef) -> dict[str, str | None]:
    """Return an image; the tag is null where the file names none."""
    return {
        "repository": image.repository,
        "tag": None if image.untagged else image.tag,
        "digest": image.digest,
    }


def _nearest_data(nearest: Nearest) -> dict[str, object]:
    return {
        "matches": list(nearest.matches),
        "matched": nearest.matched,
        "of": nearest.of,
        "deviating": list(nearest.deviating),
    }


def _lines(found: Imported, workspace: Workspace | None, *, writes: bool) -> Iterator[str]:
    distribution = found.distribution
    at = f" at {distribution.ref or distribution.commit}" if distribution.commit else ""
    yield f"{distribution.name}{at}: {listed([*distribution.files, *distribution.env_files])}"
    built = f" and {plural(len(distribution.built), 'built one')}" if distribution.built else ""
    yield f"{plural(len(distribution.services), 'service')}: {plural(len(distribution.images), 'image')}{built}."
    yield _nearest_line(found.nearest)
    yield from _country_lines(found)
    warnings = [problem for problem in found.problems if problem not in found.errors]
    if warnings:
        yield f"{plural(len(warnings), 'warning')}:"
        yield from (f"  {problem} [{problem.code}]" for problem in warnings)
    for path, outcome in found.files:
        yield f"{_OUTCOMES[str(outcome)]} {workspace.relative(path) if workspace else path}"
    if not found.errors and workspace is None:
        yield "Not inside a workspace: nothing was written."
    elif not found.errors and not writes:
        yield "Dry run: nothing was written."


_OUTCOMES = {"written": "Wrote", "unchanged": "Unchanged:", "kept": "Kept as it is:"}


def _nearest_line(nearest: Nearest) -> str:
    if not nearest.matches:
        return f"Nearest Core release: none may be claimed ({nearest.matched} of {nearest.of} Core services fit)."
    name = nearest.matches[0] if len(nearest.matches) == 1 else f"a tie between {listed(nearest.matches)}"
    rest = f"; deviating: {listed(nearest.deviating)}" if nearest.deviating else ", exactly"
    return f"Nearest Core release: {name} ({nearest.matched} of {nearest.of} Core services{rest})."


def _country_lines(found: Imported) -> Iterator[str]:
    """Yield what the extension does to Core, in its own verbs."""
    if found.country is None:
        return
    statements = found.country.data["components"]
    verbs: dict[str, list[str]] = {verb: [] for verb in ("replace", "pin", "add", "remove", "unset", "set")}
    for name, statement in statements.items():
        for verb, names in verbs.items():
            if verb in statement:
                names.append(_named(name, statement, verb))
    yield f"Against Core {found.base} it says:"
    yield from (f"  {verb:<8} {listed(names)}" for verb, names in verbs.items() if names)


def _named(name: str, statement: dict[str, object], verb: str) -> str:
    value = statement[verb]
    if verb == "replace" and isinstance(value, dict):
        return f"{name} (by {value['as']})" if "as" in value else name
    if verb == "pin":
        return f"{name} {value}"
    return f"{name} ({len(value)})" if verb in {"set", "unset"} and isinstance(value, dict | list) else name


def _next(found: Imported, workspace: Workspace | None) -> str:
    if found.errors:
        return "Correct the places named above."
    if workspace is None:
        return "olmis-release init DIR, and import again there"
    if found.country is None:
        return "olmis-release import extension NAME --from SOURCE"
    return f"olmis-release candidate {found.base}+{found.country.data['name']}1"
