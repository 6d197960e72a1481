"""Does every component come back by itself when the engine was killed?"""

from __future__ import annotations

from olmis_release.preflight.model import Check, Finding, Subject, passed, warned
from olmis_release.smoke.model import ONE_SHOT


def components_come_back(subject: Subject) -> Finding:
    """Look for components without ``restart: always``; after a killed engine no other policy brings them back."""
    lasting = {name for name, one in subject.manifest.components.items() if one.role not in ONE_SHOT}
    services = subject.rendered.services.items()
    staying_down = sorted(name for name, service in services if name in lasting and service.restart != "always")
    if staying_down:
        return warned(
            f"After a crash of the engine these stay down: {', '.join(staying_down)}.",
            resolution="Set `restart: always` for them in the manifest or the instance file.",
        )
    return passed(f"All {len(lasting)} lasting components restart always.")


CHECK = Check(
    id="restart-policy",
    question="Does every component come back after a crash of the engine?",
    ask=components_come_back,
)
