"""One release tried on an estate, and what the tests ask about it afterwards."""

from __future__ import annotations

import json
import secrets
import subprocess
from dataclasses import dataclass
from typing import Any

import requests

from lab.estate import Estate
from lab.probe import Outage, Prober
from lab.writers import Verdict, Writers, verify

Finished = subprocess.CompletedProcess[str]
BOOT_SCALE = 0.1
ROUTES = ("/", "/auth", "/requisition")


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A command that ran while clients wrote and probes measured."""

    done: Finished
    verdicts: dict[str, Verdict]
    outage: Outage


def fresh_name() -> str:
    """Name an instance that nobody uses."""
    return f"test-{secrets.token_hex(3)}"


def watched(estate: Estate, services: tuple[str, ...], *arguments: str) -> Watched:
    """Run the tool while four clients write without pause, from before until after."""
    with Prober(estate.url, ROUTES) as prober, Writers(estate.url, services) as writers:
        writers.wait_for(60)
        done = estate.tool(*arguments)
        writers.wait_for(60)
    verdicts = {service: verify(ledger, estate.rows(service)) for service, ledger in writers.ledgers().items()}
    return Watched(done=done, verdicts=verdicts, outage=prober.outage())


def new_release(estate: Estate, **pins: str) -> str:
    """Make a candidate of the estate's next revision, with components set to other tags.

    Returns:
        The release.
    """
    folder = estate.folder / "manifests" / "candidates"
    known = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    base = "3.5.0+small"
    release = f"{base}{1 + sum(name.startswith(base) for name in known)}"
    require(estate.candidate(release, **pins))
    return release


def deploy(estate: Estate, *flags: str, **pins: str) -> Finished:
    """Deploy the next revision."""
    return estate.tool("deploy", estate.instance, "--release", new_release(estate, **pins), *flags)


def require(done: Finished, *, exit_code: int = 0) -> Finished:
    """Insist on how a command ended."""
    assert done.returncode == exit_code, f"{done.args} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done


def runs(estate: Estate) -> list[dict[str, Any]]:
    """Return what `history` tells, newest first."""
    found: list[dict[str, Any]] = json.loads(estate.tool("history", estate.instance, "--json").stdout)["runs"]
    return found


def write_row(estate: Estate, service: str, row: str) -> None:
    """Write one row as a client does."""
    body = {"id": row, "note": "written by a test"}
    assert requests.post(f"{estate.url}/api/{service}/records", json=body, timeout=10).status_code == 201


def likeness(estate: Estate) -> dict[str, list[str]]:
    """Describe all of the database that a rollback must not change, but for rows that clients write meanwhile."""
    return {
        "database": estate.psql(
            "SELECT pg_get_userbyid(datdba), datacl, datconnlimit, datallowconn, datistemplate, "
            "shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
        ),
        "settings": estate.psql(
            "SELECT setrole::regrole, setconfig FROM pg_db_role_setting JOIN pg_database ON setdatabase = oid "
            "WHERE datname = current_database() ORDER BY 1"
        ),
        "columns": estate.psql(
            "SELECT table_schema, table_name, column_name, data_type, column_default FROM information_schema.columns "
            "WHERE table_schema !~ '^(pg_|information_schema)' ORDER BY 1, 2, 3"
        ),
        "grants": estate.psql(
            "SELECT relnamespace::regnamespace, relname, relacl FROM pg_class WHERE relkind IN ('r', 'S') "
            "AND relnamespace::regnamespace::text !~ '^(pg_|information_schema)' ORDER BY 1, 2"
        ),
        "counts": estate.psql(COUNTS),
    }


COUNTS = """
SELECT schemaname, relname,
       (xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM %I.%I', schemaname, relname),
                                            false, true, '')))[1]
FROM pg_stat_user_tables WHERE relname <> 'records' ORDER BY 1, 2
"""
