"""What a release has beside its components: variables, volumes and networks, and who said so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from olmis_release.manifest import bodies
from olmis_release.manifest.extension import Layer
from olmis_release.manifest.findings import Findings
from olmis_release.manifest.layers import CoreManifest, ExtensionManifest
from olmis_release.manifest.model import ComposeBody, Origin
from olmis_release.manifest.provenance import Note, Said


@dataclass(frozen=True, slots=True, kw_only=True)
class TopLevel:
    """The values, and the note of each by its path, for example ``volumes.config``."""

    variables: dict[str, str | None] = field(default_factory=dict)
    volumes: dict[str, ComposeBody] = field(default_factory=dict)
    networks: dict[str, ComposeBody] = field(default_factory=dict)
    notes: dict[str, Note] = field(default_factory=dict)

    def origins(self, paths: Iterable[str]) -> dict[str, Origin]:
        """Return who said what stands at these paths."""
        return {path: self.notes[path].origin for path in sorted(paths) if path in self.notes}


def top_level(core: Layer[CoreManifest], extension: Layer[ExtensionManifest] | None, findings: Findings) -> TopLevel:
    """Return what the layers say together; a volume or network that they declare in two ways is a conflict."""
    found = TopLevel()
    for layer in (core, extension):
        if layer:
            said = layer.said(findings)
            _take_variables(found, layer.manifest.variables, said.inside("variables"))
            _take(found, "volumes", layer.manifest.volumes, said=said)
            _take(found, "networks", layer.manifest.networks, said=said)
    if extension:
        _replace_volumes(found, core, extension, said=extension.said(findings))
    return found


def with_module_volumes(found: TopLevel, modules: Sequence[tuple[str, Note]], findings: Findings) -> None:
    """Declare the volumes that attached modules fill; each is the module's own."""
    for name, note in modules:
        path = f"volumes.{name}"
        if found.volumes.get(name):
            message = f"module {name} fills a volume of its name, which {found.notes[path].where} declares otherwise."
            findings.error("E-CONFLICT", message, where=note.where, do="Give the module another name.")
        elif name not in found.volumes:
            found.volumes[name] = {}
            found.notes[path] = note


def _take_variables(found: TopLevel, variables: Mapping[str, str | None], said: Said) -> None:
    for name, value in variables.items():
        path = f"variables.{name}"
        note = said.note(name)
        if name in found.variables:
            old = found.variables[name]
            note = note.beating(found.notes[path], "no default" if old is None else old)
        found.variables[name] = value
        found.notes[path] = note


def _take(found: TopLevel, key: str, declared: Mapping[str, ComposeBody], *, said: Said) -> None:
    values = found.volumes if key == "volumes" else found.networks
    for name, body in declared.items():
        path = f"{key}.{name}"
        if name in values and values[name] != body:
            message = f"{key.removesuffix('s')} {name} is declared differently in {found.notes[path].where}."
            said.findings.error("E-CONFLICT", message, where=said.at(key, name), do="Use another name.")
        elif name not in values:
            values[name] = body
            found.notes[path] = said.note(key, name)


def _replace_volumes(
    found: TopLevel, core: Layer[CoreManifest], extension: Layer[ExtensionManifest], *, said: Said
) -> None:
    for name, body in extension.manifest.replace_volumes.items():
        if name not in core.manifest.volumes:
            message = f"Core has no volume {name} to replace."
            where = said.at("replace_volumes", name)
            said.findings.error("E-VOLUME", message, where=where, do="Declare it under `volumes`.")
            continue
        path, old = f"volumes.{name}", core.manifest.volumes[name]
        if name in extension.manifest.volumes:
            message = f"volume {name} is declared in {said.at('volumes', name)} and replaced here."
            where = said.at("replace_volumes", name)
            said.findings.error("E-CONFLICT", message, where=where, do="Keep one of the two.")
        found.volumes[name] = body
        found.notes[path] = said.note("replace_volumes", name).beating(found.notes[path], bodies.shown(old))
