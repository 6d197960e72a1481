"""What a Compose file that this tool rendered says of each component, and how two of them differ in words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from olmis_release.manifest.model import ComposeBody, ComposeValue
from olmis_release.manifest.render import CONFIG_LABEL
from olmis_release.manifest.variables import SETTINGS_KEY
from olmis_release.plan.model import Action, Change
from olmis_release.yamlio import parse_yaml

SETTINGS_CHANGED = "settings file changed"
_MAPPINGS = frozenset({"environment", "labels"})
_SAID_ELSEWHERE = frozenset({"image", "env_file"})


def services_in(text: str, *, shown_as: str) -> Mapping[str, ComposeBody]:
    """Return the component bodies of a rendered Compose file.

    Raises:
        BadInput: It is not such a file.
    """
    services = parse_yaml(text.encode(), shown_as=shown_as).data.get("services")
    return services if isinstance(services, dict) else {}


def config_of(body: ComposeBody) -> str | None:
    """Return the label that stands for a component's configuration."""
    labels = body.get("labels")
    value = labels.get(CONFIG_LABEL) if isinstance(labels, dict) else None
    return value if isinstance(value, str) else None


def settings_copy_of(body: ComposeBody) -> str | None:
    """Return the copy of the settings file that a component reads, None when it reads none."""
    files = body.get("env_file")
    first = files[0] if isinstance(files, list) and files else files
    return first if isinstance(first, str) and first else None


def settings_copies(text: str, bodies: Mapping[str, ComposeBody]) -> frozenset[str]:
    """Return every copy of a settings file that a rendered file needs: for its components, and for its secrets."""
    named = re.search(rf"^{SETTINGS_KEY}: (.+)$", text, re.MULTILINE)
    secrets = parse_yaml(named.group().encode(), shown_as="the rendered file").data[SETTINGS_KEY] if named else None
    every = {*(settings_copy_of(body) for body in bodies.values()), secrets}
    return frozenset(copy for copy in every if isinstance(copy, str))


def differences(before: ComposeBody, after: ComposeBody) -> tuple[str, ...]:
    """Return what of a component's configuration differs, by name; values may be secret and are never said."""
    return tuple(_differences(before, after)) or (SETTINGS_CHANGED,)


def _differences(before: ComposeBody, after: ComposeBody) -> Iterator[str]:
    for key in sorted((before.keys() | after.keys()) - _SAID_ELSEWHERE):
        if key in _MAPPINGS:
            yield from _in_mapping(key, before.get(key, {}), after.get(key, {}))
        elif before.get(key) != after.get(key):
            yield f"{key} {_verb(before.get(key), after.get(key))}"
    if before.get("env_file") != after.get("env_file"):
        yield SETTINGS_CHANGED


def _in_mapping(key: str, before: ComposeValue, after: ComposeValue) -> Iterator[str]:
    if not isinstance(before, dict) or not isinstance(after, dict):
        if before != after:
            yield f"{key} changed"
        return
    for name in sorted((before.keys() | after.keys()) - {CONFIG_LABEL}):
        if before.get(name) != after.get(name):
            yield f"{key} {name} {_verb(before.get(name), after.get(name))}"


def with_keys(
    changes: Iterable[Change], before: Mapping[str, ComposeBody], after: Mapping[str, ComposeBody]
) -> tuple[Change, ...]:
    """Return the changes with the names of the environment variables that each component gains and loses."""
    return tuple(_with_keys(change, before, after) for change in changes)


def _with_keys(change: Change, before: Mapping[str, ComposeBody], after: Mapping[str, ComposeBody]) -> Change:
    name = change.component
    if change.action is not Action.REPLACE or name not in before or name not in after:
        return change
    old, new = _environment(before[name]), _environment(after[name])
    return change.model_copy(update={"keys_added": tuple(sorted(new - old)), "keys_removed": tuple(sorted(old - new))})


def _environment(body: ComposeBody) -> frozenset[str]:
    values = body.get("environment", {})
    return frozenset(values if isinstance(values, dict) else ())


def _verb(before: ComposeValue | None, after: ComposeValue | None) -> str:
    if before is None:
        return "added"
    return "removed" if after is None else "changed"
