"""Impact, urgency, and the priority and route that follow from them, as the support requirements of OpenLMIS say."""

from __future__ import annotations

from enum import StrEnum

from olmis_release.manifest.image import ComponentName, Strict


class Impact(StrEnum):
    """How many users, facilities and functions are concerned."""

    EXTENSIVE = "extensive"
    SIGNIFICANT = "significant"
    MODERATE = "moderate"
    MINOR = "minor"


class Urgency(StrEnum):
    """How much work is impeded, and whether there is a way around."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Priority(StrEnum):
    """What impact and urgency come to."""

    BLOCKER = "Blocker"
    CRITICAL = "Critical"
    MAJOR = "Major"
    MINOR = "Minor"
    TRIVIAL = "Trivial"


class Route(StrEnum):
    """How a release is approved and announced: at once by two people, or in the ordinary way."""

    EMERGENCY = "emergency"
    STANDARD = "standard"


_B, _C, _MA, _MI, _T = Priority
_MATRIX = {
    Impact.EXTENSIVE: (_B, _B, _C, _MA),
    Impact.SIGNIFICANT: (_B, _C, _MA, _MI),
    Impact.MODERATE: (_C, _MA, _MI, _T),
    Impact.MINOR: (_MA, _MI, _T, _T),
}


def priority_of(impact: Impact, urgency: Urgency) -> Priority:
    """Return the priority of a problem."""
    return _MATRIX[impact][tuple(Urgency).index(urgency)]


def route_of(priority: Priority) -> Route:
    """Return the route that a priority opens."""
    return Route.EMERGENCY if priority in {Priority.BLOCKER, Priority.CRITICAL} else Route.STANDARD


class Patch(Strict):
    """What an emergency release was made from, and why it could not wait.

    Attributes:
        base: The release it differs from, `base_sha256` the SHA-256 of that release's bytes.
        components: The components that may differ, and no other.
        ticket: Where the problem is described.
    """

    base: str
    base_sha256: str
    components: tuple[ComponentName, ...]
    ticket: str
    impact: Impact
    urgency: Urgency
    priority: Priority
    route: Route
