"""The texts of the ledger: its tables, and the blocks by which a transaction fails on what it finds there."""

from __future__ import annotations

from dataclasses import asdict
from typing import LiteralString

from psycopg import sql as quoting

from olmis_release.instance.ports import Fence, LedgerEntry
from olmis_release.instance.sql import Statement, ask, do, value

FENCED_OFF = "OL001"
MOVED = "OL002"
NO_ENTRY = "OL003"

TABLES = (
    do("CREATE SCHEMA IF NOT EXISTS olmis_release"),
    do(
        "CREATE TABLE IF NOT EXISTS olmis_release.ledger (instance text NOT NULL, epoch bigint NOT NULL,"
        " run text NOT NULL, plan text NOT NULL, who text NOT NULL, at text NOT NULL, state text NOT NULL,"
        " outcome text NOT NULL DEFAULT '', prev_hash text NOT NULL, PRIMARY KEY (instance, epoch))"
    ),
    do("CREATE TABLE IF NOT EXISTS olmis_release.fence (instance text PRIMARY KEY, epoch bigint NOT NULL)"),
)
# The catalogue may be read by everybody, which is not so of a schema that another role made.
IS_HERE = ask(
    "SELECT EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = 'olmis_release' AND c.relname = 'fence') AS here,"
    " EXISTS (SELECT 1 FROM pg_database WHERE datname = 'olmis_release') AS own"
)
KEYS = do("CREATE TABLE IF NOT EXISTS olmis_release.settings_key (instance text PRIMARY KEY, key text NOT NULL)")
KEYS_ARE_HERE = ask(
    "SELECT 1 AS here FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = 'olmis_release' AND c.relname = 'settings_key'"
)
_ENTRIES = (
    "SELECT instance, epoch, run, plan, who, at, state, outcome, prev_hash FROM olmis_release.ledger"
    " WHERE instance = {instance} ORDER BY epoch"
)
_RAISE_FENCE = (
    "BEGIN INSERT INTO olmis_release.fence AS f VALUES ({instance}, {epoch})"
    " ON CONFLICT (instance) DO UPDATE SET epoch = {epoch} WHERE f.epoch <= {epoch};"
    " IF NOT FOUND THEN RAISE EXCEPTION 'epoch %', (SELECT epoch FROM olmis_release.fence WHERE instance = {instance})"
    " USING ERRCODE = 'OL001'; END IF; END"
)
_APPEND = (
    "DECLARE there text; BEGIN"
    " SELECT epoch || ' ' || state || ' ' || outcome INTO there FROM olmis_release.ledger"
    " WHERE instance = {instance} ORDER BY epoch DESC LIMIT 1;"
    " IF there IS DISTINCT FROM {seen} THEN RAISE EXCEPTION 'the ledger moved' USING ERRCODE = 'OL002'; END IF;"
    " INSERT INTO olmis_release.ledger VALUES ({values}); END"
)
_ACCEPT = (
    "BEGIN UPDATE olmis_release.ledger SET state = 'accepted'"
    " WHERE instance = {instance} AND epoch = {epoch} AND state = 'begun';"
    " IF NOT FOUND AND NOT EXISTS (SELECT 1 FROM olmis_release.ledger"
    " WHERE instance = {instance} AND epoch = {epoch})"
    " THEN RAISE EXCEPTION 'no entry' USING ERRCODE = 'OL003'; END IF; END"
)


def entries_of(instance: str) -> Statement:
    """Return the question for every entry of an instance, oldest first."""
    return ask(_ENTRIES, instance=value(instance))


def key_of(instance: str) -> Statement:
    """Return the question for the key of an instance."""
    return ask("SELECT key FROM olmis_release.settings_key WHERE instance = {instance}", instance=value(instance))


def kept_key(instance: str, key: str) -> Statement:
    """Return what keeps a key where there is none yet."""
    return do(
        "INSERT INTO olmis_release.settings_key VALUES ({instance}, {key}) ON CONFLICT DO NOTHING",
        instance=value(instance),
        key=value(key),
    )


def raised(fence: Fence) -> Statement:
    """Return what raises the fence to its epoch, or fails with `FENCED_OFF` where it stands higher."""
    return _block(_RAISE_FENCE, instance=value(fence.instance), epoch=value(fence.epoch))


def appended(entry: LedgerEntry, *, after: LedgerEntry | None, prev_hash: str) -> Statement:
    """Return what appends an entry, or fails with `MOVED` where the newest is not the one given."""
    seen = f"{after.epoch} {after.state} {after.outcome}" if after else None
    columns = (*asdict(entry).values(), prev_hash)
    values = quoting.SQL(", ").join(value(one if isinstance(one, int) else str(one)) for one in columns)
    return _block(_APPEND, instance=value(entry.instance), seen=value(seen), values=values)


def accepted(fence: Fence) -> Statement:
    """Return what marks the entry of an epoch accepted, or fails with `NO_ENTRY`."""
    return _block(_ACCEPT, instance=value(fence.instance), epoch=value(fence.epoch))


def ended(fence: Fence, outcome: str) -> Statement:
    """Return what writes down how the run of an epoch ended."""
    return do(
        "UPDATE olmis_release.ledger SET state = 'ended', outcome = {outcome}"
        " WHERE instance = {instance} AND epoch = {epoch}",
        outcome=value(outcome),
        instance=value(fence.instance),
        epoch=value(fence.epoch),
    )


def _block(text: LiteralString, /, **values: quoting.Composable) -> Statement:
    """Return a block of PL/pgSQL: the one way to make a transaction fail on what it finds."""
    body = quoting.SQL(text).format(**values).as_string(None)
    return do("DO {body}", body=value(body))
