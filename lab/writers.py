"""Clients that write through the front without pause and remember what they were promised.

A 2xx answer is a promise: that row must be there afterwards, once. Whatever was answered otherwise, or not at all, is
in doubt: it may be there once or not at all.
"""

import http.client
import json
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

ANSWER_S = 10.0
BETWEEN_S = 0.03
AFTER_REFUSAL_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What the clients know of their rows of one resource.

    Attributes:
        acknowledged: Ids that were answered with 2xx.
        in_doubt: Ids with another answer, or none.
        statuses: How often each HTTP status came back; 0 stands for no answer.
    """

    acknowledged: tuple[str, ...] = ()
    in_doubt: tuple[str, ...] = ()
    statuses: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A ledger held against the rows that are in the database.

    Attributes:
        acknowledged: How many rows were promised.
        lost: Promised ids that are not there.
        doubled: Ids that are there more than once.
        kept_in_doubt: How many rows in doubt turned out to be there.
    """

    acknowledged: int
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    kept_in_doubt: int

    @property
    def holds(self) -> bool:
        """Whether every promise was kept, exactly once."""
        return self.acknowledged > 0 and not self.lost and not self.doubled


def acknowledges(status: int) -> bool:
    """Tell whether an answer is a promise."""
    return 200 <= status < 300


def verify(ledger: Ledger, rows: Iterable[str]) -> Verdict:
    """Hold what was promised against the ids found in the database."""
    found = Counter(rows)
    ours = {*ledger.acknowledged, *ledger.in_doubt}
    return Verdict(
        acknowledged=len(ledger.acknowledged),
        lost=tuple(sorted(row for row in ledger.acknowledged if not found[row])),
        doubled=tuple(sorted(row for row in ours if found[row] > 1)),
        kept_in_doubt=sum(found[row] > 0 for row in ledger.in_doubt),
    )


class Writers:
    """A few threads that POST to the record resources of the named services, each thread to one of them in turn.

    Args:
        url: Of the front, for example ``http://127.0.0.1:8080``.
        services: Names on the service registry, for example ``("requisition", "dhis2")``.
        threads: How many clients.
        pause_s: Seconds that a client waits between two rows.
    """

    def __init__(self, url: str, services: tuple[str, ...], *, threads: int = 4, pause_s: float = BETWEEN_S) -> None:
        """Prepare; nothing is sent before `start`."""
        self._pause_s = pause_s
        self._netloc = urlsplit(url).netloc
        self._notes = {service: _Notes() for service in services}
        self._stopped = threading.Event()
        self._threads = [
            threading.Thread(target=self._write, args=(services[number % len(services)],), daemon=True)
            for number in range(max(threads, len(services)))
        ]

    def __enter__(self) -> "Writers":
        """Start writing."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop writing; every request under way is waited for."""
        self._stopped.set()
        for thread in self._threads:
            thread.join(2 * ANSWER_S)

    def acknowledged(self) -> int:
        """Count the promises so far, over all services."""
        return sum(len(notes.acknowledged) for notes in self._notes.values())

    def wait_for(self, more: int, *, within_s: float = 30.0) -> None:
        """Return once so many more rows were acknowledged.

        Raises:
            TimeoutError: They were not.
        """
        wanted, end = self.acknowledged() + more, time.monotonic() + within_s
        while self.acknowledged() < wanted:
            if time.monotonic() > end:
                raise TimeoutError(f"{more} writes were not acknowledged within {within_s:.0f} s: {self.statuses()}")
            time.sleep(0.05)

    def ledgers(self) -> dict[str, Ledger]:
        """Give what is known per service."""
        return {service: notes.ledger() for service, notes in self._notes.items()}

    def statuses(self) -> dict[int, int]:
        """Count the answers so far by status, over all services."""
        return dict(sum((Counter(ledger.statuses) for ledger in self.ledgers().values()), Counter()))

    def _write(self, service: str) -> None:
        line = _Line(self._netloc, f"/api/{service}/records")
        while not self._stopped.is_set():
            row = uuid.uuid4().hex
            status = line.post(row)
            self._notes[service].take(row, status)
            self._stopped.wait(self._pause_s if acknowledges(status) else max(self._pause_s, AFTER_REFUSAL_S))
        line.close()


class _Line:
    """One client's connection, made anew after whatever went wrong."""

    def __init__(self, netloc: str, path: str) -> None:
        self._netloc, self._path = netloc, path
        self._connection = self._connect()

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self._netloc, timeout=ANSWER_S)

    def post(self, row: str) -> int:
        """Send a row.

        Returns:
            The status, or 0 where no answer came.
        """
        body = json.dumps({"id": row, "note": f"written at {time.time():.3f}"})
        try:
            self._connection.request("POST", self._path, body, {"Content-Type": "application/json"})
            reply = self._connection.getresponse()
            reply.read()
        except (OSError, http.client.HTTPException):
            self.close()
            self._connection = self._connect()
            return 0
        return reply.status

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


class _Notes:
    """What the threads of one service wrote down."""

    def __init__(self) -> None:
        self.acknowledged: list[str] = []
        self._in_doubt: list[str] = []
        self._statuses: Counter[int] = Counter()
        self._lock = threading.Lock()

    def take(self, row: str, status: int) -> None:
        with self._lock:
            (self.acknowledged if acknowledges(status) else self._in_doubt).append(row)
            self._statuses[status] += 1

    def ledger(self) -> Ledger:
        with self._lock:
            return Ledger(
                acknowledged=tuple(self.acknowledged),
                in_doubt=tuple(self._in_doubt),
                statuses=dict(sorted(self._statuses.items())),
            )
