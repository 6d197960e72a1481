"""From a release manifest and its surroundings to the one flat Compose file that is deployed.

Everything is resolved here: variables filled in, images pinned, names final. Compose gets nothing to interpret that
could come out differently on another day or another host.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from olmis_release.errors import Where
from olmis_release.manifest import bodies
from olmis_release.manifest.findings import Findings
from olmis_release.manifest.model import (
    Component,
    ComposeBody,
    ComposeValue,
    ImageRef,
    ReleaseManifest,
    Role,
)
from olmis_release.manifest.provenance import KeyPath
from olmis_release.manifest.variables import filled, mapped, names_in, placed_texts
from olmis_release.manifest.volumes import volumes_of, with_renamed_volumes
from olmis_release.text import did_you_mean, listed
from olmis_release.yamlio import write_yaml

CONFIG_LABEL = "org.openlmis.release.config"
_ONE_SHOT = frozenset({Role.CONFIG, Role.EXTENSION})


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What an instance adds to a release.

    Attributes:
        project: Compose project.
        variables: The instance's values for ``${NAME}``; they win over everything else.
        settings_file: Path that stands for every ``env_file`` of the manifest.
        settings_values: What the settings file holds; only variables that the manifest declares are taken from it.
        settings_fingerprint: Changes whenever the settings do.
        overrides: Component to dotted path to value: what this place needs different.
        mirrors: Registry host to the mirror that is asked instead.
        front: Component whose published ports the wall takes over.
        where: Gives the place of a path in the instance file, for messages.
    """

    project: str
    variables: Mapping[str, str]
    settings_file: str
    settings_values: Mapping[str, str]
    settings_fingerprint: str
    overrides: Mapping[str, Mapping[str, ComposeValue]]
    mirrors: Mapping[str, str]
    front: str
    where: Callable[[KeyPath], Where] | None = None

    def place(self, *keys: str | int) -> Where | None:
        """Return the place of something in the instance file, if the file is known."""
        return self.where(keys) if self.where else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """The Compose file, and for each component the label by which a changed configuration is recognised."""

    text: str
    configs: Mapping[str, str]


def render(manifest: ReleaseManifest, surroundings: Surroundings) -> Rendered:
    """Return the Compose file of a release at an instance.

    Raises:
        BadInput: A variable without value, or an override for a component or key that does not exist; all of them.
    """
    findings = Findings()
    _check_components(manifest, surroundings, findings)
    volumes = _volume_names(manifest)
    services: dict[str, ComposeBody] = {}
    for name, component in sorted(manifest.components.items()):
        body = _with_overrides(_own_body(name, component, surroundings), name, surroundings, findings=findings)
        body = _resolved(body, name, manifest, surroundings=surroundings, findings=findings)
        services[name] = with_renamed_volumes(body, lambda volume: volumes.get(volume, volume))
    findings.raise_errors()
    configs = {name: _config(body, surroundings) for name, body in services.items()}
    full = {
        name: _service(name, manifest, surroundings, body=body, label=configs[name]) for name, body in services.items()
    }
    used = {volume for body in services.values() for volume in volumes_of(body)}
    top = {volumes.get(name, name): body for name, body in sorted(manifest.volumes.items())}
    text = write_yaml(
        {"name": surroundings.project, "services": full}
        | {"volumes": {name: top.get(name, {}) for name in sorted(used)}}
    )
    return Rendered(text=_HEAD.format(version=manifest.version) + text, configs=configs)


_HEAD = "# Release {version}, rendered by olmis-release. Change the manifests or the instance file, not this.\n"


def _check_components(manifest: ReleaseManifest, surroundings: Surroundings, findings: Findings) -> None:
    known = manifest.components
    named: dict[KeyPath, str] = {("components", name): name for name in surroundings.overrides}
    for path, name in {**named, ("wall", "component"): surroundings.front}.items():
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
    if component.role not in _ONE_SHOT:
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
    for path, text in placed_texts(body, "compose"):
        for variable in names_in(text):
            if variable not in values:
                where = _where(manifest.components[name], path)
                message = f"{name}: variable {variable} has no value."
                way = f"Give {variable} in the settings file, or under `variables` of the instance file."
                findings.error("E-UNDEFINED-VARIABLE", message, where=where, do=way)
    resolved = mapped(body, lambda text: filled(text, lambda variable: values.get(variable, "")).replace("$", "$$"))
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


def _volume_names(manifest: ReleaseManifest) -> dict[str, str]:
    """Return new names for the volumes that images fill: Docker fills a named volume only while it is empty.

    A name that carries the image's tag and digest makes a new image fill a new volume.
    """
    names: dict[str, str] = {}
    for component in manifest.components.values():
        if component.role in _ONE_SHOT:
            image = component.image
            mark = image.tag + (f"-{image.digest.removeprefix('sha256:')[:8]}" if image.digest else "")
            names |= {volume: f"{volume}-{mark}" for volume in volumes_of(component.compose)}
    external = {name for name, body in manifest.volumes.items() if str(body.get("external", "false")).lower() == "true"}
    return {volume: name for volume, name in names.items() if volume not in external}


def _config(body: ComposeBody, surroundings: Surroundings) -> str:
    """Return what stands for a component's configuration: same text, same configuration."""
    fingerprint = surroundings.settings_fingerprint if "env_file" in body else ""
    plain = {key: value for key, value in body.items() if key != "env_file"}
    return hashlib.sha256((write_yaml(_in_order(plain)) + fingerprint).encode()).hexdigest()[:16]


def _in_order(body: ComposeBody) -> ComposeBody:
    return {key: _in_order(value) if isinstance(value, dict) else value for key, value in sorted(body.items())}


def _service(
    name: str, manifest: ReleaseManifest, surroundings: Surroundings, *, body: ComposeBody, label: str
) -> ComposeBody:
    image = mirrored(manifest.components[name].image, surroundings.mirrors)
    return _in_order({"image": image, **bodies.with_value(body, f"labels.{CONFIG_LABEL}", label)})


def mirrored(image: ImageRef, mirrors: Mapping[str, str]) -> str:
    """Return the reference by which an image is pulled: at its registry's mirror if it has one, digest included."""
    mirror = mirrors.get(image.registry)
    repository = f"{mirror}/{image.path}" if mirror else image.repository
    digest = f"@{image.digest}" if image.digest else ""
    return f"{repository}:{image.tag}{digest}"
