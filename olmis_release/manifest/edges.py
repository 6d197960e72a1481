"""Who needs whom (``depends_on``, ``links`` …), and what becomes of it when a component goes or takes another name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from olmis_release.manifest.model import ComposeBody

_SHARING_LISTS = ("volumes_from",)
_SHARING_MODES = ("network_mode", "ipc", "pid")
_SERVICE = "service:"


def needs(body: ComposeBody) -> tuple[str, ...]:
    """Return the components that a body depends on, in the order written."""
    wanted = body.get("depends_on", [])
    return tuple(name for name in wanted if isinstance(name, str)) if isinstance(wanted, list | dict) else ()


def shares(body: ComposeBody) -> Iterator[tuple[str, str]]:
    """Yield what a body takes from other components: the key (``links``, ``network_mode`` …) and the component."""
    for key in ("links", *_SHARING_LISTS):
        entries = body.get(key, [])
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, str) and not entry.startswith("container:"):
                yield key, entry.partition(":")[0]
    for key in _SHARING_MODES:
        mode = body.get(key)
        if isinstance(mode, str) and mode.startswith(_SERVICE):
            yield key, mode.removeprefix(_SERVICE)


def may_be_absent(body: ComposeBody, name: str) -> bool:
    """Return whether a body depends on a component only where there is one (``required: false``)."""
    wanted = body.get("depends_on")
    entry = wanted.get(name) if isinstance(wanted, dict) else None
    return isinstance(entry, dict) and entry.get("required") == "false"


def without(body: ComposeBody, name: str) -> ComposeBody:
    """Return a body that no longer depends on a component, nor is linked to it."""
    changed = dict(body)
    wanted = body.get("depends_on", [])
    if isinstance(wanted, dict):
        changed["depends_on"] = {key: value for key, value in wanted.items() if key != name}
    elif isinstance(wanted, list):
        changed["depends_on"] = [item for item in wanted if item != name]
    links = body.get("links", [])
    if isinstance(links, list):
        changed["links"] = [item for item in links if str(item).partition(":")[0] != name]
    return {key: value for key, value in changed.items() if value or key not in {"depends_on", "links"}}


def renamed(body: ComposeBody, names: Mapping[str, str]) -> ComposeBody:
    """Return a body that refers to components under their new names, all at once: two may have swapped theirs."""
    changed = dict(body)
    wanted = body.get("depends_on", [])
    if isinstance(wanted, dict):
        changed["depends_on"] = {names.get(key, key): value for key, value in wanted.items()}
    elif isinstance(wanted, list) and wanted:
        changed["depends_on"] = list(dict.fromkeys(names.get(str(item), str(item)) for item in wanted))
    for key in ("links", *_SHARING_LISTS):
        entries = body.get(key)
        if isinstance(entries, list):
            changed[key] = [_renamed_entry(key, str(entry), names) for entry in entries]
    for key in _SHARING_MODES:
        mode = str(body.get(key, ""))
        other = names.get(mode.removeprefix(_SERVICE)) if mode.startswith(_SERVICE) else None
        if other:
            changed[key] = f"{_SERVICE}{other}"
    return changed


def _renamed_entry(key: str, entry: str, names: Mapping[str, str]) -> str:
    """Return an entry for the new name; a linked component still answers to its old one."""
    old, colon, rest = entry.partition(":")
    if old not in names:
        return entry
    return f"{names[old]}:{rest or old}" if key == "links" else f"{names[old]}{colon}{rest}"


def with_edge(body: ComposeBody, name: str) -> ComposeBody:
    """Return a body that depends on one component more."""
    wanted = body.get("depends_on", [])
    if isinstance(wanted, dict):
        return {**body, "depends_on": {**wanted, name: {"condition": "service_started"}}}
    return {**body, "depends_on": [*wanted, name]} if name not in wanted else body


def cycle_in(graph: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return one cycle as ``(a, b, a)``, nothing when there is none; time grows with nodes plus edges."""
    finished: set[str] = set()
    for start in graph:
        trail: dict[str, None] = {}
        stack = [(start, iter(graph[start]))] if start not in finished else []
        while stack:
            node, following = stack[-1]
            trail[node] = None
            step = next((name for name in following if name in graph and name not in finished), None)
            if step is None:
                finished.add(node)
                trail.pop(node)
                stack.pop()
            elif step in trail:
                path = list(trail)
                return (*path[path.index(step) :], step)
            else:
                stack.append((step, iter(graph[step])))
    return ()
