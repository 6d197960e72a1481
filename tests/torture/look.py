"""What an instance is in now, seen past the tool: containers, versions, wall, database, lock, registrations."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import docker
import psycopg
import requests
from docker.errors import NotFound
from psycopg import sql

from tests.torture.bed import LIVE, SERVICES, Bed, Start, address_of

CLAIM_LABEL = "org.openlmis.release.lock.claim"
TABLES = """
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname !~ '^(pg_|information_schema|kept)' ORDER BY 1, 2"""
ROWS = "SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)), 0)::text FROM {} t"
HISTORY = "SELECT version, script, checksum, success FROM {} ORDER BY installed_rank"
HISTORIES = ("schema_version", "flyway_schema_history")
CHANGED_BY_CLIENTS = "records"
ATTRIBUTES = """
SELECT pg_get_userbyid(d.datdba), d.datacl::text, d.datconnlimit, d.datallowconn, d.datistemplate,
       shobj_description(d.oid, 'pg_database'),
       ARRAY(SELECT unnest(s.setconfig) FROM pg_db_role_setting s WHERE s.setdatabase = d.oid ORDER BY 1)
FROM pg_database d WHERE d.datname = %s"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What serving a release looks like.

    Attributes:
        images: Component to image id.
        versions: Service to what its version endpoint says.
        database: See `Picture`.
    """

    images: Mapping[str, str]
    versions: Mapping[str, str]
    database: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What was seen.

    Attributes:
        images: Component to image id, ``not running`` where it is there and does not run.
        ids: Component to container id.
        versions: Service to what its version endpoint tells a user, ``503`` and the like where it is not 200.
        wall: ``open``, ``closed`` or ``absent``.
        database: Rows by table with their hash, migration histories, attributes; empty when the database is closed.
        databases: Every database that no start has, with its comment.
        lock: What the lock on the instance says of its holder, None when there is none.
        registered: Service to addresses.
        addresses: Service to the address of its container.
    """

    images: Mapping[str, str]
    ids: Mapping[str, str]
    versions: Mapping[str, str]
    wall: str
    database: Mapping[str, Any]
    databases: Mapping[str, str]
    lock: Mapping[str, Any] | None
    registered: Mapping[str, list[str]]
    addresses: Mapping[str, str]


def look(bed: Bed) -> Picture:
    """Look at all of it."""
    containers = bed.containers()
    return Picture(
        images={name: _image(one) for name, one in containers.items()},
        ids={name: str(one.id) for name, one in containers.items()},
        versions={service: version(bed, service) for service in SERVICES},
        wall=bed.wall(),
        database=database(bed),
        databases=databases(bed),
        lock=lock(bed),
        registered={name: at for name, at in _registrations(bed).items() if name in SERVICES},
        addresses={name: address_of(containers[name]) for name in SERVICES if name in containers},
    )


def reference(bed: Bed, start: Start) -> Reference:
    """Look at a start that was just reset, as what the end of a case is compared with."""
    seen = look(bed)
    return Reference(images=seen.images, versions=seen.versions, database=seen.database)


def version(bed: Bed, service: str) -> str:
    """Ask a version endpoint as a user would."""
    try:
        answer = requests.get(f"{bed.estate.url}/{service}", timeout=8)
        return str(answer.json()["version"]) if answer.status_code == 200 else str(answer.status_code)
    except (requests.RequestException, ValueError, KeyError) as error:
        return type(error).__name__


def database(bed: Bed, name: str = LIVE) -> Mapping[str, Any]:
    """Return what a database holds and is; empty when nobody gets in."""
    try:
        with bed.connect(name) as inside, bed.connect() as outside:
            found = {f"{schema}.{table}": _content(inside, schema, table) for schema, table in inside.execute(TABLES)}
            attributes = outside.execute(ATTRIBUTES, [name]).fetchone()
    except psycopg.OperationalError:
        return {}
    return _plain({"tables": found, "attributes": attributes})


def _content(connection: psycopg.Connection[Any], schema: str, table: str) -> Any:
    if table == CHANGED_BY_CLIENTS:
        return "clients write here"
    question = HISTORY if table in HISTORIES else ROWS
    return connection.execute(sql.SQL(question).format(sql.Identifier(schema, table))).fetchall()


def _plain(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return it as it comes back from a file, so that the two can be compared."""
    plain: Mapping[str, Any] = json.loads(json.dumps(value, default=str))
    return plain


def databases(bed: Bed) -> Mapping[str, str]:
    """Return the databases beside the live one, with their comments."""
    with bed.connect() as connection:
        names = [name for name in bed.databases(connection) if name != LIVE]
        question = "SELECT coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database WHERE datname = %s"
        return {name: str((connection.execute(question, [name]).fetchone() or ("",))[0]) for name in names}


def lock(bed: Bed) -> Mapping[str, Any] | None:
    """Return the claim of the lock that stands."""
    try:
        found = docker.from_env().containers.get(f"olmis-release-lock-{bed.name}")
    except NotFound:
        return None
    claim: Mapping[str, Any] = json.loads(found.labels[CLAIM_LABEL])
    return {**claim, "running": found.status == "running"}


def rows(bed: Bed, service: str) -> list[str]:
    """Return the ids of every row that clients wrote: of the live database and of those that were put aside.

    A rollback that gives data up puts it aside, closed; a copy of it is read.
    """
    found = _rows_in(bed, LIVE, service)
    for name in databases(bed):
        if "__failed_" in name:
            found = [*found, *set(_rows_of_closed(bed, name, service)) - set(found)]
    return found


def _rows_in(bed: Bed, name: str, service: str) -> list[str]:
    with bed.connect(name) as connection:
        question = sql.SQL("SELECT id FROM {}").format(sql.Identifier(service, CHANGED_BY_CLIENTS))
        return [str(row[0]) for row in connection.execute(question)]


def _rows_of_closed(bed: Bed, name: str, service: str) -> list[str]:
    peek = "kept_peek"
    with bed.connect() as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(peek), sql.Identifier(name)))
        try:
            return _rows_in(bed, peek, service)
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(peek)))


def _image(container: Any) -> str:
    return str(container.attrs["Image"]) if container.attrs["State"]["Running"] is True else "not running"


def _registrations(bed: Bed) -> Mapping[str, list[str]]:
    try:
        return bed.registrations()
    except (requests.RequestException, KeyError):
        return {}
