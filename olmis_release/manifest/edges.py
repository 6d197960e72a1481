"""``depends_on``: who waits for whom, and what becomes of it when a component goes or takes another name."""

from __future__ import annotations

from collections.abc import Mapping

from olmis_release.manifest.model import ComposeBody, ComposeValue


def needs(body: ComposeBody) -> tuple[str, ...]:
    """Return the components that a body depends on, in the order written."""
    wanted = body.get("depends_on", [])
    return tuple(name for name in wanted if isinstance(name, str)) if isinstance(wanted, list | dict) else ()


def without(body: ComposeBody, name: str) -> ComposeBody:
    """Return a body that no longer depends on a component."""
    wanted = body["depends_on"]
    left: ComposeValue = (
        {key: value for key, value in wanted.items() if key != name}
        if isinstance(wanted, dict)
        else [item for item in wanted if item != name]
    )
    return {**body, "depends_on": left} if left else {key: value for key, value in body.items() if key != "depends_on"}


def renamed(body: ComposeBody, old: str, new: str) -> ComposeBody:
    """Return a body that depends on a component under its new name."""
    wanted = body["depends_on"]
    if isinstance(wanted, dict):
        return {**body, "depends_on": {new if key == old else key: value for key, value in wanted.items()}}
    return {**body, "depends_on": [new if item == old else item for item in wanted]}


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
