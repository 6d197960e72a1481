"""The wall on a real engine with a real nginx: what users and the tool see while it closes and opens."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import requests

from lab.fleet import Fleet, ensure_fleet
from olmis_release.errors import StepFailed
from olmis_release.instance.front import PASS_HEADER
from olmis_release.instance.ports import WallState
from tests.integration.wall_estate import LAB, RUN_PASS, Hammer, WallEstate, free_port

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return ensure_fleet()


@pytest.fixture(scope="module")
def estate(fleet: Fleet) -> Iterator[WallEstate]:
    made = WallEstate(fleet)
    try:
        made.start_upstream()
        yield made
    finally:
        made.remove()


@pytest.fixture
def opened(estate: WallEstate) -> WallEstate:
    estate.wall.ensure(closed=False)
    estate.wall.open()
    estate.await_front()
    return estate


@pytest.fixture
def closed(opened: WallEstate) -> WallEstate:
    opened.wall.close(RUN_PASS)
    return opened


def test_clients_that_keep_connections_see_nothing_but_200_and_503_while_it_closes_and_opens(
    opened: WallEstate,
) -> None:
    hammer = Hammer(opened.port)
    with hammer.clients(20):
        for _ in range(3):
            opened.wall.close(RUN_PASS)
            assert opened.wall.state() is WallState.CLOSED
            time.sleep(0.3)
            opened.wall.open(RUN_PASS)
            assert opened.wall.state() is WallState.OPEN
            time.sleep(0.3)
    assert set(hammer.seen) == {"200", "503"}
    assert hammer.cut == 0


def test_a_closed_wall_lets_nothing_but_the_pass_through(closed: WallEstate) -> None:
    hammer = Hammer(closed.port)
    with hammer.clients(3):
        time.sleep(0.5)
    assert set(hammer.seen) == {"503"}
    for wrong in ("", "f00d", RUN_PASS[:-1], f"{RUN_PASS}0", RUN_PASS.upper()):
        assert requests.get(closed.url, headers={PASS_HEADER: wrong}, timeout=5).status_code == 503
    assert closed.front.request("GET", "/").status == 200


def test_users_get_a_page_that_says_when_to_come_back_and_is_not_stored(closed: WallEstate) -> None:
    page = requests.get(closed.url, headers={"Accept": "text/html,*/*"}, timeout=5)
    assert (page.status_code, page.headers["Retry-After"], page.headers["Cache-Control"]) == (503, "77", "no-store")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "Back at 20:00." in page.text
    assert 'lang="fr"' in page.text
    assert 'lang="pt"' in page.text


def test_programs_get_json(closed: WallEstate) -> None:
    answer = requests.post(
        f"{closed.url}/api/x", json={}, headers={"Accept": "application/json, text/plain, */*"}, timeout=5
    )
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "77")
    assert answer.json() == {"status": 503, "message": "Back at 20:00.", "retry_after_s": 77}


def test_the_upstream_gets_host_path_and_client_as_sent_but_never_the_pass(closed: WallEstate) -> None:
    sent = {"Host": "uat.example.org", "X-Forwarded-For": "10.1.2.3", PASS_HEADER: RUN_PASS}
    told = requests.get(f"{closed.url}/a%2Fb//c?d=%3Ce%3E", headers=sent, timeout=5).json()
    assert told["path"] == "/a%2Fb//c?d=%3Ce%3E"
    assert told["headers"]["Host"] == "uat.example.org"
    assert told["headers"]["X-Forwarded-For"].startswith("10.1.2.3, ")
    assert RUN_PASS not in json.dumps(told)


def test_a_body_larger_than_any_buffer_passes(opened: WallEstate) -> None:
    answer = requests.post(f"{opened.url}/upload", data=b"x" * 20_000_000, timeout=30)
    assert answer.json()["bytes"] == 20_000_000


def test_the_upstreams_own_502_is_passed_on(opened: WallEstate) -> None:
    answer = opened.front.request("GET", "/own-502")
    assert (answer.status, answer.text.startswith("{")) == (502, True)


def test_a_websocket_passes_and_is_cut_before_close_returns(opened: WallEstate) -> None:
    with socket.create_connection(("127.0.0.1", opened.port), timeout=20) as client:
        client.sendall(b"GET /socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        assert client.recv(1000).startswith(b"HTTP/1.1 101 ")
        client.sendall(b"ping")
        assert client.recv(100) == b"PING"
        opened.wall.close(RUN_PASS)
        client.settimeout(0.5)
        assert client.recv(100) == b"", "closed by the wall"


@pytest.mark.parametrize(("seconds", "status"), [(3, 200), (60, None)], ids=["answered", "cut"])
def test_a_request_under_way_is_answered_or_cut_before_close_returns(
    opened: WallEstate, seconds: int, status: int | None
) -> None:
    ended: list[tuple[float, int | None]] = []

    def post() -> None:
        try:
            got: int | None = requests.post(f"{opened.url}/slow/{seconds}", data=b"x", timeout=90).status_code
        except requests.ConnectionError:
            got = None
        ended.append((time.monotonic(), got))

    client = threading.Thread(target=post)
    client.start()
    time.sleep(0.5)
    opened.wall.close(RUN_PASS)
    returned = time.monotonic()
    client.join(5)
    assert ended
    # 0.1 s: two threads of one Python program do not wake up at the same moment.
    assert ended[0][0] <= returned + 0.1
    assert ended[0][1] == status


def test_a_replaced_upstream_is_found_again_within_two_seconds(estate: WallEstate) -> None:
    estate.wall.ensure(closed=False)
    estate.wall.open()
    estate._made.pop().remove(force=True)
    estate.await_front(503)
    estate.start_upstream()
    began = time.monotonic()
    while estate._made[-1].exec_run(["python3", "-c", "import socket; socket.create_connection(('localhost', 80))"])[0]:
        assert time.monotonic() - began < 20
    assert estate.await_front() < 2.5


def test_the_entrance_to_consul_opens_with_the_pass_only(opened: WallEstate) -> None:
    consul = opened.start_upstream(alias="consul", port=8500)
    path = "/__olmis_release/consul/v1/kv/resources/%3Call%3E?raw"
    assert opened.front.request("GET", path).status == 404, "opened without a pass"
    opened.wall.open(RUN_PASS)
    time.sleep(0.5)
    answer = opened.front.request("GET", path)
    assert isinstance(answer.json, dict)
    assert answer.json["path"] == "/v1/kv/resources/%3Call%3E?raw"
    assert RUN_PASS not in answer.text
    assert opened.front.request("GET", path, with_pass=False).status == 404
    consul.remove(force=True)
    opened._made.remove(consul)


def test_a_half_closed_wall_counts_as_closed_and_can_be_opened(opened: WallEstate) -> None:
    container = opened.wall._box.standing()
    opened.wall._box.raise_flag(container)  # as a tool killed in the middle of closing leaves it
    assert opened.wall.state() is WallState.CLOSED
    opened.wall.open()
    assert opened.front.request("GET", "/", with_pass=False).status == 200


def test_a_closed_wall_stays_closed_when_its_container_restarts(closed: WallEstate) -> None:
    container = closed.docker.containers.get(f"{closed.project}-wall")
    container.restart(timeout=1)
    closed.await_front(503)
    assert closed.wall.state() is WallState.CLOSED
    assert closed.front.request("GET", "/").status == 200


def test_ensure_leaves_a_wall_alone_that_stands(closed: WallEstate) -> None:
    before = closed.docker.containers.get(f"{closed.project}-wall").id
    closed.wall.ensure(closed=False)
    assert closed.docker.containers.get(f"{closed.project}-wall").id == before
    assert closed.wall.state() is WallState.CLOSED


def test_a_taken_port_is_refused_and_leaves_no_container(fleet: Fleet) -> None:
    estate = WallEstate(fleet)
    blocker = estate.docker.containers.run(
        fleet.image("library/nginx:1.22"), detach=True, labels=LAB, ports={"80": ("127.0.0.1", estate.port)}
    )
    try:
        with pytest.raises(StepFailed, match="start a container"):
            estate.wall.ensure(closed=True)
        assert estate.engine.container(f"{estate.project}-wall") is None
    finally:
        blocker.remove(force=True, v=True)
        estate.remove()


def test_without_a_network_it_says_what_comes_first(fleet: Fleet) -> None:
    estate = WallEstate(fleet)
    estate.remove()
    with pytest.raises(StepFailed, match=f"no network {estate.project}_default"):
        estate.wall.ensure(closed=True)


def test_a_wall_with_another_port_is_made_anew_and_stays_closed(fleet: Fleet) -> None:
    estate = WallEstate(fleet)
    try:
        estate.wall.ensure(closed=True)
        moved = free_port()
        estate.front._url = f"http://127.0.0.1:{moved}"
        other = estate.wall_with(port=moved)
        other.ensure(closed=False)
        assert other.state() is WallState.CLOSED
    finally:
        estate.remove()
