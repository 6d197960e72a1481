"""A small connection pool that behaves as a JVM's.

A few sessions are always open, tested before use, and reopened after somebody ended them.
"""

import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg

SIZE = 4
KEPT_OPEN = 2
REFILL_EVERY_S = 1.0
WAIT_S = 5.0


class Pool:
    """Hands out at most ``SIZE`` sessions in autocommit mode.

    Args:
        conninfo: As libpq takes it.
    """

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._idle: queue.LifoQueue[psycopg.Connection] = queue.LifoQueue()
        self._slots = threading.BoundedSemaphore(SIZE)

    def keep_open(self) -> None:
        """Start the thread that reopens sessions by itself, also while nobody asks for one."""
        threading.Thread(target=self._refill_forever, daemon=True).start()

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection]:
        """Borrow a session that answered a moment ago.

        Raises:
            psycopg.OperationalError: The database cannot be reached, or no session came free in time.
        """
        if not self._slots.acquire(timeout=WAIT_S):
            raise psycopg.OperationalError(f"Connection is not available, request timed out after {WAIT_S:.0f} s.")
        try:
            connection = self._tested() or self._open()
            try:
                yield connection
            finally:
                self._give_back(connection)
        finally:
            self._slots.release()

    def _tested(self) -> psycopg.Connection | None:
        while True:
            try:
                connection = self._idle.get_nowait()
            except queue.Empty:
                return None
            with suppress(psycopg.Error):
                connection.execute("SELECT 1")
                return connection
            connection.close()

    def _give_back(self, connection: psycopg.Connection) -> None:
        if connection.closed or connection.broken:
            connection.close()
        else:
            self._idle.put(connection)

    def _open(self) -> psycopg.Connection:
        return psycopg.connect(
            self._conninfo, autocommit=True, connect_timeout=3, application_name="PostgreSQL JDBC Driver"
        )

    def _refill_forever(self) -> None:
        while True:
            # A closed gate or a restarting database: try again at the next turn, as a JVM's pool does.
            with suppress(psycopg.Error), self.connection() as first, self.connection() as second:
                del first, second
            time.sleep(REFILL_EVERY_S)
