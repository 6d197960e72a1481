"""Spring profiles that empty a schema: without `production` a service cleans its database at every start.

Three ways into it are known from the field: `refresh-db` set alone, as an old release note says; a profile under
`environment` that the shell of whoever runs Compose decides (and an unset variable is blank there); and a misspelt
KEEP_OR_WIPE, which deploy scripts take for leave to wipe.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

from olmis_release.errors import Problem, Where
from olmis_release.manifest.defects.model import Context, warning
from olmis_release.manifest.defects.variables import env_files
from olmis_release.manifest.importers.model import Distribution, ImportedService, Variable
from olmis_release.manifest.variables import names_in
from olmis_release.text import safe

TOKEN = "production"  # noqa: S105 - the name of a profile
_KEYS = ("spring_profiles_active", "SPRING_PROFILES_ACTIVE", "spring.profiles.active")
_PROPERTY = "-Dspring.profiles.active="
_OPTIONS = ("JAVA_OPTS", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS")
_WITHOUT_SCHEMA = frozenset({"diagnostics"})
_CHOICES = {"KEEP_OR_WIPE": ("keep", "wipe"), "KEEP_OR_RESTORE": ("keep", "restore")}


def check(distribution: Distribution, context: Context) -> Iterator[Problem]:
    """Yield services that would empty their schema, and those of which only the shell knows."""
    for name, service in distribution.services.items():
        if _image_name(service) in _WITHOUT_SCHEMA:
            continue
        said = list(_said(service))
        for path, value in said:
            yield from _judged(name, value, where=service.place(path))
        if not said and "env_file" in service.body and context.settings is not None:
            yield from _by_settings(name, service, context.settings)
    yield from _loose_words(distribution)


def _judged(name: str, value: str, *, where: Where) -> Iterator[Problem]:
    open_names = names_in(value)
    if open_names:
        message = (
            f"{name}: the profile is whatever {open_names[0]} is when Compose runs; unset, it is blank, hides the "
            "settings file, and the service empties its schema at start."
        )
        do = "Remove the line, so that the settings file decides; it must name `production`."
        yield warning("open-profile", message, where=where, do=do)
    elif TOKEN not in _tokens(value):
        yield _wiping(name, value, where)


def _wiping(name: str, value: str, where: Where) -> Problem:
    runs = f"profiles {safe(value)}" if value.strip() else "no profile"
    message = f"{name} starts with {runs}, without `production`: it empties its schema at every start."
    meant = ",".join([TOKEN, *sorted(_tokens(value))])
    return warning("wiping-profile", message, where=where, do=f"Did you mean `{safe(meant)}`?")


def _by_settings(name: str, service: ImportedService, settings: Mapping[str, str]) -> Iterator[Problem]:
    given = [settings[key] for key in _KEYS if key in settings]
    if given and not any(TOKEN in _tokens(value) for value in given):
        yield _wiping(name, given[0], service.place("env_file"))


def _said(service: ImportedService) -> Iterator[tuple[str, str]]:
    """Yield every place of a body that sets the profiles; a system property beats the environment."""
    environment = service.body.get("environment", {})
    values = environment if isinstance(environment, dict) else {}
    for key in _OPTIONS:
        options = values.get(key)
        words = options.split() if isinstance(options, str) else []
        found = [word.removeprefix(_PROPERTY) for word in words if word.startswith(_PROPERTY)]
        if found:
            yield f"environment.{key}", found[-1]
            return
    for key in _KEYS:
        value = values.get(key)
        if isinstance(value, str):
            yield f"environment.{key}", value


def _tokens(value: str) -> set[str]:
    return {token.strip() for token in value.split(",")} - {""}


def _image_name(service: ImportedService) -> str:
    return posixpath.basename(service.image.repository) if service.image else ""


def _loose_words(distribution: Distribution) -> Iterator[Problem]:
    """Yield a choice of data that deploy scripts would not understand, and profiles set for all services at once."""
    for name, variable in distribution.variables_defined.items():
        if name in _CHOICES and variable.value not in _CHOICES[name]:
            message = f"{name} is {safe(repr(variable.value))}; scripts that know only {_either(name)} may wipe."
            yield warning("keep-or-wipe", message, where=variable.where, do=f"Write {_either(name)}.")
        if name in _KEYS and TOKEN not in _tokens(variable.value) and not _used(name, distribution):
            yield from _handed_on(variable, distribution)


def _handed_on(variable: Variable, distribution: Distribution) -> Iterator[Problem]:
    """Yield profiles of an `.env` that services read as their `env_file` too."""
    readers = [
        name
        for name, service in distribution.services.items()
        if posixpath.basename(variable.where.file) in {posixpath.basename(path) for path in env_files(service)}
    ]
    if readers:
        yield _wiping(f"{readers[0]} (and all that read this file)", variable.value, variable.where)


def _used(name: str, distribution: Distribution) -> bool:
    return any(use.name == name for use in distribution.variables_used)


def _either(name: str) -> str:
    return " or ".join(_CHOICES[name])
