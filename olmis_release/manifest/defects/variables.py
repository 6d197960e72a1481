"""Variables that nothing uses, and literals that stand in a variable's place; the reader finds undefined ones."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from olmis_release.errors import Problem
from olmis_release.manifest.defects.model import Context, warning
from olmis_release.manifest.importers.env_files import named_by
from olmis_release.manifest.importers.model import Distribution, ImportedService, Variable
from olmis_release.text import did_you_mean, safe

# Compose and Docker read these themselves.
_FOR_COMPOSE = re.compile(r"(?:COMPOSE|DOCKER|BUILDKIT)_|(?:PATH|HOME|USER|PWD)\Z")
_OF_VERSIONS = re.compile(r"_(?:VERSION|TAG|IMAGE|IMAGE_TAG|IMAGE_VERSION)\Z")


def unused(distribution: Distribution, context: Context) -> Iterator[Problem]:
    """Yield defined variables that nothing refers to; a file that is a service's `env_file` too has other readers."""
    del context
    missing = _missing(distribution)
    for variable in _idle(distribution):
        message = f"variable {variable.name} is never used."
        near = did_you_mean(variable.name, missing)
        yield warning("unused-variable", message, where=variable.where, do=near or "Remove it, or use it.")


def nearest_unused(distribution: Distribution, name: str) -> str:
    """Return ``Did you mean …?`` with a variable that nothing else uses, nothing when none is near."""
    return did_you_mean(name, [variable.name for variable in _idle(distribution)])


def shadowed(distribution: Distribution, context: Context) -> Iterator[Problem]:
    """Yield literals where a variable that nobody uses was meant to decide."""
    del context
    idle = {variable.name: variable for variable in _idle(distribution)}
    meant: dict[str, list[Variable]] = {}
    for variable in idle.values():
        for ending in _endings(variable.name):
            meant.setdefault(_singular(ending), []).append(variable)
    for name, service in distribution.services.items():
        if service.image and service.literal_image:
            names = dict.fromkeys((_plain(name), _plain(posixpath.basename(service.image.repository))))
            found = {one.name: one for plain in names for one in meant.get(_singular(plain), [])}
            yield from (_shadow(name, service, variable) for variable in found.values())
        yield from _shadowed_in_environment(name, service, idle)


def _shadowed_in_environment(name: str, service: ImportedService, idle: Mapping[str, Variable]) -> Iterator[Problem]:
    for key in _environment(service):
        if key in idle:
            message = f"{name}: {key} is a literal here, so {idle[key].where} does not count."
            yield warning(
                "shadowed-variable", message, where=service.place(f"environment.{key}"), do=f"Write ${{{key}}}."
            )


def _shadow(name: str, service: ImportedService, variable: Variable) -> Problem:
    tag = service.image.tag if service.image and not service.image.untagged else ""
    runs = f"`{tag}`" if tag else "no tag"
    message = (
        f"{name}: the image is a literal with {runs}, so {variable.name}={safe(variable.value)} "
        f"({variable.where}) does not count."
    )
    repository = service.image.repository if service.image else ""
    do = f"Write {repository}:${{{variable.name}}}, or remove the variable."
    return warning("shadowed-variable", message, where=service.image_where, do=do)


def _endings(variable: str) -> set[str]:
    """Return the service names that a variable may be named after: SELV_V3_REPORT_VERSION after `report`."""
    stem, count = _OF_VERSIONS.subn("", variable.upper())
    words = [word for word in stem.split("_") if word]
    return {"".join(words[start:]) for start in range(min(len(words), 3))} if count else set()


def _singular(name: str) -> str:
    """Return a name without its plural: `reports` stands where Core's OL_REPORT_VERSION would decide."""
    return name.removesuffix("S")


def _plain(name: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", name.upper())


def _environment(service: ImportedService) -> dict[str, str]:
    values = service.body.get("environment", {})
    return {key: value for key, value in values.items() if isinstance(value, str)} if isinstance(values, dict) else {}


def _used(distribution: Distribution) -> frozenset[str]:
    return frozenset(use.name for use in distribution.variables_used)


def _missing(distribution: Distribution) -> tuple[str, ...]:
    used = distribution.variables_used
    return tuple(use.name for use in used if use.default is None and use.name not in distribution.variables_defined)


def _idle(distribution: Distribution) -> tuple[Variable, ...]:
    used = _used(distribution)
    handed_on = {posixpath.basename(file) for service in distribution.services.values() for file in named_by(service)}
    return tuple(
        variable
        for name, variable in distribution.variables_defined.items()
        if name not in used
        and not _FOR_COMPOSE.match(name)
        and posixpath.basename(variable.where.file) not in handed_on
    )
