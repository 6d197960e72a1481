"""Java heaps: their sum against the host's memory, and each against its container's limit."""

from __future__ import annotations

import re
from collections.abc import Iterator

from olmis_release.errors import Problem
from olmis_release.manifest.defects.model import Context, warning
from olmis_release.manifest.importers.model import Distribution, ImportedService
from olmis_release.text import listed, plural, safe

_HEAP = re.compile(r"(?:^|[\s'\"])-(?:Xmx|XX:MaxHeapSize=)([0-9]{1,15})([kKmMgGtT]?)(?=$|[\s'\"])")
_SIZE = re.compile(r"(?P<number>[0-9]{1,15}(?:\.[0-9]{1,6})?)\s*(?P<unit>[kmgt]?)(?:i?b)?\Z", re.IGNORECASE)
_UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_OPTIONS = ("JAVA_OPTS", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS")
_MEGA = 2**20


def check(distribution: Distribution, context: Context) -> Iterator[Problem]:
    """Yield heaps that leave no room in the container, and a sum that does not fit the stated memory."""
    heaps = {name: heap for name, service in distribution.services.items() if (heap := heap_of(service))}
    for name, (path, size_bytes) in heaps.items():
        yield from _against_limit(name, distribution.services[name], path=path, heap_bytes=size_bytes)
    total_bytes = sum(size_bytes * _copies(distribution.services[name]) for name, (_, size_bytes) in heaps.items())
    if context.memory_bytes is not None and total_bytes > context.memory_bytes:
        yield _above(distribution, heaps, total_bytes=total_bytes, memory_bytes=context.memory_bytes)


def heap_of(service: ImportedService) -> tuple[str, int] | None:
    """Return where a service's largest heap is said and its size in bytes; of several the last one counts to Java."""
    found: tuple[str, int] | None = None
    for path, text in _texts(service):
        sizes = _HEAP.findall(text)
        if sizes:
            number, unit = sizes[-1]
            found = (path, int(number) * _UNITS[unit.lower()])
    return found


def size_of(text: str) -> int | None:
    """Return a size such as ``1.3G`` in bytes, None when it is none."""
    match = _SIZE.fullmatch(text.strip())
    return int(float(match["number"]) * _UNITS[match["unit"].lower()]) if match else None


def _texts(service: ImportedService) -> Iterator[tuple[str, str]]:
    environment = service.body.get("environment", {})
    if isinstance(environment, dict):
        for key in _OPTIONS:
            value = environment.get(key)
            if isinstance(value, str):
                yield f"environment.{key}", value
    command = service.body.get("command", "")
    yield (
        "command",
        " ".join(item for item in command if isinstance(item, str)) if isinstance(command, list) else str(command),
    )


def _limit(service: ImportedService) -> tuple[str, str]:
    """Return where the container's memory limit is said, and the limit as written."""
    flat = service.body.get("mem_limit")
    if isinstance(flat, str):
        return "mem_limit", flat
    here: object = service.body.get("deploy")
    for key in ("resources", "limits", "memory"):
        here = here.get(key) if isinstance(here, dict) else None
    return ("deploy.resources.limits.memory", here) if isinstance(here, str) else ("", "")


def _copies(service: ImportedService) -> int:
    deploy = service.body.get("deploy")
    said = service.body.get("scale") or (deploy.get("replicas") if isinstance(deploy, dict) else None)
    return int(said) if isinstance(said, str) and said.isdecimal() and len(said) < len("1000") else 1


def _against_limit(name: str, service: ImportedService, *, path: str, heap_bytes: int) -> Iterator[Problem]:
    limit_path, text = _limit(service)
    limit_bytes = size_of(text)
    if limit_bytes and heap_bytes >= limit_bytes:
        message = f"{name}: the heap may grow to {_mega(heap_bytes)}, and the container is killed at {safe(text)}."
        do = f"A JVM needs room beside its heap: raise {limit_path}, or lower -Xmx ({service.place(path)})."
        yield warning("heap-at-limit", message, where=service.place(limit_path), do=do)


def _above(
    distribution: Distribution, heaps: dict[str, tuple[str, int]], *, total_bytes: int, memory_bytes: int
) -> Problem:
    largest = sorted(heaps, key=lambda name: (-heaps[name][1], name))
    named = listed((f"{name} {_mega(heaps[name][1])}" for name in largest), most=5)
    sum_of = f"the {plural(len(heaps), 'heap')} of all services may grow to {_mega(total_bytes)}"
    message = f"{sum_of}, above {_mega(memory_bytes)}: {named}."
    first = largest[0]
    where = distribution.services[first].place(heaps[first][0])
    return warning("heap-above-memory", message, where=where, do="Lower -Xmx of the largest, or take a larger host.")


def _mega(size_bytes: int) -> str:
    return f"{size_bytes // _MEGA} MB"
