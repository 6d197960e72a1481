from dataclasses import replace
from typing import Any

import pytest

from olmis_release.preflight.checks.ports_free import ports_are_free, wall_port
from olmis_release.preflight.listening import port_is_taken
from olmis_release.preflight.rendered import PublishedPort
from tests.fakes.instance import a_container
from tests.fakes.preflight import Place, an_instance


@pytest.fixture(autouse=True)
def _local(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)


def publishes(place: Place, component: str, *published: str, **values: Any) -> None:
    place.services[component]["ports"] = [{"target": 80, "published": one, **values} for one in published]


def nobody(_address: str, _port: int) -> bool:
    return False


def somebody(_address: str, port: int) -> bool:
    return port == 21


def foreign(place: Place, port: int, *, address: str = "0.0.0.0") -> None:
    one = replace(a_container("web"), id="w", name="blog-web-1", labels={}, ports=((address, port),))
    place.engine.all["w"] = one


def test_free_ports_are_named(place: Place) -> None:
    publishes(place, "auth", "21", host_ip="127.0.0.1")
    finding = ports_are_free(place.subject, is_taken=nobody)
    assert (finding.status, finding.message) == ("ok", "Free or ours: 127.0.0.1:8080, 127.0.0.1:21.")


def test_our_own_containers_may_hold_them(place: Place) -> None:
    publishes(place, "auth", "21")
    place.change_container("auth", ports=(("0.0.0.0", 21),))
    place.engine.all["wall"] = replace(
        a_container(""), id="wall", name="uat-wall", labels={}, ports=(("127.0.0.1", 8080),)
    )
    assert ports_are_free(place.subject, is_taken=somebody).status == "ok"


def test_a_port_of_another_container_is_refused_by_name(place: Place) -> None:
    foreign(place, 8080)
    finding = ports_are_free(place.subject, is_taken=nobody)
    assert finding.status == "fail"
    assert "127.0.0.1:8080 (for the wall) by container blog-web-1" in finding.message


def test_the_same_port_at_another_address_is_free(place: Place) -> None:
    foreign(place, 8080, address="127.0.0.2")
    assert ports_are_free(place.subject, is_taken=nobody).status == "ok"


def test_another_program_on_a_local_host_is_found(place: Place) -> None:
    publishes(place, "auth", "21")
    finding = ports_are_free(place.subject, is_taken=somebody)
    assert (finding.status, "21 (for auth) by another program" in finding.message) == ("fail", True)


def test_a_host_far_away_is_not_probed_from_here(place: Place) -> None:
    publishes(place, "auth", "21")
    place.config = an_instance(docker={"host": "ssh://ops@example.org"})
    assert ports_are_free(place.subject, is_taken=somebody).status == "ok"


def test_two_that_want_the_same_port_are_refused(place: Place) -> None:
    publishes(place, "nginx", "8080")
    finding = ports_are_free(place.subject, is_taken=nobody)
    assert (finding.status, "8080 is wanted by the wall and nginx" in finding.message) == ("fail", True)


def test_tcp_and_udp_do_not_meet(place: Place) -> None:
    publishes(place, "auth", "53", protocol="udp")
    publishes(place, "requisition", "53")
    assert ports_are_free(place.subject, is_taken=nobody).status == "ok"


def test_ports_that_the_engine_picks_are_not_asked_about(place: Place) -> None:
    place.services["auth"]["ports"] = [{"target": 80}, {"target": 81, "published": "8000-8010"}]
    assert ports_are_free(place.subject, is_taken=nobody).message == "Free or ours: 127.0.0.1:8080."


@pytest.mark.parametrize(
    ("publish", "address", "port"),
    [("80", "", 80), ("127.0.0.1:8080", "127.0.0.1", 8080), ("[::1]:8080", "::1", 8080)],
)
def test_the_walls_port_is_read(publish: str, address: str, port: int) -> None:
    assert wall_port(publish) == PublishedPort(address=address, port=port)


@pytest.mark.parametrize("code", ["EADDRINUSE", "EACCES"])
def test_only_a_port_in_use_counts_as_taken(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    import errno
    import socket

    def refuse(*_: object) -> None:
        raise OSError(getattr(errno, code), code)

    class Socket(socket.socket):
        bind = refuse

    monkeypatch.setattr(socket, "socket", Socket)
    assert port_is_taken("127.0.0.1", 21) is (code == "EADDRINUSE")
