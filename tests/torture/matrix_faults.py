"""What each fault of the matrix does to a bed, and how it is mended."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import psycopg

from tests.torture.bed import LIVE
from tests.torture.matrix_bed import REFUSING, LinedBed, empty_volume, fill_volume, quietly, run, unpause
from tests.torture.matrix_points import Row

Act = Callable[[LinedBed], None]
SERVICE = "requisition"
EARLY = (Row.VERIFY, Row.LOCK, Row.PREFLIGHT, Row.PULL)
"""Rows in which nothing was touched: the tool starts nothing again that an engine's end left down."""
FILLER = ".filler"


class Column(StrEnum):
    """A fault, by its letter in the specification."""

    KILL = "K"
    ENGINE = "D"
    NETWORK = "N"
    DISK = "Z"
    IMAGE = "I"
    UNHEALTHY = "U"
    DATABASE = "C"
    MIGRATION = "M"
    SMOKE = "S"
    SECOND = "2"


def nothing(bed: LinedBed) -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Harm:
    """A fault.

    Attributes:
        do: Begin it, while the tool is stopped.
        meanwhile: What comes by itself, once the tool goes on.
        mend: End it; may be called twice.
    """

    do: Act = nothing
    meanwhile: Act = nothing
    mend: Act = nothing


def harm_of(column: Column, row: Row) -> Harm:
    """Return what a fault is at a step."""
    return HARMS[column](row)


def of_engine(row: Row) -> Harm:
    """Kill the engine and start it again; what it left down is started by the tool, once that has touched anything."""
    return Harm(do=kill_engine, meanwhile=start_engine, mend=bring_back if row in EARLY else await_database)


def of_line(_row: Row) -> Harm:
    """Cut the line to engine, database and front."""
    return Harm(do=lambda bed: bed.lines.cut(), mend=lambda bed: bed.lines.mend())


def of_disk(row: Row) -> Harm:
    """Fill the disk that the step needs: the database's, or the workspace's."""
    if row in {Row.POINT, Row.START, Row.SWAP}:
        return Harm(do=fill_volume, mend=make_room)
    full = FullDisk()
    return Harm(do=full.begin, mend=full.end)


def of_health(row: Row) -> Harm:
    """Let a service answer nothing; where it is stopped anyhow a stand-in hears no SIGTERM, so that it is killed."""
    if row in {Row.STOP, Row.UNDO_START}:
        return Harm()
    paused = "auth" if row in {Row.START, Row.SWAP} else SERVICE
    return Harm(do=lambda bed: pause(bed, paused), mend=lambda bed: unpause(bed, paused))


def of_database(row: Row) -> Harm:
    """Let the database refuse: everybody where services need it, the tool elsewhere."""
    if row in {Row.START, Row.READY, Row.SMOKE, Row.UNDO_STOP, Row.PROOF}:
        return Harm(do=close_database, mend=open_database)
    return Harm(do=lambda bed: bed.lines.sql.behave(REFUSING), mend=lambda bed: bed.lines.mend())


def kill_engine(bed: LinedBed) -> None:
    """Kill the engine."""
    assert bed.lines.second is not None
    bed.lines.second.kill9()


def start_engine(bed: LinedBed) -> None:
    """Start it again after a moment in which the tool meets nobody."""
    assert bed.lines.second is not None
    time.sleep(1.0)
    bed.lines.second.start()


def bring_back(bed: LinedBed) -> None:
    """Bring the release back that nobody touched, as its owner would: after an engine's end Consul has forgotten it."""
    bed.start_all()
    bed.serve_again()


def await_database(bed: LinedBed) -> None:
    """Wait until the database that came back with its engine takes sessions."""
    for _ in range(150):
        with suppress(psycopg.OperationalError):
            bed.connect(LIVE).close()
            return
        time.sleep(0.2)


