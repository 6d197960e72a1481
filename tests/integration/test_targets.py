"""Engines on other hosts: behind a real ssh server, and behind TLS in a network of their own."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from lab.estate import Estate, make_estate, remove_project
from lab.fleet import Fleet
from lab.second_engine import SecondEngine, second_engine
from lab.sshd import Sshd, sshd
from olmis_release.errors import TargetUnreachable
from olmis_release.instance.compose import ComposeCli
from olmis_release.instance.config import Docker, DockerTls
from olmis_release.instance.endpoint import reach
from olmis_release.instance.engine import DockerEngine
from olmis_release.instance.ports import ContainerStatus
from olmis_release.instance.tunnel import SshPlace, Tunnel
from tests.integration.conftest import small_wishes
from tests.integration.trial import deploy, require

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]
BASE = "debian:bookworm-slim"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sshd]:
    """An ssh server on this host, which `ssh` on the PATH knows and may enter."""
    folder = tmp_path / "sshd"
    folder.mkdir()
    with sshd(folder) as running:
        monkeypatch.setenv("PATH", running.path)
        yield running


def tunnel_to(server: Sshd, *, remote: str = "/var/run/docker.sock") -> Tunnel:
    return Tunnel(SshPlace.parse(server.endpoint), remote)


def refusal(tunnel: Tunnel) -> TargetUnreachable:
    try:
        with pytest.raises(TargetUnreachable) as error:
            tunnel.ensure()
    finally:
        tunnel.close()
    return error.value


def test_a_release_is_deployed_over_ssh_and_no_ssh_is_left_behind(server: Sshd, fleet: Fleet, tmp_path: Path) -> None:
    wishes = small_wishes(fleet)
    try:
        estate = make_estate(tmp_path / "workspace", wishes)
        add_to(estate, f'docker: {{host: "{server.endpoint}"}}')
        require(deploy(estate))
        assert [estate.status(path) for path in ("/", "/auth")] == [200, 200]
        assert require(estate.tool("status", estate.instance)).stdout
    finally:
        remove_project(wishes.project)
    assert ssh_clients(server) == []


def add_to(estate: Estate, line: str) -> None:
    with estate.instance_file.open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")


def ssh_clients(server: Sshd) -> list[int]:
    """Return the ids of processes that forward a socket through the server."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        words = path.read_bytes().split(b"\0") if path.exists() else []
        if b"ssh" in words[0] and str(server.port).encode() in words and b"-N" in words:
            found.append(int(path.parent.name))
    return found


def test_sdk_and_command_line_share_one_ssh_of_this_process(server: Sshd) -> None:
    docker = Docker(host=server.endpoint)
    engine = DockerEngine.connect(docker)
    tunnel = reach(docker).tunnel
    assert tunnel
    try:
        assert engine.info().id == DockerEngine.connect(Docker()).info().id
        assert ComposeCli("none", docker, Path("/")).version()
        assert len(ssh_clients(server)) == 1
        assert tunnel.local.stat().st_mode & 0o077 == 0
    finally:
        tunnel.close()
    assert ssh_clients(server) == []


def test_a_tunnel_that_broke_is_opened_anew_by_the_next_call(server: Sshd) -> None:
    docker = Docker(host=server.endpoint)
    engine = DockerEngine.connect(docker)
    for number in ssh_clients(server):
        os.kill(number, signal.SIGKILL)
    await_none(server)
    assert engine.info().id
    tunnel = reach(docker).tunnel
    assert tunnel
    tunnel.close()


def await_none(server: Sshd) -> None:
    for _ in range(200):
        if not ssh_clients(server):
            return
        time.sleep(0.05)
    pytest.fail("an ssh is left behind")


HOLDS = """
import sys, time
from olmis_release.instance.config import Docker
from olmis_release.instance.engine import DockerEngine
DockerEngine.connect(Docker(host=sys.argv[1]))
print("open", flush=True)
time.sleep(600)
"""


def test_the_tunnel_ends_when_the_tool_is_killed(server: Sshd) -> None:
    tool = subprocess.Popen([sys.executable, "-c", HOLDS, server.endpoint], stdout=subprocess.PIPE, text=True)
    with tool:
        assert tool.stdout
        assert tool.stdout.readline() == "open\n"
        assert len(ssh_clients(server)) == 1
        tool.kill()
    await_none(server)


