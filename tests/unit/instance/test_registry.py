from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from olmis_release.errors import TargetUnreachable
from olmis_release.instance import registry
from olmis_release.instance.registry import RegistryClient, on_mirror, scheme_of
from olmis_release.manifest.model import ImageRef
from tests.unit.instance.http_server import Asked, Reply, Server, serving

DIGEST = f"sha256:{'a' * 64}"
REQUISITION = ImageRef.parse("openlmis/requisition:7.1.0")
PINNED = ImageRef.parse(f"openlmis/requisition:7.1.0@{DIGEST}")


def known(asked: Asked) -> Reply:
    return Reply(headers={"Docker-Content-Digest": DIGEST})


def client(server: Server, cache: Path) -> RegistryClient:
    return RegistryClient({"docker.io": server.host}, cache, timeout_s=2)


def test_a_tag_is_asked_with_head_and_every_form_of_manifest_is_accepted(tmp_path: Path) -> None:
    with serving(known) as server:
        assert client(server, tmp_path).digest(REQUISITION) == DIGEST
    (asked,) = server.asked
    assert (asked.method, asked.path) == ("HEAD", "/v2/openlmis/requisition/manifests/7.1.0")
    for form in ("oci.image.index.v1", "manifest.list.v2", "oci.image.manifest.v1", "distribution.manifest.v2"):
        assert form in asked.headers["Accept"]


def test_an_official_image_lies_under_library(tmp_path: Path) -> None:
    with serving(known) as server:
        client(server, tmp_path).digest(ImageRef.parse("redis:3.2.12"))
    assert server.asked[0].path == "/v2/library/redis/manifests/3.2.12"


def test_an_unknown_image_is_none(tmp_path: Path) -> None:
    with serving(lambda _: Reply(status=404)) as server:
        asking = client(server, tmp_path)
        assert asking.digest(REQUISITION) is None
        assert not asking.has(PINNED)


def test_a_tag_is_asked_anew_every_time_and_a_seen_digest_never_again(tmp_path: Path) -> None:
    with serving(known) as server:
        asking = client(server, tmp_path)
        assert [asking.digest(REQUISITION), asking.digest(REQUISITION)] == [DIGEST, DIGEST]
        assert len(server.asked) == 2
        assert [asking.digest(PINNED), client(server, tmp_path).digest(PINNED)] == [DIGEST, DIGEST]
        assert len(server.asked) == 3
        assert server.asked[-1].path.endswith(f"/manifests/{DIGEST}")


def test_has_always_asks(tmp_path: Path) -> None:
    with serving(known) as server:
        asking = client(server, tmp_path)
        assert asking.digest(PINNED)
        assert asking.has(PINNED)
    assert len(server.asked) == 2


def behind_token(realm: Callable[[], str]) -> Callable[[Asked], Reply]:
    def answer(asked: Asked) -> Reply:
        if asked.path.startswith("/token"):
            return Reply(body=b'{"token": "t0k3n"}')
        if asked.headers.get("Authorization") == "Bearer t0k3n":
            return known(asked)
        challenge = f'Bearer realm="{realm()}",service="reg",scope="repository:openlmis/requisition:pull"'
        return Reply(status=401, headers={"WWW-Authenticate": challenge})

    return answer


def test_a_bearer_challenge_is_answered_once_per_repository(tmp_path: Path) -> None:
    place: list[str] = []
    with serving(behind_token(lambda: f"{place[0]}/token")) as server:
        place.append(server.url)
        asking = client(server, tmp_path)
        assert [asking.digest(REQUISITION), asking.digest(REQUISITION)] == [DIGEST, DIGEST]
    assert [asked.path.partition("?")[0] for asked in server.asked].count("/token") == 1
    assert "service=reg" in server.asked[1].path
    assert "scope=repository" in server.asked[1].path


def test_a_token_service_in_clear_text_elsewhere_is_refused(tmp_path: Path) -> None:
    with (
        serving(behind_token(lambda: "http://10.1.2.3/token")) as server,
        pytest.raises(TargetUnreachable, match="not encrypted"),
    ):
        client(server, tmp_path).digest(REQUISITION)


def test_an_image_hidden_from_us_is_none_and_said_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with serving(lambda _: Reply(status=401)) as server:
        assert client(server, tmp_path).digest(REQUISITION) is None
    assert "docker login" in caplog.text


