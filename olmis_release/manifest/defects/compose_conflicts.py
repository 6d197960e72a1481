"""What Compose refuses only once all files are one: keys that exclude each other, and keys that another one demands."""

from __future__ import annotations

from collections.abc import Iterator

from olmis_release.errors import Problem, Severity
from olmis_release.manifest.defects.compose_twice import said_twice
from olmis_release.manifest.defects.model import error
from olmis_release.manifest.importers.body import SIZES
from olmis_release.manifest.importers.nodes import ListNode, MapNode, Node, TextNode, is_null, text_of
from olmis_release.text import safe

_GIVEN_BY = ("file", "environment", "content")
_NOT_EXTERNAL = ("driver", "driver_opts", "labels")


def conflicts(whole: MapNode) -> Iterator[Problem]:
    """Yield every such place of a file."""
    for name, service in _entries(whole.get("services")):
        yield from _mounts(name, service.get("volumes"))
        yield from _builds(name, service.get("build"), whole.get("secrets"))
        yield from said_twice(name, service)
        yield from _sizes(name, service)
    for name, volume in _entries(whole.get("volumes")):
        yield from _external(name, volume)
    for section in ("configs", "secrets"):
        for name, source in _entries(whole.get(section)):
            yield from _sources(f"{section}.{safe(name)}", source)


def _entries(node: Node | None) -> Iterator[tuple[str, MapNode]]:
    if isinstance(node, MapNode):
        yield from ((name, item) for name, item in node.entries.items() if isinstance(item, MapNode))


def _sizes(name: str, service: MapNode) -> Iterator[Problem]:
    for key in sorted(SIZES & service.entries.keys()):
        node = service.entries[key]
        if isinstance(node, TextNode) and node.cut:
            message = f"{safe(name)}: Compose takes no size from `{key}: {safe(node.text)}`, so there is no limit."
            do = f"Write its unit, as in `{key}: {node.text}g`, or whole bytes."
            yield Problem(code="W-SIZE", message=message, resolution=do, where=node.where, severity=Severity.WARNING)


def _mounts(name: str, node: Node | None) -> Iterator[Problem]:
    for mount in node.items if isinstance(node, ListNode) else ():
        if not isinstance(mount, MapNode):
            continue
        wanted = ["target", *(["source"] if text_of(mount.get("type")) == "bind" else [])]
        for key in wanted:
            if not text_of(mount.get(key)):
                message = f"{safe(name)}: a mount has no `{key}`."
                yield error("E-COMPOSE", message, where=mount.where, do=f"Add `{key}:`.")


def _builds(name: str, node: Node | None, known: Node | None) -> Iterator[Problem]:
    if not isinstance(node, MapNode):
        return
    secrets = node.get("secrets")
    there = known.entries if isinstance(known, MapNode) else {}
    for item in secrets.items if isinstance(secrets, ListNode) else ():
        wanted = text_of(item.get("source") if isinstance(item, MapNode) else item)
        if wanted not in there:
            message = f"{safe(name)} is built with secret {safe(wanted)}, which is not in the file."
            yield error("E-REFERENCE", message, where=item.where, do="Add it to the top-level `secrets`.")
    if text_of(node.get("dockerfile")) and text_of(node.get("dockerfile_inline")):
        message = f"{safe(name)}: `dockerfile` and `dockerfile_inline` exclude each other."
        yield error("E-COMPOSE", message, where=node.keys["dockerfile_inline"], do="Keep one of the two.")


def _external(name: str, volume: MapNode) -> Iterator[Problem]:
    if is_null(volume.get("external")) or text_of(volume.get("external")).lower() in {"false", "no"}:
        return
    for key in _NOT_EXTERNAL:
        if not is_null(volume.get(key)):
            message = f"volume {safe(name)} is external, so `{key}` says nothing."
            yield error("E-COMPOSE", message, where=volume.keys[key], do=f"Remove `{key}`.")


def _sources(name: str, source: MapNode) -> Iterator[Problem]:
    if not is_null(source.get("external")):
        return
    given = [key for key in _GIVEN_BY if not is_null(source.get(key))]
    if not given and not is_null(source.get("driver")):
        return
    if not given:
        message = f"{name} says neither `file` nor `environment` nor `content`."
        yield error("E-COMPOSE", message, where=source.where, do="Say where it comes from.")
    for key in given[1:]:
        message = f"{name}: `{given[0]}` and `{key}` exclude each other."
        yield error("E-COMPOSE", message, where=source.keys[key], do="Keep one of the two.")
