"""The steps of a plan, in order, each with its reason: values in, values out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from olmis_release.instance.config import RollbackMethod
from olmis_release.manifest.model import ReleaseManifest, Role
from olmis_release.plan.model import Action, Change, PlannedStep, StepKind, WayBack
from olmis_release.plan.rollback_method import CLONE, Choice
from olmis_release.text import listed, plural

FIRST_WAVE = frozenset({Role.DATABASE, Role.INFRASTRUCTURE, Role.CONFIG, Role.EXTENSION})
"""What services need at their start: they come second."""

SHARED = frozenset({Role.DATABASE, Role.INFRASTRUCTURE})
"""Replacing one of these disturbs every user, whatever they do."""

STOPPED = frozenset({Action.REPLACE, Action.RESTART, Action.REMOVE})
STARTED = frozenset({Action.ADD, Action.REPLACE, Action.RESTART})
PULLED = frozenset({Action.ADD, Action.REPLACE})

METHOD = "method"
"""Name of the parameter of the rollback point's step that says how it is taken."""

POINT_BY = {
    RollbackMethod.CLONE: "copy the database as the way back",
    RollbackMethod.DUMP: "dump the database as the way back",
    RollbackMethod.HOOK: "take a snapshot of the database as the way back",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What the steps are made from.

    Attributes:
        release, previous: The release that is wanted, and the one that runs; None when nothing does.
        front: OpenLMIS's own front, behind the wall.
        wall_open: The wall is there and lets users in.
        broken: The last run left the instance in a state that cannot be proved; this plan is the way out.
        database_closed: The database lets nobody in; it is copied as it is before it is opened again.
        restore: Rollback point that is to be swapped in because a person asked for it, None mostly.
        point: How the database is made able to go back, and why no better method is taken.
    """

    changes: tuple[Change, ...]
    release: ReleaseManifest
    previous: ReleaseManifest | None
    way_back: WayBack
    front: str
    wall_open: bool = True
    broken: bool = False
    database_closed: bool = False
    restore: str | None = None
    point: Choice = CLONE

    @property
    def gives_up_database(self) -> bool:
        """Whether the database may change and this plan, as somebody typed, does not take that back."""
        return self.way_back is WayBack.IMAGES and any(change.may_migrate for change in self.changes)


def method_in(steps: Iterable[PlannedStep]) -> RollbackMethod:
    """Return how planned steps make the database able to go back; older plans do not say it and mean the clone."""
    point = next((step for step in steps if step.kind is StepKind.TAKE_ROLLBACK_POINT), None)
    return RollbackMethod(point.parameters.get(METHOD, RollbackMethod.CLONE) if point else RollbackMethod.CLONE)


def plan_steps(route: Route) -> tuple[PlannedStep, ...]:
    """Return the steps; none when everything is in place and users are let in."""
    if route.previous is None:
        return tuple(_first_deploy(route))
    return tuple(_upgrade(route)) if _something_to_do(route) else ()


def _something_to_do(route: Route) -> bool:
    moved = bool(_names(route.changes, STOPPED | STARTED))
    return moved or not route.wall_open or route.database_closed or route.restore is not None


def _first_deploy(route: Route) -> Iterator[PlannedStep]:
    first, second = _waves(route)
    yield from _pull(route)
    yield from _start(first, "What services need at their start comes before them.")
    yield _step(
        StepKind.RAISE_WALL,
        "set up the front door, closed",
        "Users meet a page that says so until the release has proved itself.",
    )
    yield from _start(second, "They create their database tables as they start.")
    yield from _prove_new(route)
    yield _lower_wall()


def _upgrade(route: Route) -> Iterator[PlannedStep]:
    assert route.previous is not None  # noqa: S101 - `plan_steps` sends first deploys elsewhere
    first, second = _waves(route)
    walled = wall_reason(route)
    yield from _pull(route)
    if _names(route.changes, STOPPED | STARTED) and not route.broken:
        reason = "A way back is worth something only if what it leads to works."
        yield _step(StepKind.PROVE_OLD, f"prove that {route.previous.version} works", reason)
    if walled:
        yield _step(StepKind.RAISE_WALL, "shut users out with a page that says so", walled)
    yield from _stop(route)
    yield from _data_steps(route)
    yield from _start(first, "What services need at their start comes before them.")
    yield from _start(second, "Services migrate their database tables as they start.")
    yield from _prove_new(route)
    if walled:
        yield _lower_wall()


def _pull(route: Route) -> Iterator[PlannedStep]:
    names = _names(route.changes, PULLED)
    if names:
        yield _step(
            StepKind.PULL_IMAGES,
            f"have {plural(len(names), 'image')} on the host",
            "Downloads take long and may fail; nothing is touched until they are complete.",
            components=names,
        )


def wall_reason(route: Route) -> str:
    """Return why users must be shut out, empty when they need not be."""
    shared = [name for name in _names(route.changes, STOPPED) if _is_shared(name, route)]
    ignorant = [change.component for change in route.changes if change.unknown_rows]
    if route.restore is not None:
        return "The database goes back to an earlier state."
    if route.way_back is WayBack.DATABASE:
        return "The database changes; no entry may fall between its copy and the new release."
    if route.gives_up_database:
        return "The database changes, and this plan does not take it back: nobody works on it until all is proved."
    if ignorant:
        return f"It must prove itself on a database with changes that it does not know: {listed(ignorant)}."
    if shared:
        return f"Every request passes through or depends on: {listed(shared)}."
    return "" if route.wall_open else "Users are shut out now; they are let in once everything is proved."


def _is_shared(name: str, route: Route) -> bool:
    manifests = [one for one in (route.release, route.previous) if one is not None]
    roles = {one.components[name].role for one in manifests if name in one.components}
    return name == route.front or bool(roles & SHARED)


def _stop(route: Route) -> Iterator[PlannedStep]:
    """Stop services before what they need."""
    every = _names(route.changes, STOPPED)
    names = tuple(sorted(every, key=lambda name: (_in_first_wave(name, route), name)))
    if names:
        yield _step(
            StepKind.STOP_COMPONENTS,
            f"stop {plural(len(names), 'component')}",
            "Only what changes is stopped; everything else keeps running.",
            components=names,
        )


def _data_steps(route: Route) -> Iterator[PlannedStep]:
    if route.restore is not None:
        yield _step(
            StepKind.SWAP_DATABASE,
            "put the database back to where it was",
            "The data is to be restored, not only the release.",
            parameters={"point": route.restore},
        )
    elif route.way_back is WayBack.DATABASE:
        yield _step(
            StepKind.TAKE_ROLLBACK_POINT,
            POINT_BY[route.point.method],
            _migration_reason(route),
            parameters={METHOD: str(route.point.method)},
        )


def _migration_reason(route: Route) -> str:
    known = [f"{change.component} ({len(change.pending)})" for change in route.changes if change.pending]
    unknown = [change.component for change in route.changes if not change.migrations_known]
    parts = [f"Database changes: {listed(known)}."] if known else []
    if unknown:
        parts.append(f"Whether it changes the database cannot be known beforehand: {listed(unknown)}.")
    if route.database_closed:
        parts.append("The database is closed now; it is kept as it is before anybody is let in again.")
    if route.point.why:
        parts.append(f"Not as a better method would: {route.point.why}.")
    return " ".join(parts)


def _start(names: tuple[str, ...], reason: str) -> Iterator[PlannedStep]:
    if names:
        subject = f"start {names[0]}" if len(names) == 1 else f"start {plural(len(names), 'component')}"
        yield _step(StepKind.START_COMPONENTS, subject, reason, components=names)


def _prove_new(route: Route) -> Iterator[PlannedStep]:
    every = tuple(sorted(route.release.components))
    yield _step(
        StepKind.AWAIT_READY,
        f"wait until all {plural(len(every), 'component')} answer",
        "Ready means: it runs, and answers through the front door with the version that the release names.",
        components=every,
    )
    yield _step(StepKind.SMOKE_TEST, "run the smoke tests", "If one fails, everything goes back by itself.")
    yield _step(
        StepKind.ACCEPT,
        f"accept {route.release.version}",
        "From here on nothing goes back by itself: users' entries come next.",
    )


def _lower_wall() -> PlannedStep:
    return _step(StepKind.LOWER_WALL, "let users in", "The release has proved itself.")


def _waves(route: Route) -> tuple[tuple[str, ...], tuple[str, ...]]:
    names = _names(route.changes, STARTED)
    first = tuple(name for name in names if _in_first_wave(name, route))
    return first, tuple(name for name in names if name not in first)


def _in_first_wave(name: str, route: Route) -> bool:
    manifests: Sequence[ReleaseManifest | None] = (route.release, route.previous)
    found = [one.components[name].role for one in manifests if one is not None and name in one.components]
    return bool(found) and found[0] in FIRST_WAVE


def _names(changes: Iterable[Change], actions: frozenset[Action]) -> tuple[str, ...]:
    return tuple(change.component for change in changes if change.action in actions)


def _step(
    kind: StepKind,
    subject: str,
    reason: str,
    *,
    components: tuple[str, ...] = (),
    parameters: dict[str, str] | None = None,
) -> PlannedStep:
    return PlannedStep(kind=kind, subject=subject, reason=reason, components=components, parameters=parameters or {})
