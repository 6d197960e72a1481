"""How the engine's answers become values and errors; the engine itself is in tests/integration."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import docker.errors
import pytest
import requests

from olmis_release.errors import StepFailed, TargetUnreachable
from olmis_release.instance.config import Docker
from olmis_release.instance.connection import cli_prefix, open_line, translated
from olmis_release.instance.endpoint import reach
from olmis_release.instance.inspected import container_from, image_from
from olmis_release.instance.ports import ContainerStatus
from olmis_release.instance.pulling import Layers, follow


def inspected(**changes: Any) -> dict[str, Any]:
    return {
        "Id": "c0ffee",
        "Name": "/0a1b2c3d4e5f_uat-requisition-1",
        "Image": "sha256:1",
        "RestartCount": 2,
        "State": {"Status": "running", "ExitCode": 0, "StartedAt": "2026-11-28T18:02:11.123456789Z"},
        "Config": {
            "Image": "openlmis/requisition:7.1.0",
            "Env": ["A=1=2", "EMPTY="],
            "Labels": {"com.docker.compose.service": "requisition"},
        },
        "HostConfig": {"PortBindings": {"8080/tcp": [{"HostIp": "", "HostPort": "80"}]}},
        "NetworkSettings": {
            "Ports": {
                "8080/tcp": [{"HostIp": "0.0.0.0", "HostPort": "80"}, {"HostIp": "::", "HostPort": "80"}],
                "9000/tcp": None,
            },
            "Networks": {"uat_default": {"IPAddress": "172.18.0.4"}},
        },
        "Mounts": [
            {"Type": "volume", "Name": "uat_ext", "Source": "/var/lib/…", "Destination": "/extensions"},
            {"Type": "bind", "Source": "/etc/x", "Destination": "/x"},
        ],
        **changes,
    }


def test_a_running_container_is_read_whole() -> None:
    one = container_from(inspected())
    assert (one.id, one.component, one.image_id) == ("c0ffee", "requisition", "sha256:1")
    assert one.name == "0a1b2c3d4e5f_uat-requisition-1", "a name Compose left half-renamed does not matter"
    assert (one.status, one.restarts, one.health) == (ContainerStatus.RUNNING, 2, "")
    assert one.started_at == datetime(2026, 11, 28, 18, 2, 11, 123456, tzinfo=UTC)
    assert one.environment == {"A": "1=2", "EMPTY": ""}
    assert one.ports == (("0.0.0.0", 80), ("::", 80))
    assert one.networks == {"uat_default": "172.18.0.4"}
    assert one.volumes == {"uat_ext": "/extensions", "/etc/x": "/x"}


def test_a_container_that_never_started_says_so_and_which_ports_it_wants() -> None:
    state = {"Status": "created", "ExitCode": 0, "StartedAt": "0001-01-01T00:00:00Z"}
    one = container_from(inspected(State=state, NetworkSettings={"Ports": {}, "Networks": {"n": None}}))
    assert (one.status, one.started_at, one.ports) == (ContainerStatus.CREATED, None, (("0.0.0.0", 80),))
    assert one.networks == {"n": ""}


@pytest.mark.parametrize(("told", "health"), [("none", ""), ("starting", "starting"), ("unhealthy", "unhealthy")])
def test_health_is_empty_where_there_is_no_check(told: str, health: str) -> None:
    state = {"Status": "running", "ExitCode": 0, "Health": {"Status": told}}
    assert container_from(inspected(State=state)).health == health


def test_a_container_with_bare_configuration_is_read() -> None:
    one = container_from(inspected(Config={"Image": "x", "Env": None, "Labels": None}))
    assert (one.component, one.environment, one.labels) == ("", {}, {})


def test_an_image_without_tags_is_read() -> None:
    one = image_from({"Id": "sha256:1", "RepoDigests": ["a@sha256:2"], "RepoTags": None, "Size": 5, "Config": None})
    assert (one.digests, one.tags, one.size_bytes, one.labels) == (("a@sha256:2",), (), 5, {})


def test_a_refusal_and_a_silence_are_told_apart() -> None:
    with pytest.raises(StepFailed, match="refused to stop a container: no such thing"), translated("stop a container"):
        raise docker.errors.APIError("conflict", explanation="no such thing")
    for silence in (requests.ReadTimeout("read"), requests.ConnectionError("gone"), docker.errors.DockerException("x")):
        with pytest.raises(TargetUnreachable, match="did not answer when asked to stop"), translated("stop"):
            raise silence


def test_our_own_errors_pass_untranslated() -> None:
    with pytest.raises(StepFailed, match=r"^mine$"), translated("stop"):
        raise StepFailed("mine", resolution="")


def test_the_command_line_goes_where_the_sdk_goes() -> None:
    assert cli_prefix(reach(Docker(host="unix:///x.sock"))) == ("docker", "--host", "unix:///x.sock")


def test_a_socket_that_is_not_there_is_unreachable() -> None:
    with pytest.raises(TargetUnreachable, match="did not answer when asked to say which version"):
        open_line(Docker(host="unix:///no/such.sock"), timeout_s=1)


def downloading(layer: str, done: int, total: int) -> dict[str, Any]:
    return {"id": layer, "status": "Downloading", "progressDetail": {"current": done, "total": total}}


def test_progress_adds_up_the_layers_that_are_fetched() -> None:
    layers = Layers()
    layers.take({"id": "a", "status": "Already exists"})
    layers.take(downloading("b", 10, 100))
    layers.take(downloading("c", 5, 50))
    assert layers.progress() == (15, 150)
    layers.take({"id": "b", "status": "Download complete"})
    layers.take({"id": "b", "status": "Extracting", "progressDetail": {"current": 1, "total": 300}})
    assert layers.progress() == (105, 150)


def test_a_pull_that_ends_in_an_error_fails_with_the_engines_words() -> None:
    lines = [downloading("a", 1, 2), {"error": "manifest unknown"}]
    with pytest.raises(StepFailed, match="manifest unknown"):
        follow(lambda: lines, timeout_s=5, on_progress=lambda *_: None)


def test_progress_is_told_when_it_changes_only() -> None:
    told: list[tuple[float, float]] = []
    lines = [{"status": "Pulling"}, downloading("a", 1, 2), downloading("a", 1, 2), downloading("a", 2, 2)]
    follow(lambda: lines, timeout_s=5, on_progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]


def test_an_engine_that_falls_silent_in_a_pull_is_given_up_at_the_deadline() -> None:
    def silent() -> Iterator[dict[str, Any]]:
        yield downloading("a", 1, 2)
        time.sleep(5)

    began = time.monotonic()
    with pytest.raises(TargetUnreachable, match="did not end within 0 s"):
        follow(silent, timeout_s=0.2, on_progress=lambda *_: None)
    assert time.monotonic() - began < 2


def test_an_engine_that_goes_away_in_a_pull_is_unreachable() -> None:
    def gone() -> Iterator[dict[str, Any]]:
        yield downloading("a", 1, 2)
        raise requests.ConnectionError("reset")

    with pytest.raises(TargetUnreachable, match="reset"):
        follow(gone, timeout_s=5, on_progress=lambda *_: None)
