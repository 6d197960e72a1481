"""The bad line does what its name says, so that tests over it mean something."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from lab.proxy import GARBAGE, GOOD, Kind, Manner, Proxy, connect, cut, proxy, slow

SAID = b"0123456789" * 10


@pytest.fixture
def line() -> Iterator[Proxy]:
    """A proxy in front of a peer that reads a line and says a hundred bytes."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, args=[listening], daemon=True).start()
        with proxy(f"127.0.0.1:{listening.getsockname()[1]}") as running:
            yield running
        listening.shutdown(socket.SHUT_RDWR)


def serve(listening: socket.socket) -> None:
    while True:
        try:
            peer, _ = listening.accept()
        except OSError:
            return
        with peer:
            if peer.recv(100):
                peer.sendall(SAID)


def asked(line: Proxy, *, timeout_s: float = 5) -> bytes:
    """Ask, and return all that comes until the end."""
    with connect(line.address) as asking:
        asking.settimeout(timeout_s)
        asking.sendall(b"hello\n")
        return b"".join(iter(lambda: asking.recv(1000), b""))


@pytest.mark.parametrize(
    ("manner", "heard"),
    [(GOOD, SAID), (cut(0), b""), (cut(7), SAID[:7]), (slow(500), SAID), (Manner(Kind.GARBAGE), GARBAGE)],
)
def test_what_is_heard_over_the_line(line: Proxy, manner: Manner, heard: bytes) -> None:
    line.behave(manner)
    assert asked(line) == heard


@pytest.mark.parametrize("kind", [Kind.SILENT, Kind.MUTE])
def test_a_peer_that_never_answers_keeps_the_line(line: Proxy, kind: Kind) -> None:
    line.behave(Manner(kind))
    with pytest.raises(TimeoutError):
        asked(line, timeout_s=0.2)


def test_nobody_listens_until_the_line_is_good_again(line: Proxy) -> None:
    line.behave(Manner(Kind.REFUSE))
    with pytest.raises(ConnectionRefusedError):
        asked(line)
    line.behave(GOOD)
    assert asked(line) == SAID
    assert line.accepted == 1


def test_a_change_cuts_off_who_is_there(line: Proxy) -> None:
    with connect(line.address) as asking:
        asking.settimeout(5)
        while not line.accepted:
            threading.Event().wait(0.01)
        line.behave(GOOD)
        assert asking.recv(1) == b""
