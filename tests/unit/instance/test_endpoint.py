"""Where an engine is: instance file, context and environment lead to one place, and none of them in plain text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from olmis_release.errors import BadInput
from olmis_release.instance.config import Docker, DockerTls
from olmis_release.instance.connection import cli_prefix
from olmis_release.instance.endpoint import Endpoint, Tls, reach, read_context


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))


def context(host: str, *, skip: bool = False, files: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "Name": "uat",
        "Endpoints": {"docker": {"Host": host, "SkipTLSVerify": skip}},
        "TLSMaterial": {"docker": list(files)} if files else {},
        "Storage": {"TLSPath": "/c/tls/1"},
    }


def make_files(folder: Path) -> DockerTls:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (folder / name).touch(mode=0o600)
    return DockerTls(ca=f"{folder}/ca.pem", cert=f"{folder}/cert.pem", key=f"{folder}/key.pem")


def flags(tls: DockerTls) -> tuple[str, ...]:
    return ("--tlsverify", "--tlscacert", tls.ca, "--tlscert", tls.cert, "--tlskey", tls.key)


def test_without_a_word_the_local_engine_is_meant() -> None:
    assert reach(Docker()) == Endpoint(host="unix:///var/run/docker.sock")
    assert reach(Docker()).unix_path == "/var/run/docker.sock"


def test_the_environment_may_name_a_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///run/user/1000/docker.sock")
    assert cli_prefix(reach(Docker())) == ("docker", "--host", "unix:///run/user/1000/docker.sock")
    assert reach(Docker(host="unix:///mine")).host == "unix:///mine"


def test_over_tls_the_command_line_gets_the_same_files_as_the_sdk(tmp_path: Path) -> None:
    tls = make_files(tmp_path / "tls")
    endpoint = reach(Docker(host="tcp://uat:2376", tls=tls))
    assert cli_prefix(endpoint) == ("docker", "--host", "tcp://uat:2376", *flags(tls))
    assert endpoint.tls
    config = endpoint.tls.for_sdk()
    assert (config.ca_cert, config.cert, config.verify) == (tls.ca, (tls.cert, tls.key), True)


def test_the_environments_tls_is_found_where_docker_looks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://uat:2376")
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", str(tmp_path / "certs"))
    tls = make_files(tmp_path / "certs")
    assert cli_prefix(reach(Docker()))[3:] == flags(tls)


ALL = ("ca.pem", "cert.pem", "key.pem")


def test_a_context_brings_its_own_tls() -> None:
    tls = Tls(ca="/c/tls/1/docker/ca.pem", cert="/c/tls/1/docker/cert.pem", key="/c/tls/1/docker/key.pem")
    assert read_context(context("tcp://uat:2376", files=ALL)) == ("tcp://uat:2376", tls)
    assert read_context(context("ssh://moh@uat")) == ("ssh://moh@uat", None)


@pytest.mark.parametrize(("skip", "files"), [(True, ALL), (False, ()), (False, ("ca.pem",))])
def test_a_context_that_proves_nothing_counts_as_plain_text(skip: bool, files: tuple[str, ...]) -> None:
    assert read_context(context("tcp://uat:2376", skip=skip, files=files)) == ("tcp://uat:2376", None)


def test_an_endpoint_behind_ssh_is_one_tunnel_for_the_whole_command() -> None:
    endpoint = reach(Docker(host="ssh://moh@uat"))
    assert endpoint.tunnel
    assert endpoint.host == f"unix://{endpoint.tunnel.local}"
    assert reach(Docker(host="ssh://moh@uat")) == endpoint
    assert reach(Docker(host="ssh://moh@uat", socket="/run/user/1000/docker.sock")) != endpoint


def test_plain_text_in_the_environment_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://uat:2375")
    with pytest.raises(BadInput, match="tcp://uat:2375 is in plain text"):
        reach(Docker())


@pytest.mark.parametrize("host", ["ssh://-oProxyCommand=x", "npipe:////./pipe/docker"])
def test_an_endpoint_of_the_environment_is_checked_like_one_of_the_instance_file(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)
    with pytest.raises(BadInput, match=r"DOCKER_HOST: .* is not a Docker endpoint"):
        reach(Docker())


def test_key_files_are_there_and_the_key_is_ours_alone(tmp_path: Path) -> None:
    tls = make_files(tmp_path / "tls")
    Path(tls.key).chmod(0o640)
    with pytest.raises(BadInput, match="can be read by others") as error:
        reach(Docker(host="tcp://uat:2376", tls=tls))
    assert error.value.resolution == f"chmod 600 {tls.key}"
    Path(tls.ca).unlink()
    with pytest.raises(BadInput, match=r"needs .*ca\.pem, which cannot be read"):
        reach(Docker(host="tcp://uat:2376", tls=tls))
