from __future__ import annotations

import socket
import threading
import time

import pytest

from olmis_release.instance.front import PASS_HEADER, HttpFrontDoor, is_loopback
from tests.unit.instance.http_server import Asked, Reply, serving


def hello(asked: Asked) -> Reply:
    return Reply(body=b'{"version": "7.1.0"}', headers={"Content-Type": "application/json", "X-Two": "2"})


def test_an_answer_comes_back_whole() -> None:
    with serving(hello) as server:
        answer = HttpFrontDoor(server.url, None, "").request("GET", "/requisition")
    assert (answer.status, answer.json, answer.error) == (200, {"version": "7.1.0"}, "")
    assert answer.headers["x-two"] == "2"
    assert 0 < answer.elapsed_s < 5


def test_host_pass_and_body_are_sent() -> None:
    with serving(hello) as server:
        HttpFrontDoor(server.url, "uat.example.org", "secret").request("POST", "/api", body='{"a": "é"}')
    (asked,) = server.asked
    assert (asked.method, asked.path, asked.body.decode()) == ("POST", "/api", '{"a": "é"}')
    assert asked.headers["Host"] == "uat.example.org"
    assert asked.headers[PASS_HEADER] == "secret"
    assert asked.headers["Content-Type"] == "application/json"


def test_without_pass_none_is_sent() -> None:
    with serving(hello) as server:
        HttpFrontDoor(server.url, None, "secret").request("GET", "/", with_pass=False)
    assert PASS_HEADER not in server.asked[0].headers


def test_a_redirect_is_an_answer() -> None:
    with serving(lambda _: Reply(status=302, headers={"Location": "/elsewhere"})) as server:
        answer = HttpFrontDoor(server.url, None, "").request("GET", "/")
    assert (answer.status, len(server.asked)) == (302, 1)


def test_a_body_that_is_no_json_has_none() -> None:
    with serving(lambda _: Reply(body=b"<html>")) as server:
        answer = HttpFrontDoor(server.url, None, "").request("GET", "/")
    assert (answer.text, answer.json) == ("<html>", None)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1", "http://no-such-host.invalid", "nonsense://x", "http://[", "http://127.0.0.1:99999"]
)
def test_no_answer_is_status_0_and_says_why(url: str) -> None:
    answer = HttpFrontDoor(url, None, "").request("GET", "/", timeout_s=2)
    assert answer.status == 0
    assert answer.error


def test_a_peer_that_drips_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=drip, args=[listening], daemon=True).start()
        port = listening.getsockname()[1]
        began = time.monotonic()
        answer = HttpFrontDoor(f"http://127.0.0.1:{port}", None, "").request("GET", "/", timeout_s=0.5)
    assert answer.status == 0
    assert "in time" in answer.error
    assert time.monotonic() - began < 2


def drip(listening: socket.socket) -> None:
    peer, _ = listening.accept()
    with peer:
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
        for _ in range(30):
            time.sleep(0.1)
            try:
                peer.sendall(b"x")
            except OSError:
                return


def test_a_peer_that_never_answers_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        answer = HttpFrontDoor(f"http://127.0.0.1:{port}", None, "").request("GET", "/", timeout_s=0.3)
    assert answer.status == 0


def test_loopback_goes_past_any_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with serving(hello) as server:
        assert HttpFrontDoor(server.url, None, "").request("GET", "/").status == 200


@pytest.mark.parametrize(
    ("host", "yes"), [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("10.0.0.1", False)]
)
def test_loopback_is_known(host: str, yes: bool) -> None:
    assert is_loopback(host) is yes
