"""Services with profiles: which of them run, and dependencies on those that do not."""

from __future__ import annotations

from collections.abc import Set

from olmis_release.manifest.importers.nodes import ListNode, MapNode, Node, text_of, with_entry, without_entry
from olmis_release.manifest.importers.shorthand import as_list, long_depends_on


def profiles_of(service: MapNode) -> frozenset[str]:
    """Return the profiles that a service names."""
    profiles = as_list(service.get("profiles") or ListNode(items=(), where=service.where))
    return frozenset(text_of(item) for item in profiles.items) if isinstance(profiles, ListNode) else frozenset()


def is_active(service: MapNode, active: Set[str]) -> bool:
    """Return whether a service runs when these profiles are asked for; one without profiles always does."""
    named = profiles_of(service)
    return not named or bool(named & active) or "*" in active


def without_absent(service: Node, services: MapNode, active: Set[str]) -> Node:
    """Return a service without its dependencies on others that no profile runs and that it does not require."""
    listed = service.get("depends_on") if isinstance(service, MapNode) else None
    wanted = long_depends_on(listed) if listed is not None else None
    if not isinstance(service, MapNode) or not isinstance(wanted, MapNode):
        return service
    absent = [
        name
        for name, how in wanted.entries.items()
        if isinstance(how, MapNode) and text_of(how.get("required")) == "false"
        if isinstance(other := services.get(name), MapNode) and not is_active(other, active)
    ]
    return with_entry(service, "depends_on", without_entry(wanted, *absent)) if absent else service
