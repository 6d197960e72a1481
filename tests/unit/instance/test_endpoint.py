"""Where an engine is: instance file, context and environment lead to one place, and none of them in plain text."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest

from olmis_release.errors import BadInput
from olmis_release.instance.config import Docker, DockerTls
from olmis_release.instance.connection import cli_prefix
from olmis_release.instance.endpoint import Endpoint, reach


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    return tmp_path


def make_context(home: Path, host: str, *, skip: bool = False) -> None:
    name = sha256(b"uat").hexdigest()
    meta = home / "contexts" / "meta" / name / "meta.json"
    meta.parent.mkdir(parents=True)
    endpoints = {"docker": {"Host": host, "SkipTLSVerify": skip}}
    meta.write_text(json.dumps({"Name": "uat", "Metadata": {}, "Endpoints": endpoints}))


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


def test_a_context_brings_its_own_tls(home: Path) -> None:
    make_context(home, "tcp://uat:2376")
    tls = make_files(home / "contexts" / "tls" / sha256(b"uat").hexdigest() / "docker")
    assert cli_prefix(reach(Docker(context="uat"))) == ("docker", "--host", "tcp://uat:2376", *flags(tls))


def test_a_context_behind_ssh_goes_through_a_tunnel_like_a_host(home: Path) -> None:
    make_context(home, "ssh://moh@uat")
    endpoint = reach(Docker(context="uat"))
    assert endpoint.tunnel
    assert endpoint.host == f"unix://{endpoint.tunnel.local}"
    assert reach(Docker(host="ssh://moh@uat")) == endpoint, "one tunnel for the whole command"
    assert reach(Docker(context="uat", socket="/run/user/1000/docker.sock")) != endpoint


@pytest.mark.parametrize("skip", [False, True])
def test_a_context_that_proves_nothing_is_refused(home: Path, skip: bool) -> None:
    make_context(home, "tcp://uat:2376", skip=skip)
    if skip:
        make_files(home / "contexts" / "tls" / sha256(b"uat").hexdigest() / "docker")
    with pytest.raises(BadInput, match="in plain text"):
        reach(Docker(context="uat"))


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
