"""Impact and urgency of a release as people judged them, and the priority and route that follow."""

from __future__ import annotations

from olmis_release.errors import UsageError
from olmis_release.manifest.emergency import Impact, Patch, Priority, Route, Urgency, priority_of, route_of
from olmis_release.manifest.model import Strict

STRICTER = (Route.EMERGENCY, Route.STANDARD)
"""From the route that asks least to the one that asks most."""


class Assessment(Strict):
    """What a release weighs.

    Attributes:
        impact_reason, urgency_reason: Why each was scored as it is.
        suggested: The route that the priority opens; `route` is the one that is taken.
    """

    impact: Impact
    urgency: Urgency
    priority: Priority
    suggested: Route
    route: Route
    impact_reason: str = ""
    urgency_reason: str = ""


def assess(
    impact: Impact | None,
    urgency: Urgency | None,
    *,
    chosen: Route | None,
    patch: Patch | None,
    reasons: tuple[str, str] = ("", ""),
) -> Assessment | None:
    """Return what impact and urgency come to; None where nobody judged them.

    Args:
        impact: As typed or given as an input; `urgency` too.
        urgency: See there.
        chosen: The route that a person asked for.
        patch: Of an emergency release: it has been judged already.
        reasons: Why impact and urgency were scored so.

    Raises:
        UsageError: One of the two is missing, they are not those of the patch, or a laxer route was chosen.
    """
    if patch is not None:
        _require_same(patch, impact, urgency)
        impact, urgency = patch.impact, patch.urgency
    if impact is None or urgency is None:
        _require_nothing(impact, urgency, chosen)
        return None
    priority = priority_of(impact, urgency)
    suggested = route_of(priority)
    return Assessment(
        impact=impact,
        urgency=urgency,
        priority=priority,
        suggested=suggested,
        route=_taken(chosen, suggested, priority),
        impact_reason=reasons[0],
        urgency_reason=reasons[1],
    )


def _taken(chosen: Route | None, suggested: Route, priority: Priority) -> Route:
    if chosen is None or STRICTER.index(chosen) >= STRICTER.index(suggested):
        return chosen or suggested
    error = UsageError(
        f"Priority {priority} opens the {suggested} route; --route may only choose a stricter one, not {chosen}.",
        resolution="Leave --route out, or correct impact and urgency if they are not as you gave them.",
    )
    error.code = "E-ROUTE"
    raise error


def _require_same(patch: Patch, impact: Impact | None, urgency: Urgency | None) -> None:
    if (impact or patch.impact, urgency or patch.urgency) != (patch.impact, patch.urgency):
        raise UsageError(
            f"The emergency release was made with impact {patch.impact} and urgency {patch.urgency} ({patch.ticket}).",
            resolution="Leave --impact and --urgency out, or make the patch again with others.",
        )


def _require_nothing(impact: Impact | None, urgency: Urgency | None, chosen: Route | None) -> None:
    if impact is not None or urgency is not None:
        raise UsageError(
            f"{'Urgency' if urgency is None else 'Impact'} is missing: the priority follows from both.",
            resolution="Give --impact and --urgency.",
        )
    if chosen is Route.EMERGENCY:
        raise UsageError(
            "Nothing says that this release is an emergency.",
            resolution="Give --impact and --urgency: Blocker and Critical open the emergency route.",
        )
