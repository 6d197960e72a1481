"""Give a copy what CREATE DATABASE … TEMPLATE does not take over: grants, settings, settings per role, limit."""

from __future__ import annotations

import re
from collections.abc import Iterator

from psycopg import sql as quoting

from olmis_release.errors import StepFailed
from olmis_release.instance.ports import DatabaseFacts
from olmis_release.instance.sql import Row, Sql, Statement, ask, do, name, value

# Their value is a list of names; written as one literal it would become a list of one odd name.
LISTS = (
    "local_preload_libraries",
    "search_path",
    "session_preload_libraries",
    "shared_preload_libraries",
    "temp_tablespaces",
    "unix_socket_directories",
)

_ITEM = re.compile(r'\s*(?:"((?:[^"]|"")*)"|([^",]*?))\s*,')

_GRANTS = (
    "SELECT pg_get_userbyid(a.grantor) AS grantor, CASE a.grantee WHEN 0 THEN NULL ELSE pg_get_userbyid(a.grantee) END"
    " AS grantee, a.privilege_type AS privilege, a.is_grantable AS grantable"
    " FROM pg_database d, aclexplode(d.datacl) a WHERE d.datname = {live}"
)
_SETTINGS = (
    "SELECT CASE s.setrole WHEN 0 THEN NULL ELSE pg_get_userbyid(s.setrole) END AS role, unnest(s.setconfig) AS setting"
    " FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase WHERE d.datname = {live}"
)


def likeness(sql: Sql, live: DatabaseFacts, copy: str) -> tuple[Statement, ...]:
    """Return the statements that make a fresh copy like the live database."""
    grants, settings = sql.run(ask(_GRANTS, live=value(live.name)), ask(_SETTINGS, live=value(live.name)))
    limit = do("ALTER DATABASE {copy} CONNECTION LIMIT {n}", copy=name(copy), n=value(live.connection_limit))
    return (
        *(_only_these_grants(live, copy, grants) if live.acl else ()),
        *(_setting(copy, row) for row in settings),
        limit,
    )


def check_likeness(live: DatabaseFacts, copy: DatabaseFacts) -> None:
    """Compare the two as the server now describes them.

    Raises:
        StepFailed: They differ; names in what.
    """
    pairs = {
        "owner": (live.owner, copy.owner),
        "connection limit": (live.connection_limit, copy.connection_limit),
        "grants": (sorted(live.acl), sorted(copy.acl)),
        "settings": (sorted(live.settings), sorted(copy.settings)),
    }
    unlike = [f"{what} ({there} there, {here} here)" for what, (there, here) in pairs.items() if there != here]
    if unlike:
        raise StepFailed(
            f"The copy {copy.name} is not like {live.name}: {'; '.join(unlike)}.",
            resolution="Use a superuser, or give our role the rights that the database's owner has.",
        )


def _only_these_grants(live: DatabaseFacts, copy: str, grants: tuple[Row, ...]) -> Iterator[Statement]:
    yield do("REVOKE ALL ON DATABASE {copy} FROM PUBLIC, {owner}", copy=name(copy), owner=name(live.owner))
    # Whoever passed a right on needs to have it first, so what the owner granted comes first.
    for row in sorted(grants, key=lambda row: bool(row["grantor"] != live.owner)):
        grant = _grant(copy, row)
        yield from (grant,) if row["grantor"] == live.owner else _as_role(row["grantor"], grant)


def _grant(copy: str, row: Row) -> Statement:
    return do(
        "GRANT {privilege} ON DATABASE {copy} TO {grantee}{option}",
        privilege=quoting.SQL({"CREATE": "CREATE", "CONNECT": "CONNECT"}.get(row["privilege"], "TEMPORARY")),
        copy=name(copy),
        grantee=quoting.SQL("PUBLIC") if row["grantee"] is None else name(row["grantee"]),
        option=quoting.SQL(" WITH GRANT OPTION" if row["grantable"] else ""),
    )


def _as_role(role: str, statement: Statement) -> tuple[Statement, ...]:
    return (do("SET LOCAL ROLE {role}", role=name(role)), statement, do("RESET ROLE"))


def _setting(copy: str, row: Row) -> Statement:
    parameter, _, content = row["setting"].partition("=")
    items = list_items(content) if parameter.lower() in LISTS else [content]
    whose = quoting.SQL("DATABASE {copy}").format(copy=name(copy))
    if row["role"] is not None:
        whose = quoting.SQL("ROLE {role} IN DATABASE {copy}").format(role=name(row["role"]), copy=name(copy))
    return do(
        "ALTER {whose} SET {parameter} TO {items}",
        whose=whose,
        parameter=name(*parameter.split(".")),
        items=quoting.SQL(", ").join(value(item) for item in items),
    )


def list_items(content: str) -> list[str]:
    """Split PostgreSQL's spelling of a list of names: commas part, quotes keep together, doubled quotes are one."""
    return [quoted.replace('""', '"') or plain for quoted, plain in _ITEM.findall(f"{content},")]