def test_a_docker_context_behind_ssh_goes_the_same_way(
    server: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    command = ["docker", "context", "create", "lab-ssh", "--docker", f"host={server.endpoint}"]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    tunnel = reach(Docker(context="lab-ssh")).tunnel
    assert tunnel
    assert DockerEngine.connect(Docker(context="lab-ssh")).info().id
    assert len(ssh_clients(server)) == 1
    tunnel.close()
    with pytest.raises(TargetUnreachable, match="no Docker context 'no-such'"):
        reach(Docker(context="no-such"))


def test_a_host_whose_key_is_not_known_is_not_trusted(server: Sshd) -> None:
    server.forget_host()
    error = refusal(tunnel_to(server))
    assert "is not known on this machine" in error.message
    assert f"`ssh -p {server.port} {server.user}@127.0.0.1` once by hand" in error.resolution


def test_a_host_whose_key_has_changed_is_not_trusted(server: Sshd) -> None:
    server.know_host("user_key")
    assert "not the one that is known here" in refusal(tunnel_to(server)).message


def test_a_key_that_the_host_refuses_is_told_and_nothing_is_asked(server: Sshd) -> None:
    server.allow(user=False)
    error = refusal(tunnel_to(server))
    assert "does not accept our key" in error.message
    assert error.exit_code == 17


def test_a_host_without_docker_is_told_with_the_socket_that_was_tried(server: Sshd) -> None:
    error = refusal(tunnel_to(server, remote="/run/no-such.sock"))
    assert "No Docker engine can be reached at /run/no-such.sock" in error.message
    assert "docker.socket in the instance file" in error.resolution


def test_a_host_that_is_not_there_is_told(server: Sshd) -> None:
    assert "no host of the name" in refusal(Tunnel(SshPlace(host="no-such-host.invalid"))).message
    assert "Connection refused" in refusal(Tunnel(SshPlace(host="127.0.0.1", port=1))).message


@pytest.fixture(scope="module")
def tls_engine() -> Iterator[SecondEngine]:
    """An engine that only clients with a certificate may use."""
    with second_engine(tls=True) as running:
        running.load([BASE])
        yield running


def docker_of(engine: SecondEngine, folder: Path) -> Docker:
    tls = DockerTls(ca=str(folder / "ca.pem"), cert=str(folder / "cert.pem"), key=str(folder / "key.pem"))
    return Docker(host=engine.host, tls=tls)


def test_sdk_compose_and_commands_reach_an_engine_over_tls(tls_engine: SecondEngine, tmp_path: Path) -> None:
    docker = docker_of(tls_engine, tls_engine.certificates)
    engine, project = DockerEngine.connect(docker), f"tls-{secrets.token_hex(3)}"
    file = tmp_path / "compose.yml"
    file.write_text(f"name: {project}\nservices: {{web: {{image: '{BASE}', init: true, command: [sleep, '600']}}}}\n")
    ComposeCli(project, docker, tmp_path).up(file, ["web"], timeout_s=60)
    (web,) = engine.containers(project)
    assert web.status is ContainerStatus.RUNNING
    assert engine.exec(web.id, ["echo", "here"], timeout_s=30).stdout == "here\n"
    assert engine.logs(web.id, tail=5) == ""
    assert engine.info().id != DockerEngine.connect(Docker()).info().id


def test_a_docker_context_with_tls_reaches_it_too(
    tls_engine: SecondEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    files = ",".join(f"{word}={tls_engine.certificates}/{word}.pem" for word in ("ca", "cert", "key"))
    command = ["docker", "context", "create", "lab-tls", "--docker", f"host={tls_engine.host},{files}"]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    assert DockerEngine.connect(Docker(context="lab-tls")).info().root_dir == f"{tls_engine.folder}/data"


def test_an_engine_that_proves_nothing_is_not_trusted(tls_engine: SecondEngine, tmp_path: Path) -> None:
    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).write_bytes((tls_engine.certificates / name).read_bytes())
    (tmp_path / "ca.pem").write_bytes((tls_engine.certificates / "cert.pem").read_bytes())
    (tmp_path / "key.pem").chmod(0o600)
    with pytest.raises(TargetUnreachable, match="certificate verify failed"):
        DockerEngine.connect(docker_of(tls_engine, tmp_path))


@pytest.fixture(scope="module")
def second() -> Iterator[SecondEngine]:
    """An engine to be killed."""
    with second_engine() as running:
        running.load([BASE])
        yield running


def test_an_engine_that_was_killed_is_unreachable_and_the_same_when_it_is_back(second: SecondEngine) -> None:
    engine = DockerEngine.connect(Docker(host=second.host))
    before = engine.info().id
    second.kill9()
    with pytest.raises(TargetUnreachable):
        engine.info()
    second.start()
    assert engine.info().id == before
    second.restart()
    assert engine.info().id == before


SERVE = (
    "perl -MIO::Socket::INET -e '$s=IO::Socket::INET->new(LocalPort=>80,Listen=>5,ReuseAddr=>1);"
    "while($c=$s->accept){<$c>;print $c qq(HTTP/1.0 204 Fine\\r\\n\\r\\n);close $c}'"
)


def test_ports_that_its_containers_publish_answer_on_this_host(second: SecondEngine) -> None:
    second.docker("run", "--detach", "--rm", "--name", "web", "--publish", "8080:80", BASE, "sh", "-c", SERVE)
    for _ in range(100):
        try:
            assert requests.get(f"http://{second.address}:8080/", timeout=5).status_code == 204
            break
        except requests.ConnectionError:
            time.sleep(0.1)
    else:
        pytest.fail("no answer from the container")
    second.docker("rm", "--force", "web")
