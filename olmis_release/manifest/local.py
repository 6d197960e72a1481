"""A release's Compose bodies as one instance runs them: the place's own values in, every variable filled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from olmis_release.errors import Where
from olmis_release.manifest import bodies
from olmis_release.manifest.findings import Findings
from olmis_release.manifest.model import ONE_SHOT_ROLES, Component, ComposeBody, ComposeValue, ReleaseManifest
from olmis_release.manifest.provenance import KeyPath
from olmis_release.manifest.variables import mapped, names_in, placed_texts, rendered
from olmis_release.manifest.written_secrets import refuse_secrets
from olmis_release.text import did_you_mean, listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What an instance adds to a release.

    Attributes:
        project: Compose project.
        variables: The instance's values for ``${NAME}``; they win over everything else.
        settings_file: Path that stands for every ``env_file`` of the manifest.
        settings_values: What the settings file holds; only variables that the manifest declares are taken from it.
        settings_fingerprint: Changes whenever the settings do.
        secrets: Settings that are secret, each with a keyed fingerprint of its value; they are never written out.
        overrides: Component to dotted path to value: what this place needs different.
        mirrors: Registry host to the mirror that is asked instead.
        front: Component whose published ports the wall takes over.
        database: Component that holds the database, None when it is elsewhere.
        where: Gives the place of a path in the instance file, for messages.
    """

    project: str
    variables: Mapping[str, str]
    settings_file: str
    settings_values: Mapping[str, str] = field(repr=False)
    settings_fingerprint: str
    overrides: Mapping[str, Mapping[str, ComposeValue]]
    mirrors: Mapping[str, str]
    front: str
    database: str | None = None
    where: Callable[[KeyPath], Where] | None = None
    secrets: Mapping[str, str] = field(default_factory=dict)

    @property
    def secret_values(self) -> Mapping[str, str]:
        """The values of the secret settings."""
        return {name: self.settings_values[name] for name in self.secrets}

    def place(self, *keys: str | int) -> Where | None:
        """Return the place of something in the instance file, if the file is known."""
        return self.where(keys) if self.where else None


def local_bodies(manifest: ReleaseManifest, surroundings: Surroundings) -> dict[str, ComposeBody]:
    """Return the body of every component, by name, as Compose shall run it at an instance.

    Raises:
        BadInput: A variable without value, or an override for a component or key that does not exist; all of them.
    """
    findings = Findings()
    _check_components(manifest, surroundings, findings)
    for name, value in surroundings.variables.items():
        where = surroundings.place("variables", name)
        refuse_secrets(findings, name, value, secrets=surroundings.secret_values, where=where)
    local: dict[str, ComposeBody] = {}
    for name, component in sorted(manifest.components.items()):
        body = _with_overrides(_own_body(name, component, surroundings), name, surroundings, findings=findings)
        local[name] = _resolved(body, name, manifest, surroundings=surroundings, findings=findings)
    findings.raise_errors()
    return local


def _check_components(manifest: ReleaseManifest, surroundings: Surroundings, findings: Findings) -> None:
    known = manifest.components
    named: dict[KeyPath, str] = {("components", name): name for name in surroundings.overrides}
    named[("wall", "component")] = surroundings.front
    if surroundings.database:
        named[("database", "component")] = surroundings.database
    for path, name in named.items():
        if name not in known:
            message = f"the instance file speaks of {name}, which is not in release {manifest.version}."
            advice = did_you_mean(name, known) or f"There are: {listed(sorted(known))}."
            findings.error("E-UNKNOWN-COMPONENT", message, where=surroundings.place(*path), do=advice)


def _own_body(name: str, component: Component, surroundings: Surroundings) -> ComposeBody:
    """Return the component's body with what the tool decides for it."""
    body = dict(component.compose)
    if name == surroundings.front:
        body.pop("ports", None)
    if "env_file" in body:
        body["env_file"] = [surroundings.settings_file]
    # An engine that was killed brings back only what restarts always; Core gives most services no policy.
    if component.role not in ONE_SHOT_ROLES:
        body.setdefault("restart", "always")
    return body


def _with_overrides(body: ComposeBody, name: str, surroundings: Surroundings, *, findings: Findings) -> ComposeBody:
    for path, value in surroundings.overrides.get(name, {}).items():
        place = surroundings.place("components", name, "set", path)
        why = bodies.why_not_a_key(bodies.split(path)[0])
        if why:
            findings.error("E-COMPOSE-KEY", f"{name}: {why}", where=place)
            continue
        try:
            body = bodies.with_value(body, path, value)
        except ValueError as error:
            findings.error("E-SET", f"{name}: {error}.", where=place, do="Set the whole of it instead.")
    return body


def _resolved(
    body: ComposeBody, name: str, manifest: ReleaseManifest, *, surroundings: Surroundings, findings: Findings
) -> ComposeBody:
    """Return a body with every variable filled in and every ``$`` that is left kept from Compose."""
    values = _values(manifest, surroundings)
    secret = surroundings.secrets.keys() - surroundings.variables.keys()
    for path, text in placed_texts(body, "compose"):
        where = _where(manifest.components[name], path) or surroundings.place("components", name, "set")
        refuse_secrets(findings, path, text, secrets=surroundings.secret_values, where=where)
        for variable in names_in(text):
            if variable not in values:
                message = f"{name}: variable {variable} has no value."
                way = f"Give {variable} in the settings file, or under `variables` of the instance file."
                findings.error("E-UNDEFINED-VARIABLE", message, where=where, do=way)
    resolved = mapped(body, lambda text: rendered(text, lambda variable: values.get(variable, ""), secret=secret))
    assert isinstance(resolved, dict)  # noqa: S101 - `mapped` keeps the form of what it is given
    return resolved


def _values(manifest: ReleaseManifest, surroundings: Surroundings) -> dict[str, str]:
    declared = manifest.variables
    defaults = {name: value for name, value in declared.items() if value is not None}
    settings = {name: value for name, value in surroundings.settings_values.items() if name in declared}
    return {**defaults, **settings, **surroundings.variables}


def _where(component: Component, path: str) -> Where | None:
    while path and path not in component.origin:
        path = path.rpartition(".")[0]
    origin = component.origin.get(path)
    return Where(file=origin.file, line=origin.line) if origin else None
