"""Things that a service says twice in different words, or once too often: Compose refuses to choose."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from olmis_release.errors import Problem
from olmis_release.manifest.defects.model import error
from olmis_release.manifest.importers.nodes import ListNode, MapNode, Node, is_null, text_of
from olmis_release.text import safe

_LIMITS = ("resources", "limits")
_SAME = (
    ("scale", ("replicas",)),
    ("cpus", (*_LIMITS, "cpus")),
    ("mem_limit", (*_LIMITS, "memory")),
    ("pids_limit", (*_LIMITS, "pids")),
    ("mem_reservation", ("resources", "reservations", "memory")),
)
_UNITS = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4, "p": 1024**5}


def said_twice(name: str, service: MapNode) -> Iterator[Problem]:
    """Yield what a service says twice."""
    for key, path in _SAME:
        ours, theirs = _amount(service.get(key)), _amount(_inside(service.get("deploy"), path))
        if ours is not None and theirs is not None and ours != theirs:
            yield _no(name, service, key, why=f"`{key}` and `deploy.{'.'.join(path)}` differ")
    copies = max(_amount(service.get("scale")) or 0, _amount(_inside(service.get("deploy"), ("replicas",))) or 0)
    if text_of(service.get("container_name")) and copies > 1:
        yield _no(name, service, "container_name", why="several containers cannot have one `container_name`")
    networks = service.get("networks")
    joins = networks.items if isinstance(networks, ListNode) else getattr(networks, "entries", ())
    if text_of(service.get("network_mode")) and joins:
        yield _no(name, service, "network_mode", why="`network_mode` and `networks` exclude each other")
    platforms = _inside(service.get("build"), ("platforms",))
    wanted = text_of(service.get("platform"))
    if wanted and isinstance(platforms, ListNode) and wanted not in map(text_of, platforms.items) and platforms.items:
        yield _no(name, service, "platform", why=f"`build.platforms` does not have {safe(wanted)}")


def _no(name: str, service: MapNode, key: str, *, why: str) -> Problem:
    return error("E-COMPOSE", f"{safe(name)}: {why}.", where=service.keys[key], do="Say it once.")


def _inside(node: Node | None, path: tuple[str, ...]) -> Node | None:
    for key in path:
        node = node.get(key) if isinstance(node, MapNode) else None
    return node


def _amount(node: Node | None) -> float | None:
    """Return a number or size; None where there is none, or one that the form already refuses."""
    text = "" if is_null(node) else text_of(node).lower().removesuffix("ib").removesuffix("b").strip()
    number = text.rstrip("kmgtp").strip()
    with suppress(ValueError):
        return float(number) * _UNITS.get(text.removeprefix(number).strip(), 1)
    return None
