"""Does the host have the memory that the Java heaps may grow to?"""

from __future__ import annotations

import re

from olmis_release.preflight.model import Check, Finding, Subject, passed, warned
from olmis_release.text import human_bytes

_HEAP = re.compile(r"-Xmx(\d+)([kmgtKMGT]?)(?=\s|$)")
_UNITS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}


def memory_is_enough(subject: Subject) -> Finding:
    """Add up every -Xmx; a heap is less than a JVM takes, so even an even sum is tight."""
    services = subject.rendered.services.values()
    heaps = sum(heap_bytes(service.environment.get("JAVA_OPTS") or "") for service in services)
    memory = subject.site.engine.info().memory_bytes
    if not memory:
        return warned(
            f"The Java heaps may grow to {human_bytes(heaps)}; the engine does not say how much memory it has.",
            resolution="Compare it with the target's memory yourself.",
        )
    text = f"The Java heaps may grow to {human_bytes(heaps)} together; the target has {human_bytes(memory)}."
    if heaps > memory:
        return warned(text, resolution="Lower -Xmx in JAVA_OPTS or give the target more memory: it may kill services.")
    return passed(text)


def heap_bytes(java_opts: str) -> int:
    """Return the heap limit that a JVM would take from these options: the last -Xmx, 0 for none."""
    found = _HEAP.findall(java_opts)
    return int(found[-1][0]) * _UNITS[found[-1][1].lower()] if found else 0


CHECK = Check(
    id="memory", question="Does the target have the memory that the Java heaps may take?", ask=memory_is_enough
)
