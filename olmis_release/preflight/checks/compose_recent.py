"""Is Docker Compose recent enough?"""

from __future__ import annotations

from olmis_release.preflight.model import Check, Finding, Subject, failed, passed
from olmis_release.preflight.numbers import numbers_in

OLDEST = (2, 17)


def compose_is_recent(subject: Subject) -> Finding:
    """Compare the version of the Compose plugin on this machine."""
    version = subject.site.compose.version()
    if numbers_in(version) < OLDEST:
        return failed(
            f"Docker Compose is {version}; 2.17 is the oldest that works.",
            resolution="Upgrade the Compose plugin on the machine where olmis-release runs.",
        )
    return passed(f"Docker Compose {version.removeprefix('v')}.")


CHECK = Check(id="compose-recent", question="Is Docker Compose recent enough?", ask=compose_is_recent)
