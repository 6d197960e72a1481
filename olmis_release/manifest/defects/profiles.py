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
from olmis_release.manifest.image import ComposeValue
from olmis_release.manifest.importers.env_files import named_by
from olmis_release.manifest.importers.facts import known_service
from olmis_release.manifest.importers.model import Distribution, ImportedService, Variable
from olmis_release.manifest.variables import names_in
from olmis_release.text import safe

TOKEN = "production"  # noqa: S105 - the name of a profile
_KEYS = ("spring_profiles_active", "SPRING_PROFILES_ACTIVE", "spring.profiles.active")
_PROPERTY, _ARGUMENT = "-Dspring.profiles.active=", "--spring.profiles.active="
_OPTIONS = ("JAVA_OPTS", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS")
_WITHOUT_SCHEMA = frozenset({"diagnostics"})
_CHOICES = {"KEEP_OR_WIPE": ("keep", "wipe"), "KEEP_OR_RESTORE": ("keep", "restore")}


def check(distribution: Distribution, context: Context) -> Iterator[Problem]:
    """Yield services that would empty their schema, and those of which only the shell knows."""
    silent: dict[Where, list[str]] = {}
    variables: dict[Where, str] = {}
    for name, service in distribution.services.items():
        if _image_name(service) in _WITHOUT_SCHEMA:
            continue
        said = list(_said(service))
        for path, value in said:
            yield from _judged(name, value, where=service.place(path))
        if not said and "env_file" in service.body and context.settings is not None:
            yield from _by_settings(name, service, context.settings)
        given = None if said else _from_files(service, distribution)
        if given and TOKEN not in _tokens(given.value):
            silent.setdefault(given.where, []).append(name)
            variables[given.where] = given.value
    for where, names in silent.items():
        others = f" (and {len(names) - 1} more that read this file)" if len(names) > 1 else ""
        yield _wiping(f"{names[0]}{others}", variables[where], where)
    yield from _loose_words(distribution)


def unsaid(distribution: Distribution, context: Context) -> Iterator[Problem]:
    """Yield services with a schema whose settings are all there to be seen, and give no profile."""
    if context.settings is not None:
        return
    for name, service in distribution.services.items():
        known = known_service(service)
        files = list(named_by(service))
        if not known or not known.schema or any(True for _ in _said(service)):
            continue
        # Without a file it has its settings from `environment`, as far as it can reach its database at all.
        seen = all(file in distribution.settings for file in files) if files else _reaches_database(service)
        if seen and _from_files(service, distribution) is None:
            yield _wiping(name, "", service.place("env_file"))


def _reaches_database(service: ImportedService) -> bool:
    environment = service.body.get("environment")
    return isinstance(environment, dict) and "DATABASE_URL" in environment


def _from_files(service: ImportedService, distribution: Distribution) -> Variable | None:
    """Return the profiles that the last of a service's `env_file`s gives."""
    held = [distribution.settings.get(file, {}) for file in named_by(service)]
    given = [variables[key] for variables in held for key in _KEYS if key in variables]
    return given[-1] if given else None


def _judged(name: str, value: str, *, where: Where) -> Iterator[Problem]:
    open_names = names_in(value)
    if TOKEN in _tokens(value):
        return
    if open_names:
        message = (
            f"{name}: the profile is whatever {open_names[0]} is when Compose runs; unset, it is blank, hides the "
            "settings file, and the service empties its schema at start."
        )
        do = "Remove the line, so that the settings file decides; it must name `production`."
        yield warning("open-profile", message, where=where, do=do)
    else:
        yield _wiping(name, value, where)


def _wiping(name: str, value: str, where: Where) -> Problem:
    runs = f"profiles {safe(value)}" if value.strip() else "no profile"
    message = f"{name} starts with {runs}, without `production`: it empties its schema at every start."
    meant = ",".join([TOKEN, *sorted(token for token in _tokens(value) if token.strip("'\"! ").lower() != TOKEN)])
    return warning("wiping-profile", message, where=where, do=f"Did you mean `{safe(meant)}`?")


def _by_settings(name: str, service: ImportedService, settings: Mapping[str, str]) -> Iterator[Problem]:
    given = [settings[key] for key in _KEYS if key in settings]
    if given and not any(TOKEN in _tokens(value) for value in given):
        yield _wiping(name, given[0], service.place("env_file"))


def _said(service: ImportedService) -> Iterator[tuple[str, str]]:
    """Yield every place of a body that sets the profiles; a system property beats the environment."""
    environment = service.body.get("environment", {})
    values = environment if isinstance(environment, dict) else {}
    places = [(key, service.body.get(key, "")) for key in ("command", "entrypoint")]
    places += [(f"environment.{key}", values.get(key, "")) for key in _OPTIONS]
    for path, options in places:
        found = [word.removeprefix(_PROPERTY) for word in _words(options) if word.startswith(_PROPERTY)]
        found += [word.removeprefix(_ARGUMENT) for word in _words(options) if word.startswith(_ARGUMENT)]
        if found:
            yield path, found[-1].strip("'\"")
            return
    for key in _KEYS:
        value = values.get(key)
        if isinstance(value, str):
            yield f"environment.{key}", value


def _words(value: ComposeValue) -> list[str]:
    texts = value if isinstance(value, list) else [value]
    return [word for text in texts if isinstance(text, str) for word in text.split()]


def _tokens(value: str) -> set[str]:
    return {token.strip() for token in value.split(",")} - {""}


def _image_name(service: ImportedService) -> str:
    return posixpath.basename(service.image.repository) if service.image else ""


def _loose_words(distribution: Distribution) -> Iterator[Problem]:
    """Yield a choice of data that deploy scripts would not understand."""
    every = (distribution.variables_defined, *distribution.settings.values())
    for name, variable in {one.where: (one.name, one) for held in every for one in held.values()}.values():
        if name in _CHOICES and variable.value not in _CHOICES[name]:
            message = f"{name} is {safe(repr(variable.value))}; scripts that know only {_either(name)} may wipe."
            yield warning("keep-or-wipe", message, where=variable.where, do=f"Write {_either(name)}.")


def _either(name: str) -> str:
    return " or ".join(_CHOICES[name])
