"""A bad line: a small proxy in front of an engine or a registry, whose manners a test may change at any time.

``python -m lab.proxy LISTEN TARGET`` is a good line, for example from one network namespace into another through a Unix
socket; addresses are ``unix:/path`` or ``host:port``.
"""

from __future__ import annotations

import shutil
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

PIECE_BYTES = 16 * 1024
GARBAGE = b"\x00\xffThis is no answer that anybody can read.\r\n\r\n\x1b[2J"


class Kind(StrEnum):
    """How the line treats those who use it."""

    PASS = "pass"
    SILENT = "silent"  # accepts, and neither asks the target nor answers
    MUTE = "mute"  # passes on what is asked, and holds the answer back
    CUT = "cut"  # breaks off after a number of answer bytes
    SLOW = "slow"  # lets a number of bytes through in a second
    REFUSE = "refuse"  # nobody listens
    GARBAGE = "garbage"  # passes on what is asked, and answers nonsense


@dataclass(frozen=True, slots=True)
class Manner:
    """A kind, with its bytes where it has any."""

    kind: Kind
    size_bytes: int = 0


GOOD = Manner(Kind.PASS)


def cut(after_bytes: int) -> Manner:
    """Break off after so many bytes of each connection's answers."""
    return Manner(Kind.CUT, after_bytes)


def slow(bytes_per_s: int) -> Manner:
    """Let so many bytes of answers through in a second."""
    return Manner(Kind.SLOW, bytes_per_s)


@dataclass
class Proxy:
    """A running proxy.

    Attributes:
        address: Where it listens, as ``unix:/path`` or ``host:port``.
        accepted: How many connections it took.
    """

    address: str
    target: str
    manner: Manner = GOOD
    accepted: int = 0
    _open: set[socket.socket] = field(default_factory=set)
    _listening: socket.socket | None = None

    @property
    def docker_host(self) -> str:
        """The address as Docker writes one."""
        return f"unix://{self.address[5:]}" if self.address.startswith("unix:") else f"tcp://{self.address}"

    def behave(self, manner: Manner) -> None:
        """Treat connections like this from now on; those that are open are cut off."""
        self.manner = manner
        if manner.kind is Kind.REFUSE:
            self._stop()
        elif self._listening is None:
            self.start()
        self.drop()

    def start(self) -> None:
        """Listen."""
        self._listening = listen(self.address)
        self.address = address_of(self._listening) or self.address
        threading.Thread(target=self._accept, args=[self._listening], daemon=True).start()

    def close(self) -> None:
        """Listen no longer and cut off who is there."""
        self._stop()
        self.drop()

    def drop(self) -> None:
        """Cut off every open connection."""
        for one in list(self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _stop(self) -> None:
        if self._listening is not None:
            with suppress(OSError):
                self._listening.shutdown(socket.SHUT_RDWR)
            self._listening.close()
            self._listening = None
        if self.address.startswith("unix:"):
            Path(self.address[5:]).unlink(missing_ok=True)

    def _accept(self, listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listening.accept()
                self._open.add(client)
                self.accepted += 1
                threading.Thread(target=self._serve, args=[client, self.manner], daemon=True).start()

    def _serve(self, client: socket.socket, manner: Manner) -> None:
        with self._kept(client), suppress(OSError):
            if manner.kind is Kind.SILENT:
                drain(client)
                return
            with self._kept(connect(self.target)) as server:
                asking = threading.Thread(target=pump, args=[client, server, GOOD], daemon=True)
                asking.start()
                answer(server, client, manner)
                asking.join()

    @contextmanager
    def _kept(self, one: socket.socket) -> Iterator[socket.socket]:
        self._open.add(one)
        try:
            with one:
                yield one
        finally:
            self._open.discard(one)


@contextmanager
def proxy(target: str, *, listen_at: str = "") -> Iterator[Proxy]:
    """Run a proxy in front of ``unix:/path`` or ``host:port``; it listens in the same family unless told where."""
    folder = Path(tempfile.mkdtemp(prefix="olmis-proxy-"))
    here = f"unix:{folder}/socket" if target.startswith("unix:") else "127.0.0.1:0"
    running = Proxy(address=listen_at or here, target=target)
    running.start()
    try:
        yield running
    finally:
        running.close()
        shutil.rmtree(folder)


def answer(server: socket.socket, client: socket.socket, manner: Manner) -> None:
    """Bring the target's answers to the client, as the manner has it; afterwards both are cut off."""
    if manner.kind is Kind.MUTE:
        drain(server)
    elif manner.kind is Kind.GARBAGE:
        if server.recv(1):
            client.sendall(GARBAGE)
    else:
        pump(server, client, manner)
    if manner.kind in {Kind.CUT, Kind.GARBAGE}:
        hang_up(server, client)


def pump(source: socket.socket, sink: socket.socket, manner: Manner) -> None:
    """Carry bytes until the source ends or the manner's measure is full."""
    left = manner.size_bytes if manner.kind is Kind.CUT else sys.maxsize
    piece = max(1, manner.size_bytes // 10) if manner.kind is Kind.SLOW else PIECE_BYTES
    with suppress(OSError):
        while left and (data := source.recv(min(piece, left))):
            sink.sendall(data)
            left -= len(data)
            if manner.kind is Kind.SLOW:
                time.sleep(0.1)
        if left:
            sink.shutdown(socket.SHUT_WR)
            return
        # Whatever comes next is what does not get through.
        source.recv(1)


def drain(source: socket.socket) -> None:
    """Read until the end, for nothing."""
    with suppress(OSError):
        while source.recv(PIECE_BYTES):
            pass


def hang_up(*both: socket.socket) -> None:
    """End connections at once."""
    for one in both:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


def listen(address: str) -> socket.socket:
    """Listen at an address."""
    if address.startswith("unix:"):
        Path(address[5:]).unlink(missing_ok=True)
        made = socket.socket(socket.AF_UNIX)
        made.bind(address[5:])
        made.listen(64)
        return made
    host, _, port = address.rpartition(":")
    return socket.create_server((host, int(port)), backlog=64)


def address_of(listening: socket.socket) -> str:
    """Return ``host:port`` of a TCP socket, nothing of a Unix one."""
    name = listening.getsockname()
    return f"{name[0]}:{name[1]}" if isinstance(name, tuple) else ""


def connect(address: str) -> socket.socket:
    """Connect to an address."""
    if address.startswith("unix:"):
        made = socket.socket(socket.AF_UNIX)
        made.connect(address[5:])
        return made
    host, _, port = address.rpartition(":")
    return socket.create_connection((host, int(port)))


def main(arguments: list[str]) -> int:
    """Be a good line until somebody ends us."""
    if len(arguments) != 2:
        print("usage: python -m lab.proxy LISTEN TARGET", file=sys.stderr)
        return 2
    Proxy(address=arguments[0], target=arguments[1]).start()
    print("listening", flush=True)
    threading.Event().wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
