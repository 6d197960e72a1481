"""SQL by `psql` inside the database's own container: no port needs to be open, no client needs to be installed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from olmis_release.errors import TargetUnreachable
from olmis_release.instance.ports import Container, ContainerStatus, Engine, ExecResult
from olmis_release.instance.sql import APPLICATION_NAME, CONNECT_TIMEOUT_S, LOCK_TIMEOUT_S, Row, SqlFailed, Statement

GRACE_S = 15.0
"""Seconds that the client gets on top of the server's own time limit, so that the server speaks first."""

_CONNECTION_FAILED = 2
_NOT_THERE = (126, 127)
# Severities are translated by the server, the five-character code behind them (VERBOSITY=verbose) is not.
_COMPLAINT = re.compile(r"^(?:psql:[^\n]*?:(\d+): )?[^\s:]+:\s+(?!0[012])([0-9A-Z]{5}): (.*)$", re.MULTILINE)


class DatabaseContainer:
    """The running container of the database component, looked up anew for every use: deploys replace it."""

    def __init__(self, engine: Engine, project: str, component: str) -> None:
        """Remember where to look."""
        self._engine = engine
        self._project = project
        self._component = component

    def find(self) -> Container:
        """Return the running container.

        Raises:
            TargetUnreachable: None runs.
        """
        found = [one for one in self._engine.containers(self._project) if one.component == self._component]
        running = [one for one in found if one.status is ContainerStatus.RUNNING]
        if running:
            return running[0]
        seen = f"it is {found[0].status}" if found else "there is no such container"
        raise TargetUnreachable(
            f"The database component {self._component} of project {self._project} does not run: {seen}.",
            resolution=f"Start it with `docker compose -p {self._project} start {self._component}`, or check the "
            "instance file's project and database.component.",
        )

    def exec(
        self, argv: Sequence[str], *, stdin: str = "", timeout_s: float = 60.0, env: Mapping[str, str] | None = None
    ) -> ExecResult:
        """Run a command in it."""
        return self._engine.exec(self.find().id, argv, stdin=stdin, timeout_s=timeout_s, env=env)


class Psql:
    """Sends SQL through `psql`; see `Sql`."""

    def __init__(self, container: DatabaseContainer, *, user: str, maintenance: str, password: str) -> None:
        """Remember who connects where; the password is for servers that do not trust their local socket."""
        self._container = container
        self._user = user
        self._maintenance = maintenance
        self._password = password

    def run(self, *statements: Statement, database: str = "", timeout_s: float = 60.0) -> tuple[tuple[Row, ...], ...]:
        """Run statements in one psql."""
        script = "".join(f"{statement.text};\n" for statement in statements)
        result = self._container.exec(
            psql_command(self._user, database or self._maintenance),
            stdin=script,
            timeout_s=timeout_s + GRACE_S,
            env=self._environment(timeout_s),
        )
        _check(result, statements)
        return _rows(result.stdout)

    def _environment(self, timeout_s: float) -> dict[str, str]:
        limits = f"-c statement_timeout={timeout_s * 1000:.0f} -c lock_timeout={LOCK_TIMEOUT_S * 1000:.0f}"
        environment = {
            "PGAPPNAME": APPLICATION_NAME,
            "PGCONNECT_TIMEOUT": str(CONNECT_TIMEOUT_S),
            "PGCLIENTENCODING": "UTF8",
            "PGOPTIONS": limits,
        }
        return {**environment, "PGPASSWORD": self._password} if self._password else environment


def psql_command(user: str, database: str) -> tuple[str, ...]:
    """Return the command: statements on its input, bare values out, the first failure ends it."""
    options = ("-X", "-q", "-A", "-t", "-w", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose", "-f", "-")
    return ("psql", *options, "-U", user, "-d", database)


def _check(result: ExecResult, statements: Sequence[Statement]) -> None:
    if result.exit_code == 0:
        return
    complaint = _COMPLAINT.search(result.stderr)
    if result.exit_code != _CONNECTION_FAILED and complaint:
        line, sqlstate, told = complaint.groups()
        statement = _statement_at(int(line or 0), statements)
        raise SqlFailed(told, sqlstate=sqlstate, statement=statement, details=result.stderr.strip())
    if result.exit_code in _NOT_THERE:
        raise TargetUnreachable(
            "The database's container has no psql.",
            resolution="Check that database.component in the instance file is PostgreSQL, or use database.url_from.",
            details=result.stderr.strip(),
        )
    raise TargetUnreachable(
        f"PostgreSQL gave no session: {_last_line(result)}",
        resolution="See the database container's log; it may be starting, full, or the role may be unknown.",
        details=result.stderr.strip(),
    )


def _statement_at(line: int, statements: Sequence[Statement]) -> str:
    """Return the statement that ends at or after a line of the script; values may hold line breaks."""
    end = 0
    for statement in statements:
        end += statement.text.count("\n") + 1
        if line <= end:
            return statement.text if line and not statement.returns else ""
    return ""


def _last_line(result: ExecResult) -> str:
    return (result.stderr.strip() or f"psql ended with status {result.exit_code}").splitlines()[-1]


def _rows(output: str) -> tuple[tuple[Row, ...], ...]:
    """Read JSON lists, one after the other; json_agg puts line breaks inside them too."""
    decoder, results, rest = json.JSONDecoder(), list[tuple[Any, ...]](), output.lstrip()
    while rest:
        rows, end = decoder.raw_decode(rest)
        results.append(tuple(rows))
        rest = rest[end:].lstrip()
    return tuple(results)
