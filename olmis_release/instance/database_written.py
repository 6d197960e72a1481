"""Was anything written since the rollback point was taken? Asked only to tell people; a swap is safe either way.

The closed database lets nobody in, so its own per-table counters cannot be read at that moment. What the server counts
for the whole database can, from outside, and it counts rows of the catalogue too: where it stands still, no row of any
table was added, changed or removed, no history row and no definition either.
"""

from __future__ import annotations

import hashlib

import rfc8785

from olmis_release.instance.sql import Sql, ask, value

EXACT_SINCE = 150000
"""Before version 15 the counters arrive a moment after the session that wrote has ended."""

# A server that crashes counts from zero again: when it started and when it last threw counters away belong to it.
_COUNTERS = (
    "SELECT s.tup_inserted AS inserted, s.tup_updated AS updated, s.tup_deleted AS deleted,"
    " s.stats_reset::text AS reset, pg_postmaster_start_time()::text AS started,"
    " (SELECT stats_reset::text FROM pg_stat_bgwriter) AS discarded"
    " FROM pg_stat_database s WHERE s.datname = {live}"
)


def counted(sql: Sql, database: str, *, version: int) -> str:
    """Return a hash of what was ever written to a closed database, empty where that cannot be told exactly."""
    if version < EXACT_SINCE:
        return ""
    (rows,) = sql.run(ask(_COUNTERS, live=value(database)))
    return hashlib.sha256(rfc8785.dumps([dict(row) for row in rows])).hexdigest()[:16]


def written(before: str, now: str) -> bool | None:
    """Compare two such hashes; None where one of them is not known."""
    return before != now if before and now else None
