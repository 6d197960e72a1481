"""From a service's tree to its body: one way of writing for everything, all scalars as text, every value's place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from olmis_release.errors import Where
from olmis_release.manifest.compose_keys import DECIDED_ELSEWHERE
from olmis_release.manifest.image import ComposeBody, ComposeValue
from olmis_release.manifest.importers.interpolation import literal
from olmis_release.manifest.importers.nodes import ListNode, MapNode, Node, TextNode, is_null, text_of
from olmis_release.manifest.importers.shorthand import FLAT, as_list, as_map, long_depends_on

TextOf = Callable[[TextNode], str]

_STARTED = {"condition": "service_started"}
SIZES = frozenset({"mem_limit", "memswap_limit", "shm_size"})
"""Compose takes a number with a point or an exponent here for no size at all."""

_LISTS = frozenset({"dns", "dns_search", "tmpfs"})


def closed_text(node: TextNode) -> str:
    """Return a scalar with defaults filled in."""
    return node.text


def open_text(node: TextNode) -> str:
    """Return a scalar with ``${NAME}`` where a default stands in."""
    return node.text if node.open_text is None else node.open_text


def service_body(service: MapNode, text: TextOf, given: Mapping[str, str]) -> ComposeBody:
    """Return a service's body without what other verbs or the tool decide.

    Args:
        service: The service, all files merged and variables filled in.
        text: Which of a scalar's texts counts.
        given: What the `.env` files define, for variables of the environment without a value.
    """
    body: ComposeBody = {}
    for key, node in service.entries.items():
        if key in DECIDED_ELSEWHERE or is_null(node):
            continue
        value = _part(key, node, text, given)
        if value is not None:
            body[key] = value
    return body


def _part(key: str, node: Node, text: TextOf, given: Mapping[str, str]) -> ComposeValue | None:  # noqa: PLR0917
    if key == "environment":
        return _environment(as_map(node), text, given)
    if key in FLAT:
        return plain(as_map(node), text)
    if key == "depends_on":
        return _depends_on(node, text)
    if key == "networks":
        return _networks(node, text)
    if key == "env_file":
        return _env_files(node, text)
    return _plain_part(key, node, text)


def _plain_part(key: str, node: Node, text: TextOf) -> ComposeValue:
    if key in SIZES and isinstance(node, TextNode) and node.cut:
        return "0"  # what Compose makes of it
    return plain(as_list(node) if key in _LISTS else node, text)


def plain(node: Node, text: TextOf) -> ComposeValue:
    """Return a tree as text, lists and mappings; YAML's null is empty text."""
    if isinstance(node, TextNode):
        return text(node)
    if isinstance(node, ListNode):
        return [plain(item, text) for item in node.items]
    return {key: plain(value, text) for key, value in node.entries.items()}


def _environment(node: Node, text: TextOf, given: Mapping[str, str]) -> ComposeValue:
    """Return the environment; a name without value takes that of the `.env` file, or is left to the instance."""
    if not isinstance(node, MapNode):
        return plain(node, text)
    return {
        key: (literal(given[key]) if key in given else f"${{{key}}}") if is_null(value) else plain(value, text)
        for key, value in node.entries.items()
    }


def bare_variables(service: MapNode, given: Mapping[str, str]) -> Iterator[tuple[str, Where]]:
    """Yield the variables of the environment that take their value from whoever runs Compose."""
    node = as_map(service.get("environment") or ListNode(items=(), where=service.where))
    if isinstance(node, MapNode):
        for key, value in node.entries.items():
            if is_null(value) and key not in given:
                yield key, node.keys[key]


def _depends_on(node: Node, text: TextOf) -> ComposeValue:
    value = plain(long_depends_on(node), text)
    if not isinstance(value, dict):
        return value
    started = all(not item or item == _STARTED for item in value.values())
    return list(value) if started else {key: item or dict(_STARTED) for key, item in value.items()}


def _networks(node: Node, text: TextOf) -> ComposeValue | None:
    value = plain(as_map(node), text)
    if not isinstance(value, dict):
        return value
    if any(value.values()):
        return {key: item or {} for key, item in value.items()}
    return None if list(value) in ([], ["default"]) else list(value)


def _env_files(node: Node, text: TextOf) -> ComposeValue:
    """Return the paths; whether one may be missing is for the instance to know."""
    value = plain(as_list(node), text)
    if not isinstance(value, list):
        return value
    return [str(item.get("path", "")) if isinstance(item, dict) else item for item in value]


def places(service: MapNode, where: Where) -> dict[str, Where]:
    """Return dotted path to place for everything in a service: a scalar's own, for others that of their key."""
    return {"": where, **dict(_places(service, ""))}


def _places(node: Node, path: str) -> Iterator[tuple[str, Where]]:
    if isinstance(node, MapNode):
        for key, value in node.entries.items():
            here = f"{path}.{key}" if path else key
            yield here, value.where if isinstance(value, TextNode) else node.keys[key]
            keyed = _keyed(key, value) if not path else value
            yield from _places(keyed, here)
            if keyed is not value:
                yield from _places(value, here)
    elif isinstance(node, ListNode):
        for index, item in enumerate(node.items):
            yield f"{path}.{index}", item.where
            yield from _places(item, f"{path}.{index}")


def _keyed(key: str, node: Node) -> Node:
    """Return lists that the body holds as mappings, or that are asked for by name, as mappings."""
    if key in FLAT or key == "networks":
        return as_map(node)
    return long_depends_on(node) if key == "depends_on" else node


def image_text(service: MapNode) -> tuple[str, str, Where]:
    """Return the image as filled in, as written, and its place."""
    node = service.get("image")
    if not isinstance(node, TextNode):
        return "", "", service.place("image")
    written = node.text if node.raw is None else node.raw
    return text_of(node), written, node.where
