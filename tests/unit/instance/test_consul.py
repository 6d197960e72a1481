from __future__ import annotations

import base64

import pytest

from olmis_release.errors import StepFailed
from olmis_release.instance.consul import ConsulThroughWall
from tests.fakes.instance import FakeFrontDoor, an_answer

ENTRANCE = "/__olmis_release/consul"
SERVICES = ("GET", f"{ENTRANCE}/v1/agent/services")
KEYS = ("GET", f"{ENTRANCE}/v1/kv/resources/?recurse")


def registered(number: str, service: str, address: str) -> dict[str, object]:
    return {"ID": number, "Service": service, "Address": address, "Port": 8080}


def front() -> FakeFrontDoor:
    held = {
        "old": registered("old", "requisition", "172.18.0.9"),
        "new": registered("new", "requisition", "172.18.0.10"),
        "auth-service": registered("auth-service", "auth", "172.18.0.5"),
    }
    return FakeFrontDoor({SERVICES: an_answer(json=held)})


def written(door: FakeFrontDoor) -> list[object]:
    return [path for method, path, _ in door.calls if method != "GET"]


def test_every_registration_of_a_service_goes_and_no_other() -> None:
    door = front()
    for number in ("old", "new"):
        door.prepare("PUT", f"{ENTRANCE}/v1/agent/service/deregister/{number}", an_answer())
    assert ConsulThroughWall(door).deregister("requisition") == 2
    assert len(written(door)) == 2


def test_only_the_addresses_given_go() -> None:
    door = front()
    door.prepare("PUT", f"{ENTRANCE}/v1/agent/service/deregister/old", an_answer())
    assert ConsulThroughWall(door).deregister("requisition", addresses=["172.18.0.9"]) == 1


def test_one_that_is_gone_already_is_fine() -> None:
    door = front()
    door.prepare("PUT", f"{ENTRANCE}/v1/agent/service/deregister/auth-service", an_answer(404))
    assert ConsulThroughWall(door).deregister("auth") == 1


def test_the_routes_that_lead_to_a_service_go_with_their_odd_names() -> None:
    keys = {"resources/cce": "cce", "resources/api/cceItems/{id}": "cce", "resources/<all>": "ui"}
    entries = [{"Key": key, "Value": base64.b64encode(to.encode()).decode()} for key, to in keys.items()]
    door = FakeFrontDoor({KEYS: an_answer(json=entries)})
    door.prepare("DELETE", f"{ENTRANCE}/v1/kv/resources/cce", an_answer())
    door.prepare("DELETE", f"{ENTRANCE}/v1/kv/resources/api/cceItems/%7Bid%7D", an_answer())
    assert ConsulThroughWall(door).forget("cce") == 2


def test_no_keys_at_all_is_nothing_to_forget() -> None:
    assert ConsulThroughWall(FakeFrontDoor({KEYS: an_answer(404)})).forget("cce") == 0


@pytest.mark.parametrize(
    "answer", [an_answer(503), an_answer(0, error="ConnectionError: refused"), an_answer(404, text="<html>404</html>")]
)
def test_no_way_to_consul_is_told(answer: object) -> None:
    door = FakeFrontDoor({SERVICES: answer})  # type: ignore[dict-item]
    with pytest.raises(StepFailed, match="Consul did not do /v1/agent/services"):
        ConsulThroughWall(door).deregister("auth")
