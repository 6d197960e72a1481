import re

import pytest

from tests.standin.consul.store import Store, seconds
from tests.standin.nginx.render import pattern, routes


@pytest.mark.parametrize(
    ("path", "fits", "fails"),
    [
        ("requisition", "requisition", "requisitions"),
        ("api/orders/{id}/print", "api/orders/7a-1/print", "api/orders/7/8/print"),
        ("api/auth/<all>", "api/auth/users/1", "api/authors"),
        ("<all>", "anything/at/all", None),
    ],
)
def test_a_resource_path_becomes_a_regular_expression(path: str, fits: str, fails: str | None) -> None:
    assert re.fullmatch(pattern(path), fits)
    assert fails is None or not re.fullmatch(pattern(path), fails)


def test_every_registered_address_gets_traffic_and_the_global_route_comes_last() -> None:
    resources = {"<all>": "ui", "api/auth/<all>": "auth", "auth": "auth"}
    text = routes(resources, {"auth": ["10.0.0.2:8080", "10.0.0.9:8080"], "ui": ["10.0.0.3:80"]})
    assert "server 10.0.0.2:8080;\n  server 10.0.0.9:8080;" in text
    assert re.findall(r"location ~ (\S+)", text) == ["^/auth/?$", "^/api/auth/.*/?$", "^/.*/?$"]


def test_a_key_whose_service_is_gone_still_routes_to_its_name_so_nginx_keeps_the_old_routes() -> None:
    assert "proxy_pass http://cce;" in routes({"cce": "cce"}, {})


def test_a_new_id_leaves_the_old_address_behind_and_deregistering_takes_one_away() -> None:
    store = Store()
    for service_id, address in (("a", "10.0.0.2"), ("b", "10.0.0.3")):
        store.register({"ID": service_id, "Name": "auth", "Address": address, "Port": 8080})
    assert [service.address for service in store.named("auth")] == ["10.0.0.2", "10.0.0.3"]
    assert store.deregister("a")
    assert not store.deregister("a")
    assert [service.address for service in store.named("auth")] == ["10.0.0.3"]


def test_keys_are_read_one_by_one_or_by_their_beginning() -> None:
    store = Store()
    store.put("resources/auth", b"auth")
    store.put("resources/api/auth", b"auth")
    assert store.get("resources/auth", recurse=False) == [("resources/auth", b"auth")]
    assert len(store.get("resources/", recurse=True)) == 2
    store.delete("resources/", recurse=True)
    assert store.get("resources/", recurse=True) == []


@pytest.mark.parametrize(("text", "expected"), [("10s", 10.0), ("10m", 600.0), ("1h", 3600.0)])
def test_durations_are_read_as_go_writes_them(text: str, expected: float) -> None:
    assert seconds(text) == expected
