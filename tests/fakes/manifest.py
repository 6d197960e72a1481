"""Layers and releases written as short YAML texts, for tests about merging."""

from textwrap import dedent

from olmis_release.errors import BadInput, Problem
from olmis_release.manifest.extension import Layer
from olmis_release.manifest.layers import CoreManifest, ExtensionManifest
from olmis_release.manifest.merge import Merged, Override, merge
from olmis_release.manifest.model import Component, ImageRef, ReleaseManifest
from olmis_release.yamlio import parse_yaml, read_model

CORE = """\
kind: core
version: 3.5.0
source: {repository: r, ref: v3.5.0, commit: c}
variables: {PORT: "80", profiles: null}
volumes: {config: {}}
components:
  auth:
    image: openlmis/auth:4.1.0
    consul: auth
    schema: auth
    compose:
      environment:
        JAVA_OPTS: -Xmx512m
        PROFILES: ${profiles}
      volumes: [config:/config]
      depends_on: [log, report]
  report:
    image: openlmis/report:1.1.2
    consul: report
    schema: report
    compose: {depends_on: {log: {condition: service_started}}}
  log:
    image: openlmis/rsyslog:1
    role: infrastructure
"""
CORE_FILE = "core/3.5.0.yml"
MW_FILE = "extensions/mw.yml"
HEAD = 'kind: extension\nname: mw\ncore: ">=3.5.0,<3.6.0"\n'


def core(text: str = CORE) -> Layer[CoreManifest]:
    document = parse_yaml(text.encode(), shown_as=CORE_FILE)
    return Layer(name="core", manifest=read_model(CoreManifest, document), document=document)


def extension(components: str, *, head: str = HEAD) -> Layer[ExtensionManifest]:
    """Return an extension from its indented components; they begin on line 5."""
    text = f"{head}components:\n{dedent(components)}".replace("\n", "\n  ").rstrip()
    lines = [
        line.removeprefix("  ") if number < head.count("\n") + 1 else line
        for number, line in enumerate(text.split("\n"))
    ]
    document = parse_yaml("\n".join(lines).encode(), shown_as=MW_FILE)
    return Layer(name="mw", manifest=read_model(ExtensionManifest, document), document=document)


def merged(components: str = "", *overrides: Override, head: str = HEAD, core_text: str = CORE) -> Merged:
    layer = extension(components, head=head) if components else None
    return merge(core(core_text), layer, overrides, version="3.5.0+mw1" if layer else "3.5.0")


def problems(components: str, *overrides: Override, head: str = HEAD, core_text: str = CORE) -> list[Problem]:
    """Return what a merge complains about."""
    try:
        merged(components, *overrides, head=head, core_text=core_text)
    except BadInput as error:
        return list(error.problems)
    return []


def complaints(components: str, *overrides: Override, head: str = HEAD, core_text: str = CORE) -> list[str]:
    """Return what a merge complains about, as people read it."""
    return [str(problem) for problem in problems(components, *overrides, head=head, core_text=core_text)]


def component(image: str, **fields: object) -> Component:
    return Component.model_validate({"image": ImageRef.parse(image), **fields})


def release(components: dict[str, Component], **fields: object) -> ReleaseManifest:
    return ReleaseManifest.model_validate({"version": "3.5.0+mw1", "core": "3.5.0", "components": components, **fields})
