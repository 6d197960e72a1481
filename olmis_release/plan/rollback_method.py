"""By which method the database is made able to go back: chosen with the plan, the first that lacks nothing."""

from __future__ import annotations

from dataclasses import dataclass

from olmis_release.errors import BadInput
from olmis_release.instance.config import RollbackMethod
from olmis_release.instance.ports import DatabaseFacts
from olmis_release.instance.site import Site
from olmis_release.text import human_bytes

GROWTH = 1.15
"""A clone as large as the database, and what migrations rewrite meanwhile."""

WAL_BYTES = 1024**3
"""PostgreSQL's default max_wal_size: a file copy writes little WAL, the migrations after it may fill this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The method, and why those before it could not be taken; empty mostly."""

    method: RollbackMethod
    why: str = ""


CLONE = Choice(method=RollbackMethod.CLONE)


def clone_needs(size_bytes: int) -> int:
    """Return the room that a clone of a database of that size takes where the data lies."""
    return int(size_bytes * GROWTH) + WAL_BYTES


def choose_method(site: Site, facts: DatabaseFacts | None) -> Choice:
    """Return the first method of the instance file that lacks nothing.

    Args:
        site: Asked for room and rights.
        facts: The database; None where it does not answer now, and then the first method is taken on trust.

    Raises:
        BadInput: Every method lacks something; says what.
    """
    methods = site.config.database.rollback.methods
    if facts is None:
        return Choice(method=methods[0])
    lacking: list[str] = []
    for method in methods:
        lack = lacks(site, method, facts)
        if not lack:
            return Choice(method=method, why="; ".join(lacking))
        lacking.append(f"{method}: {lack}")
    raise BadInput.one(
        f"The database has no way back: {'; '.join(lacking)}.",
        resolution="Provide what one of them lacks, name another method as database.rollback.methods in the instance "
        "file, or plan with --no-db-rollback: then a failed release leaves its database changes in place.",
        code="E-NO-WAY-BACK",
    )


def lacks(site: Site, method: RollbackMethod, facts: DatabaseFacts) -> str:
    """Return what a method lacks for a database, empty when it lacks nothing."""
    if method is not RollbackMethod.HOOK and (denied := _denied(site, facts)):
        return denied
    if method is RollbackMethod.CLONE:
        return _no_room(site, facts)
    fallback = site.fallbacks.get(method)
    if fallback is None:
        return "no component of the instance runs the database, so that nothing here could dump it"
    return fallback.lacks(facts.size_bytes)


def _denied(site: Site, facts: DatabaseFacts) -> str:
    server = site.database.server()
    if server.superuser or (facts.owned and server.create_database):
        return ""
    return f"{server.role} may not create and rename databases like {facts.name}"


def _no_room(site: Site, facts: DatabaseFacts) -> str:
    free, needed = site.database.free_bytes(), clone_needs(facts.size_bytes)
    if free is None or free >= needed:
        return ""
    return f"a copy needs {human_bytes(needed)}; {human_bytes(free)} are free where the data lies"
