"""Deadlines over the whole length of a network call, from the name's look-up to the last byte of the answer.

Timeouts of the libraries count from one byte to the next, so a peer that drips holds them for ever. Here every call
runs in a thread of its own: its caller waits no longer than it said, and the sockets that the call used are cut, so
that nothing is sent any more after the caller has given up. `wire` tells this module which sockets those are.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Generic, TypeVar

Result = TypeVar("Result")
_own = threading.local()


class DeadlinePassed(TimeoutError):
    """The call did not end in time; it was cut off."""


class Job(Generic[Result]):
    """One call in a thread of its own.

    Attributes:
        may_have_changed: A request that is more than a question has begun to leave this machine.
    """

    def __init__(self, call: Callable[[], Result]) -> None:
        """Begin the call."""
        self.may_have_changed = False
        self._call = call
        self._cut = False
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._outcome: Future[Result] = Future()
        threading.Thread(target=self._run, daemon=True).start()

    def result(self, timeout_s: float) -> Result:
        """Wait for the end of the call, and cut it off where the deadline (or an interrupt) comes first.

        Raises:
            DeadlinePassed: The deadline came first.
        """
        try:
            return self._outcome.result(max(0.0, timeout_s))
        except TimeoutError:
            # The call's own may be one too.
            if self._outcome.done():
                raise
            raise DeadlinePassed(f"the answer did not end in time ({timeout_s:g} s)") from None
        finally:
            self.cut()

    def cut(self) -> None:
        """Cut the sockets of a call that still runs; an ended call has none."""
        with self._lock:
            self._cut = True
            for one in self._sockets:
                # The plain shutdown, under any TLS: its own would first talk to the peer.
                with suppress(OSError):
                    socket.socket.shutdown(one, socket.SHUT_RDWR)

    def sends(self, used: socket.socket | None, *, changes: bool) -> None:
        """Note that the call is about to send over a socket.

        Raises:
            ConnectionAbortedError: It was cut off and must send nothing more.
        """
        with self._lock:
            if self._cut:
                raise ConnectionAbortedError("given up at the deadline")
            self.may_have_changed = self.may_have_changed or changes
            if used is not None:
                self._sockets.add(used)

    def _run(self) -> None:
        _own.job = self
        try:
            value = self._call()
        except BaseException as error:  # noqa: BLE001 (raised again where the call was made)
            self._forget()
            self._outcome.set_exception(error)
        else:
            self._forget()
            self._outcome.set_result(value)

    def _forget(self) -> None:
        # What an ended call used goes back to its pool and must not be cut.
        with self._lock:
            self._sockets.clear()


def within(timeout_s: float, call: Callable[[], Result]) -> Result:
    """Return what a call returns, or give it up at the deadline.

    Raises:
        DeadlinePassed: It did not end in time.
    """
    return Job(call).result(timeout_s)


def sends(used: socket.socket | None, *, changes: bool) -> None:
    """Note a socket for the job of this thread, if it is one."""
    job: Job[object] | None = getattr(_own, "job", None)
    if job is not None:
        job.sends(used, changes=changes)


def give_up() -> None:
    """Cut off the job of this thread: the rest of an answer is not wanted, and the peer shall not wait to send it."""
    job: Job[object] | None = getattr(_own, "job", None)
    if job is not None:
        job.cut()


def may_have_changed() -> bool:
    """Return whether the job of this thread has begun to send more than a question."""
    job: Job[object] | None = getattr(_own, "job", None)
    return job is None or job.may_have_changed
