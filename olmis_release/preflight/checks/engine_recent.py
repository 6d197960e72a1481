"""Is the Docker engine recent enough?"""

from __future__ import annotations

from olmis_release.preflight.model import Check, Finding, Subject, failed, passed, warned
from olmis_release.preflight.numbers import numbers_in

OLDEST = (19, 3)
"""The oldest engine that countries are known to run (19.03); older ones miss API calls that the tool makes."""

TESTED = (20, 10)
"""The oldest engine that the tool's own tests run on."""


def engine_is_recent(subject: Subject) -> Finding:
    """Compare the version that the engine gives."""
    info = subject.site.engine.info()
    found = numbers_in(info.version)
    if found < OLDEST:
        return failed(
            f"The engine is Docker {info.version}; 19.03 is the oldest that works.",
            resolution="Upgrade Docker on the target.",
        )
    if found < TESTED:
        return warned(
            f"The engine is Docker {info.version}; the tool is tested from 20.10 on.",
            resolution="Plan an upgrade of Docker on the target.",
        )
    return passed(f"Docker {info.version} on {info.platform}.")


CHECK = Check(id="engine-recent", question="Is the Docker engine recent enough?", ask=engine_is_recent)
