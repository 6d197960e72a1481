"""An empty database like the live one, to be filled from a dump."""

from __future__ import annotations

from psycopg import sql as quoting

from olmis_release.instance.ports import DatabaseFacts
from olmis_release.instance.sql import Row, Statement, do, name, value

LOCALE = (
    "SELECT pg_encoding_to_char(encoding) AS encoding, datcollate AS collate, datctype AS ctype,"
    " coalesce(to_jsonb(d) ->> 'datlocprovider', 'c') AS provider,"
    " coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale', '') AS locale"
    " FROM pg_database d WHERE datname = {live}"
)
"""Columns that only some versions have are read through JSON."""


def empty_command(live: DatabaseFacts, point: str, like: Row) -> Statement:
    """Return the CREATE DATABASE of an empty database like the live one."""
    icu = quoting.SQL(" LOCALE_PROVIDER icu ICU_LOCALE {}").format(value(like["locale"]))
    return do(
        "CREATE DATABASE {point} TEMPLATE template0 OWNER {owner} ENCODING {encoding} LC_COLLATE {collate}"
        " LC_CTYPE {ctype}{icu}",
        point=name(point),
        owner=name(live.owner),
        encoding=value(like["encoding"]),
        collate=value(like["collate"]),
        ctype=value(like["ctype"]),
        icu=icu if like["provider"] == "i" else quoting.SQL(""),
    )