class FullDisk:
    """Keeps the small disk of a workspace full, as others do who write on it: what is freed is taken at once."""

    def __init__(self) -> None:
        """Begin nothing yet."""
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, bed: LinedBed) -> None:
        """Fill it, and keep it so."""
        path = bed.estate.folder / FILLER
        fill(path)
        self._thread = threading.Thread(target=self._keep, args=[path], daemon=True)
        self._thread.start()

    def _keep(self, path: Path) -> None:
        while not self._ended.wait(0.1):
            fill(path)

    def end(self, bed: LinedBed) -> None:
        """Make room."""
        self._ended.set()
        if self._thread:
            self._thread.join()
        (bed.estate.folder / FILLER).unlink(missing_ok=True)


def fill(path: Path) -> None:
    """Write to a file until the disk takes no more."""
    with suppress(OSError), path.open("ab", buffering=0) as file:
        for size in (1024 * 1024, 4096):
            with suppress(OSError):
                while file.write(bytes(size)) == size:
                    pass


def make_room(bed: LinedBed) -> None:
    """Make room on the disk of the database, and start what the full disk ended."""
    empty_volume(bed)
    one = bed.containers().get("db")
    if one is not None and one.status != "running":
        one.start()


def image_missing(row: Row) -> Harm:
    """Let the image be gone that comes next: the old one on the way back; where it is pulled, the registry is away."""
    plan = "base" if row.is_back else "good"
    away = row in {Row.PREFLIGHT, Row.PULL}

    def remove(bed: LinedBed) -> None:
        quietly("docker", "rmi", "-f", bed.image_of(plan))
        if away:
            bed.lines.registry.behave(REFUSING)

    def bring(bed: LinedBed) -> None:
        if away:
            bed.lines.mend()
        run("docker", "pull", "-q", bed.image_of(plan))

    return Harm(do=remove, mend=bring)


def pause(bed: LinedBed, name: str) -> None:
    """Let a component answer nothing any more."""
    bed.containers()[name].pause()


def close_database(bed: LinedBed) -> None:
    """Let the database refuse everybody."""
    with bed.connect() as connection:
        connection.execute(f"ALTER DATABASE {LIVE} ALLOW_CONNECTIONS false".encode())
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [LIVE])


def open_database(bed: LinedBed) -> None:
    """Let it take everybody again."""
    with bed.connect() as connection:
        connection.execute(f"ALTER DATABASE {LIVE} ALLOW_CONNECTIONS true".encode())


def forbid_writing(bed: LinedBed) -> None:
    """Let every migration fail: new sessions may only read."""
    with bed.connect() as connection:
        connection.execute(f"ALTER DATABASE {LIVE} SET default_transaction_read_only = on".encode())


def allow_writing(bed: LinedBed) -> None:
    """Let new sessions write again, and end those that may not."""
    with bed.connect() as connection:
        connection.execute(f"ALTER DATABASE {LIVE} RESET default_transaction_read_only".encode())
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [LIVE])


_HOLDING: dict[str, psycopg.Connection[Any]] = {}


def hold_records(bed: LinedBed) -> None:
    """Let the smoke test of the service fail: another session locks the table that it reads."""
    connection = _HOLDING[bed.name] = psycopg.connect(bed.database_url(LIVE), connect_timeout=10)
    connection.execute(f"LOCK TABLE {SERVICE}.records IN ACCESS EXCLUSIVE MODE".encode())


def free_records(bed: LinedBed) -> None:
    """Let go of it."""
    if held := _HOLDING.pop(bed.name, None):
        held.close()


HARMS: dict[Column, Callable[[Row], Harm]] = {
    Column.KILL: lambda _row: Harm(),
    Column.ENGINE: of_engine,
    Column.NETWORK: of_line,
    Column.DISK: of_disk,
    Column.IMAGE: image_missing,
    Column.UNHEALTHY: of_health,
    Column.DATABASE: of_database,
    Column.MIGRATION: lambda _row: Harm(do=forbid_writing, mend=allow_writing),
    Column.SMOKE: lambda _row: Harm(do=hold_records, mend=free_records),
    Column.SECOND: lambda _row: Harm(),
}
