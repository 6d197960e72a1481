"""Does anything stand in the way of closing, cloning or renaming the database?"""

from __future__ import annotations

from collections.abc import Iterator

from olmis_release.instance.ports import Blockers, DatabaseFacts, DatabaseState
from olmis_release.preflight.databases import in_the_way, no_such_database, not_there_yet
from olmis_release.preflight.model import Check, Finding, Subject, passed, warned
from olmis_release.preflight.slots import slots_in_use, slots_to_know

INTERRUPTED_DROP = -2
"""Connection limit of a database whose DROP was interrupted: only DROP can follow."""


def nothing_is_in_the_way(subject: Subject) -> Finding:
    """List every obstacle; what only has to be known is a warning."""
    if (new := not_there_yet(subject)) is not None:
        return new
    if subject.database is None:
        return no_such_database(subject)
    blockers = subject.site.database.blockers()
    obstacles = (*_obstacles(subject, subject.database), *_holders(blockers), *slots_in_use(subject, blockers))
    notices = (
        *slots_to_know(subject, blockers),
        *_collation(subject.database),
        *_leftovers(subject),
        *_orphans(blockers),
    )
    if obstacles:
        said = [text for text, _ in (*obstacles, *notices)]
        return in_the_way(subject, " ".join(said), resolution=" ".join(remedy for _, remedy in obstacles))
    if notices:
        return warned(" ".join(text for text, _ in notices), resolution=" ".join(remedy for _, remedy in notices))
    return passed(f"Nothing holds {subject.database.name}.")


def _obstacles(subject: Subject, facts: DatabaseFacts) -> Iterator[tuple[str, str]]:
    if facts.connection_limit == INTERRUPTED_DROP:
        yield f"A DROP of {facts.name} was interrupted; it is lost.", "Restore it from a backup."
    if not subject.is_rollback:  # a rollback is the way out of exactly this
        yield from _unfinished(subject, facts)


def _unfinished(subject: Subject, facts: DatabaseFacts) -> Iterator[tuple[str, str]]:
    """Yield what a run that never ended left: over that, a new point would keep a half-migrated database."""
    way_out = f"Take that run back: olmis-release rollback {subject.site.config.name}"
    if not facts.open:
        yield (
            f"{facts.name} is closed to everybody.",
            f"{way_out}; or open it: ALTER DATABASE {facts.name} ALLOW_CONNECTIONS true.",
        )
    for point in subject.site.database.points():
        if point.of_oid == facts.oid and point.state is not DatabaseState.ACCEPTED:
            drop = f"ALTER DATABASE {point.database} IS_TEMPLATE false, then DROP DATABASE {point.database}"
            yield (
                f"{point.database} is the rollback point of a run that never ended.",
                f"{way_out}; or, if things are to stay as they are: {drop}.",
            )


def _holders(blockers: Blockers) -> Iterator[tuple[str, str]]:
    if blockers.prepared:
        yield (
            f"Prepared transactions are open: {', '.join(blockers.prepared)}.",
            "COMMIT PREPARED or ROLLBACK PREPARED each of them.",
        )
    if blockers.subscriptions:
        yield (
            f"The database subscribes to others: {', '.join(blockers.subscriptions)}.",
            "Disable each subscription, set its slot_name to NONE, and drop it for the time of the deploy.",
        )
    if blockers.base_backups:
        yield f"A base backup is running: {', '.join(blockers.base_backups)}.", "Wait until it has ended."


def _collation(facts: DatabaseFacts) -> Iterator[tuple[str, str]]:
    if not facts.collation_matches:
        yield (
            f"The collation of {facts.name} is of another version than the server's library; a copy keeps the old one.",
            f"Reindex it some day, then ALTER DATABASE {facts.name} REFRESH COLLATION VERSION.",
        )


def _leftovers(subject: Subject) -> Iterator[tuple[str, str]]:
    leftovers = [one for one in subject.site.database.databases() if _is_leftover(subject, one)]
    if leftovers:
        yield (
            f"Databases of earlier runs take room: {', '.join(one.name for one in leftovers)}.",
            "Drop them when nobody needs them any more.",
        )


def _orphans(blockers: Blockers) -> Iterator[tuple[str, str]]:
    if blockers.orphans:
        yield (
            f"Data files belong to no database, left by a server that died in a copy: {', '.join(blockers.orphans)}.",
            "With the server stopped, an administrator may remove those folders: compare SELECT oid FROM pg_database.",
        )


def _is_leftover(subject: Subject, one: DatabaseFacts) -> bool:
    """Tell what failed or half-dropped from points that are kept on purpose."""
    name = subject.site.database.name
    half_dropped = one.connection_limit == INTERRUPTED_DROP and one.name != name
    kept = {point.database for point in subject.site.database.points()}
    stray = one.name.startswith(f"{name}__before_") and one.name not in kept
    return half_dropped or stray or one.name.startswith(f"{name}__failed_")


CHECK = Check(
    id="nothing-in-the-way",
    question="Is the database free of anything that stops a clone or a rename?",
    ask=nothing_is_in_the_way,
)