def test_a_stumbling_registry_is_asked_again(tmp_path: Path) -> None:
    def stumbling(asked: Asked) -> Reply:
        return Reply(status=503) if len(server.asked) < 2 else known(asked)

    with serving(stumbling) as server:
        assert client(server, tmp_path).digest(REQUISITION) == DIGEST


def test_a_silent_registry_is_unreachable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "TRIES", 1)
    asking = RegistryClient({"docker.io": "127.0.0.1:1"}, tmp_path, timeout_s=1)
    with pytest.raises(TargetUnreachable, match=r"127.0.0.1:1 does not answer for openlmis/requisition:7.1.0"):
        asking.digest(REQUISITION)


def test_something_else_than_a_registry_is_told(tmp_path: Path) -> None:
    with serving(lambda _: Reply()) as server, pytest.raises(TargetUnreachable, match="gives no digest"):
        client(server, tmp_path).digest(REQUISITION)


def test_a_pull_limit_that_runs_out_is_said_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    few = {"Docker-Content-Digest": DIGEST, "ratelimit-remaining": "7;w=21600"}
    with serving(lambda _: Reply(headers=few)) as server, caplog.at_level(logging.WARNING):
        client(server, tmp_path).digest(REQUISITION)
    assert "7 more images" in caplog.text


def test_loopback_alone_is_asked_without_encryption() -> None:
    assert [scheme_of(host) for host in ("127.0.0.1:5000", "localhost", "[::1]:5000", "registry.moh.example")] == [
        "http",
        "http",
        "http",
        "https",
    ]


@pytest.mark.parametrize(
    ("image", "mirrors", "reference"),
    [
        ("openlmis/auth:4.1.0", {}, "openlmis/auth:4.1.0"),
        ("openlmis/auth:4.1.0", {"docker.io": "m:5000"}, "m:5000/openlmis/auth:4.1.0"),
        ("redis:3.2.12", {"docker.io": "m:5000"}, "m:5000/library/redis:3.2.12"),
        (f"openlmis/auth:4.1.0@{DIGEST}", {"docker.io": "m:5000"}, f"m:5000/openlmis/auth:4.1.0@{DIGEST}"),
        ("r.example/a/b:1", {"docker.io": "m:5000", "r.example": "m:6000"}, "m:6000/a/b:1"),
        ("r.example/a/b:1", {"docker.io": "m:5000"}, "r.example/a/b:1"),
    ],
)
def test_a_mirror_takes_the_registrys_place(image: str, mirrors: dict[str, str], reference: str) -> None:
    assert on_mirror(ImageRef.parse(image), mirrors) == reference


INDEX = f"sha256:{'b' * 64}"
ENTRIES = [
    {"digest": f"sha256:{'1' * 64}", "platform": {"os": "linux", "architecture": "amd64"}},
    {"digest": f"sha256:{'2' * 64}", "platform": {"os": "linux", "architecture": "arm64", "variant": "v8"}},
    {"digest": f"sha256:{'3' * 64}", "platform": {"os": "unknown", "architecture": "unknown"}},
]


def an_index(asked: Asked) -> Reply:
    body = json.dumps({"manifests": ENTRIES}).encode() if asked.method == "GET" else b""
    kind = "application/vnd.oci.image.index.v1+json"
    return Reply(headers={"Docker-Content-Digest": INDEX, "Content-Type": kind}, body=body)


def test_an_index_is_read_once_for_what_it_means_on_each_platform(tmp_path: Path) -> None:
    with serving(an_index) as server:
        asking = client(server, tmp_path)
        digest = asking.digest(REQUISITION)
        pinned = REQUISITION.model_copy(update={"digest": digest})
        expected = {"linux/amd64": f"sha256:{'1' * 64}", "linux/arm64/v8": f"sha256:{'2' * 64}"}
        assert asking.platforms(pinned) == expected
        assert client(server, tmp_path).platforms(pinned) == expected
    assert [one.method for one in server.asked] == ["HEAD", "GET"]


def test_one_image_is_not_read_to_know_that_it_is_no_index(tmp_path: Path) -> None:
    with serving(known) as server:
        assert client(server, tmp_path).platforms(PINNED) == {}
    assert [one.method for one in server.asked] == ["HEAD"]
