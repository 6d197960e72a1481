"""Front door and registry over every bad line: an answer or a typed refusal, at the deadline at the latest.

No test measures time: a deadline of half a second stands against a peer that would hold the call for ever.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.proxy import GOOD, Kind, Manner, Proxy, cut, proxy, slow
from olmis_release.errors import EffectUnknown, TargetUnreachable
from olmis_release.instance.front import HttpFrontDoor
from olmis_release.instance.registry import RegistryClient
from olmis_release.manifest.model import ImageRef
from tests.unit.instance.http_server import Asked, Reply, serving

pytestmark = pytest.mark.timeout(60)
ASK_S = 0.5
DIGEST = f"sha256:{'a' * 64}"
INDEX = "application/vnd.oci.image.index.v1+json"
REQUISITION = ImageRef.parse("openlmis/requisition:7.1.0")
PINNED = ImageRef.parse(f"openlmis/requisition:7.1.0@{DIGEST}")
BAD = (*(Manner(kind) for kind in (Kind.SILENT, Kind.MUTE, Kind.GARBAGE, Kind.REFUSE)), cut(0), cut(10), slow(20))


def answered(asked: Asked) -> Reply:
    return Reply(
        body=b'{"version": "7.1.0", "filling": "' + b"x" * 1000 + b'"}',
        headers={"Docker-Content-Digest": DIGEST, "Content-Type": INDEX},
    )


@pytest.fixture(scope="module")
def line() -> Iterator[Proxy]:
    with serving(answered) as server, proxy(server.host) as running:
        yield running


@pytest.fixture(autouse=True)
def good_again(line: Proxy) -> Iterator[None]:
    line.behave(GOOD)
    yield
    line.behave(GOOD)


def named(manner: Manner) -> str:
    return f"{manner.kind}-{manner.size_bytes}"


@pytest.mark.parametrize("manner", [*BAD, cut(300)], ids=named)
def test_the_front_door_never_takes_half_an_answer_for_one(line: Proxy, manner: Manner) -> None:
    line.behave(manner)
    answer = HttpFrontDoor(f"http://{line.address}", None, "").request("GET", "/requisition", timeout_s=ASK_S)
    assert (answer.status, answer.text) == (0, "")
    assert answer.error


@pytest.mark.parametrize("manner", BAD, ids=named)
def test_a_registry_that_cannot_be_heard_is_unreachable(line: Proxy, tmp_path: Path, manner: Manner) -> None:
    line.behave(manner)
    asking = RegistryClient({"docker.io": line.address}, tmp_path, timeout_s=ASK_S)
    with pytest.raises(TargetUnreachable) as error:
        asking.digest(REQUISITION)
    assert not isinstance(error.value, EffectUnknown), "a question changes nothing"
    assert list(tmp_path.rglob("*")) == [], "nothing is remembered of it"


@pytest.mark.parametrize("manner", [*BAD, cut(600)], ids=named)
def test_half_an_index_is_no_index(line: Proxy, tmp_path: Path, manner: Manner) -> None:
    asking = RegistryClient({"docker.io": line.address}, tmp_path, timeout_s=ASK_S)
    assert asking.digest(REQUISITION) == DIGEST
    line.behave(manner)
    with pytest.raises(TargetUnreachable):
        asking.platforms(PINNED)


def test_over_a_good_line_both_are_heard(line: Proxy, tmp_path: Path) -> None:
    assert RegistryClient({"docker.io": line.address}, tmp_path, timeout_s=5).digest(REQUISITION) == DIGEST
    assert HttpFrontDoor(f"http://{line.address}", None, "").request("GET", "/").status == 200
