"""Questions to the server that change nothing: who we are, which databases exist, what stands in the way."""

from __future__ import annotations

from psycopg import sql as quoting

from olmis_release.errors import StepFailed
from olmis_release.instance.database_note import failed_prefix, point_prefix, read_note
from olmis_release.instance.database_orphans import orphan_files
from olmis_release.instance.database_slots import slots_query
from olmis_release.instance.ports import Blockers, DatabaseFacts, ServerFacts, Slot
from olmis_release.instance.sql import Row, Sql, ask, value

VERSION_10 = 100000
VERSION_13 = 130000
VERSION_15 = 150000

_DATABASES = (
    "SELECT d.datname AS name, d.oid::bigint AS oid, pg_get_userbyid(d.datdba) AS owner,"
    " pg_has_role(d.datdba, 'USAGE') AS owned, d.datallowconn AS open, d.datistemplate AS template,"
    " d.datconnlimit AS connection_limit, coalesce(shobj_description(d.oid, 'pg_database'), '') AS comment,"
    " CASE WHEN has_database_privilege(d.oid, 'CONNECT') THEN pg_database_size(d.oid) ELSE 0 END AS size_bytes,"
    " {matches} AS collation_matches,"
    " ARRAY(SELECT unnest(setconfig) FROM pg_db_role_setting s WHERE s.setdatabase = d.oid AND s.setrole = 0)"
    " AS settings, coalesce(d.datacl::text[], '{{}}') AS acl"
    " FROM pg_database d ORDER BY d.datname"
)
# Since version 15 PostgreSQL refuses to copy a database whose collation library changed under it.
_COLLATION_MATCHES = (
    "(d.datcollversion IS NULL OR d.datcollversion IS NOT DISTINCT FROM pg_database_collation_actual_version(d.oid))"
)


def server_facts(sql: Sql) -> ServerFacts:
    """Return version and rights."""
    ((row,),) = sql.run(
        ask(
            "SELECT current_setting('server_version_num')::int AS version_number, rolname AS role,"
            " rolsuper AS superuser, rolsuper OR rolcreatedb AS create_database,"
            " rolsuper OR rolreplication AS replication"
            " FROM pg_roles WHERE rolname = current_user"
        )
    )
    return ServerFacts(**row)


def all_databases(sql: Sql, version_number: int) -> tuple[DatabaseFacts, ...]:
    """Return every database; the size is 0 where our role may not know it."""
    matches = quoting.SQL(_COLLATION_MATCHES if version_number >= VERSION_15 else "true")
    (rows,) = sql.run(ask(_DATABASES, matches=matches))
    return tuple(_facts(row) for row in rows)


def _facts(row: Row) -> DatabaseFacts:
    return DatabaseFacts(**{**row, "settings": tuple(row["settings"]), "acl": tuple(row["acl"])})


def existing(databases: tuple[DatabaseFacts, ...], database: str) -> DatabaseFacts:
    """Return one of the databases.

    Raises:
        StepFailed: It is not among them; says which are, with the OIDs that renames do not change.
    """
    for one in databases:
        if one.name == database:
            return one
    there = ", ".join(f"{one.name} ({one.oid})" for one in databases)
    raise StepFailed(
        f"There is no database {database} on the server; there are: {there}.",
        resolution=_name_back(databases, database),
    )


def _name_back(databases: tuple[DatabaseFacts, ...], missing: str) -> str:
    """Return how a database that somebody renamed by hand gets its name back; a rollback point knows its OID."""
    points = [
        (one, note)
        for one in databases
        if one.name.startswith(point_prefix(missing)) and (note := read_note(one.comment))
    ]
    for point, note in reversed(points):
        renamed = next((one.name for one in databases if one.oid == note.of), None)
        if renamed:
            return f"{point.name} is a copy of what is {renamed} now: ALTER DATABASE {renamed} RENAME TO {missing}."
    if points:
        name = points[-1][0].name
        return (
            f"The newest copy of it is {name}. If it is lost: ALTER DATABASE {name} IS_TEMPLATE false; ALTER DATABASE "
            f"{name} RENAME TO {missing}; ALTER DATABASE {missing} ALLOW_CONNECTIONS true."
        )
    return "If somebody renamed it by hand, give it its name back with ALTER DATABASE … RENAME TO …."


def blockers_of(sql: Sql, database: str, version_number: int) -> Blockers:
    """Return what would stop a clone, rename or drop of a database."""
    live = value(database)
    prepared = ask("SELECT gid AS what FROM pg_prepared_xacts WHERE database = {live}", live=live)
    subscriptions = ask(
        "SELECT s.subname AS what FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid"
        " WHERE d.datname = {live}",
        live=live,
    )
    backups = ask("SELECT format('pid %s, %s', pid, phase) AS what FROM pg_stat_progress_basebackup")
    none = ask("SELECT ''::text AS what WHERE false")
    results = sql.run(
        prepared,
        subscriptions if version_number >= VERSION_10 else none,
        backups if version_number >= VERSION_13 else none,
    )
    (slots,) = sql.run(slots_query(database, failed_prefix(database)))
    orphans = orphan_files(sql)
    found = [tuple(row["what"] for row in rows) for rows in results]
    return Blockers(
        prepared=found[0],
        subscriptions=found[1],
        slots=tuple(Slot(**row) for row in slots),
        base_backups=found[2],
        orphans=orphans,
    )
