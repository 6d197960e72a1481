"""The service registry through the wall's entrance, on the stand-in that OpenLMIS's services register with."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from lab.fleet import ensure_fleet
from olmis_release.instance.consul import ConsulThroughWall
from tests.integration.wall_estate import RUN_PASS, WallEstate

pytestmark = pytest.mark.docker
ENTRANCE = "/__olmis_release/consul/v1"


@pytest.fixture(scope="module")
def estate() -> Iterator[WallEstate]:
    fleet = ensure_fleet()
    made = WallEstate(fleet)
    try:
        made.add(fleet.image("gliderlabs/consul-server:latest"), alias="consul")
        made.wall.ensure(closed=True)
        made.wall.close(RUN_PASS)
        made.await_consul()
        yield made
    finally:
        made.remove()


def put(estate: WallEstate, path: str, body: object) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    assert estate.front.request("PUT", f"{ENTRANCE}{path}", body=text).status == 200


def services(estate: WallEstate) -> set[str]:
    held = estate.front.request("GET", f"{ENTRANCE}/agent/services").json
    assert isinstance(held, dict)
    return set(held)


def test_a_replaced_services_old_address_goes_and_its_new_one_stays(estate: WallEstate) -> None:
    for number, address in {"uuid-1": "172.18.0.9", "uuid-2": "172.18.0.10"}.items():
        put(
            estate,
            "/agent/service/register",
            {"ID": number, "Name": "requisition", "Port": 8080, "Tags": [], "Address": address},
        )
    consul = ConsulThroughWall(estate.front)
    assert consul.deregister("requisition", addresses=["172.18.0.9"]) == 1
    assert services(estate) == {"uuid-2"}
    assert consul.deregister("requisition") == 1
    assert services(estate) == set()
    assert consul.deregister("requisition") == 0


def test_a_removed_services_routes_go_and_no_others(estate: WallEstate) -> None:
    for key, leads_to in {"cce": "cce", "api/cceItems/%7Bid%7D": "cce", "%3Call%3E": "mw-reference-ui"}.items():
        put(estate, f"/kv/resources/{key}", leads_to)
    consul = ConsulThroughWall(estate.front)
    assert consul.forget("cce") == 2
    assert consul.forget("cce") == 0
    assert estate.front.request("GET", f"{ENTRANCE}/kv/resources/?keys").json == ["resources/<all>"]
