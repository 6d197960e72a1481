"""The gate: once it is shut nobody can commit; that, not a maintenance page, proves that nothing is lost.

A connection limit or a revoked CONNECT does not keep superusers out, and OpenLMIS services log in as one. A database
that allows no connections keeps out everybody; sessions that are in already stay, so they are ended until none is left.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from olmis_release.clock import monotonic_s
from olmis_release.errors import StepFailed
from olmis_release.instance.sql import Row, Sql, ask, do, name, value

PAUSE_S = 0.05
"""Between two looks; a session that was told to end needs a moment."""

# A login holds this lock from before it reads whether the database is open until after its session can be seen.
# Asked first, it closes the gap in which a session is neither refused nor listed.
_STARTING = (
    "SELECT l.pid FROM pg_locks l JOIN pg_database d ON d.oid = l.objid WHERE d.datname = {live}"
    " AND l.locktype = 'object' AND l.classid = 'pg_database'::regclass AND l.mode = 'RowExclusiveLock'"
    " AND l.pid <> pg_backend_pid()"
)
# Only who may be told to end is told: one refusal would end the whole statement.
_SESSIONS = (
    "SELECT a.pid, coalesce(a.usename, '') AS role, coalesce(a.application_name, '') AS application,"
    " coalesce(host(a.client_addr), 'socket') AS address,"
    " coalesce(to_jsonb(a) ->> 'backend_type', 'client backend') AS kind,"
    " CASE WHEN me.rolsuper OR (NOT coalesce(r.rolsuper, true) AND (pg_has_role(a.usesysid, 'USAGE')"
    " OR pg_has_role('pg_signal_backend', 'USAGE'))) THEN pg_terminate_backend(a.pid) END AS told"
    " FROM pg_stat_activity a LEFT JOIN pg_roles r ON r.oid = a.usesysid, pg_roles me"
    " WHERE me.rolname = current_user AND a.datname = {live} AND a.pid <> pg_backend_pid()"
)
_PREPARED = "SELECT gid, owner FROM pg_prepared_xacts WHERE database = {live}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """Who is still in a database: logins under way, sessions, prepared transactions."""

    starting: tuple[Row, ...]
    sessions: tuple[Row, ...]
    prepared: tuple[Row, ...]

    def __bool__(self) -> bool:
        """Tell whether anybody is left."""
        return bool(self.starting or self.sessions or self.prepared)


def shut(sql: Sql, database: str, *, timeout_s: float) -> None:
    """Close a database and end every session on it; returns only when none is left.

    Raises:
        StepFailed: Somebody is still in after the time allowed; the database stays closed.
    """
    deadline = monotonic_s() + timeout_s
    sql.run(do("ALTER DATABASE {live} ALLOW_CONNECTIONS false", live=name(database)))
    while inside := _end_sessions(sql, database):
        if monotonic_s() >= deadline:
            raise _still_inside(database, inside, timeout_s)
        time.sleep(PAUSE_S)


def let_in(sql: Sql, database: str) -> None:
    """Open a database."""
    sql.run(do("ALTER DATABASE {live} ALLOW_CONNECTIONS true", live=name(database)))


def _end_sessions(sql: Sql, database: str) -> Inside:
    live = value(database)
    starting, sessions, prepared = sql.run(
        ask(_STARTING, live=live), ask(_SESSIONS, live=live), ask(_PREPARED, live=live)
    )
    # The server itself sends its vacuum workers away when a database is copied or renamed; they write no user's data.
    counted = tuple(row for row in sessions if row["kind"] != "autovacuum worker")
    return Inside(starting=starting, sessions=counted, prepared=prepared)


def _still_inside(database: str, inside: Inside, timeout_s: float) -> StepFailed:
    details = [
        *(f"session {row['pid']} of role {row['role']} from {row['address']} ({row['application'] or row['kind']})"
          f"{'' if row['told'] else ': our role may not end it'}" for row in inside.sessions),
        *(f"prepared transaction {row['gid']} of role {row['owner']}" for row in inside.prepared),
        *(f"login under way, pid {row['pid']}" for row in inside.starting),
    ]  # fmt: skip
    advice = "End them by hand, then try again."
    if any(not row["told"] for row in inside.sessions):
        advice = "Use a superuser, or a role with pg_signal_backend where those sessions are not a superuser's."
    elif inside.prepared:
        gid = inside.prepared[0]["gid"]
        advice = f"Open the database and settle them there: COMMIT PREPARED or ROLLBACK PREPARED '{gid}'."
    return StepFailed(
        f"{database} is closed but not empty after {timeout_s:.0f} s: {'; '.join(details)}.",
        resolution=advice,
        details="\n".join(details),
    )
