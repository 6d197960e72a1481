"""Calls that do not end in time are given up whole: the caller goes on, the sockets are cut."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

from olmis_release.instance.deadline import DeadlinePassed, Job, within
from olmis_release.instance.wire import capped, watched_session
from tests.unit.instance.http_server import Reply, serving


def test_what_a_call_returns_or_raises_comes_back() -> None:
    assert within(5, lambda: 42) == 42
    with pytest.raises(TimeoutError, match="its own"):
        within(5, own_timeout)


def own_timeout() -> None:
    raise TimeoutError("its own")


def test_a_call_that_hangs_is_given_up() -> None:
    never = threading.Event()
    with pytest.raises(DeadlinePassed, match=r"did not end in time \(0\.05 s\)"):
        within(0.05, never.wait)
    never.set()


@contextmanager
def silent_peer() -> Iterator[tuple[str, list[socket.socket]]]:
    """A peer that accepts, reads and never answers; gives its address and what it accepted."""
    accepted: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=lambda: accepted.append(listening.accept()[0]))
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/", accepted
        thread.join()
        for one in accepted:
            one.close()


@pytest.mark.parametrize(("method", "changed"), [("POST", True), ("GET", False), ("HEAD", False)])
def test_the_peer_of_a_call_that_was_given_up_sees_the_line_cut(method: str, changed: bool) -> None:
    with silent_peer() as (url, accepted):
        job = Job(lambda: watched_session().request(method, url, data="x" * 10, timeout=60))
        with pytest.raises(DeadlinePassed):
            job.result(0.3)
        accepted[0].settimeout(5)
        while accepted[0].recv(65536):
            pass
    assert job.may_have_changed is changed


def test_nothing_is_sent_any_more_once_a_call_was_given_up() -> None:
    given_up, outcome = threading.Event(), list[BaseException]()

    def late(url: str) -> None:
        given_up.wait()
        try:
            watched_session().post(url)
        except requests.RequestException as error:
            outcome.append(error)
        finally:
            given_up.clear()

    with serving(lambda _: Reply()) as server:
        with pytest.raises(DeadlinePassed):
            within(0.05, lambda: late(server.url))
        given_up.set()
        while given_up.is_set():
            threading.Event().wait(0.01)
    assert server.asked == []
    assert "given up at the deadline" in str(outcome)


def test_a_connection_kept_open_is_watched_in_the_next_call_too() -> None:
    with serving(lambda _: Reply(body=b"ok")) as server, watched_session() as session:
        assert within(5, lambda: session.get(server.url)).text == "ok"
        assert within(5, lambda: session.get(server.url)).text == "ok"


def test_a_body_larger_than_its_limit_is_refused() -> None:
    with serving(lambda _: Reply(body=b"x" * 1000)) as server:
        response = watched_session().get(server.url, stream=True)
        with response, pytest.raises(ValueError, match="larger than 999 bytes"):
            capped(response, 999)
        with watched_session().get(server.url, stream=True) as response:
            assert len(capped(response, 1000)) == 1000
