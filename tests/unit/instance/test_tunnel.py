"""How ssh is called, and what its complaints become; a real server is in tests/integration/test_targets.py."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from olmis_release.errors import TargetUnreachable
from olmis_release.instance.tunnel import SshPlace, Tunnel, ssh_command
from olmis_release.instance.tunnel_errors import explained

NAMES = {"host": "uat", "ssh": "ssh moh@uat", "socket": "/var/run/docker.sock"}


def test_one_ssh_forwards_the_socket_and_never_asks_trusts_or_shares_anything() -> None:
    place = SshPlace.parse("ssh://moh@Uat-1:2222")
    assert ssh_command(place, Path("/t/docker.sock"), "/run/docker.sock") == (
        *("ssh", "-N", "-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=15"),
        *("-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=4", "-o", "StrictHostKeyChecking=yes"),
        *("-o", "ExitOnForwardFailure=yes", "-o", "ControlMaster=no", "-o", "ControlPath=none"),
        *("-o", "ForwardAgent=no", "-o", "ForwardX11=no", "-o", "PermitLocalCommand=no"),
        *("-o", "StreamLocalBindMask=0177", "-o", "LogLevel=INFO"),
        *("-L", "/t/docker.sock:/run/docker.sock", "-l", "moh", "-p", "2222", "--", "Uat-1"),
    )


@pytest.mark.parametrize(
    ("endpoint", "place"),
    [
        ("ssh://uat", SshPlace(host="uat")),
        ("ssh://moh@uat.example.org", SshPlace(host="uat.example.org", user="moh")),
        ("ssh://moh@[fd00::2]:22", SshPlace(host="fd00::2", user="moh", port=22)),
        ("ssh://[::1]", SshPlace(host="::1")),
    ],
)
def test_user_host_and_port_are_told_apart(endpoint: str, place: SshPlace) -> None:
    assert SshPlace.parse(endpoint) == place


@pytest.mark.parametrize(
    ("complaint", "told", "advice"),
    [
        ("No ED25519 host key is known for uat\r\nHost key verification failed.", "is not known", "compare the finger"),
        (
            "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.",
            "not the one that is known here",
            "ssh-keygen -R",
        ),
        ("moh@uat: Permission denied (publickey).", "does not accept our key", "authorized_keys"),
        ("ssh: Could not resolve hostname uat: Name or service not known", "no host of the name", "docker.host"),
        ("channel 1: open failed: connect failed: open failed", "No Docker engine can be reached at", "docker.socket"),
        ("channel 1: open failed: administratively prohibited: open failed", "forbids", "AllowStreamLocalForwarding"),
        ("/root/.ssh/config: line 3: Bad configuration option: x", "cannot be used", "ssh moh@uat true"),
        ("ssh: connect to host uat port 22: Connection refused", "Connection refused", "ssh moh@uat true"),
        ("", "No ssh connection to uat", "ssh moh@uat true"),
    ],
)
def test_what_ssh_complains_of_comes_with_what_to_do(complaint: str, told: str, advice: str) -> None:
    error = explained(complaint, NAMES)
    assert told in error.message
    assert advice in error.resolution
    assert error.exit_code == 17


def test_a_machine_without_ssh_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    tunnel = Tunnel(SshPlace(host="uat"))
    try:
        with pytest.raises(TargetUnreachable, match="ssh could not be run"):
            tunnel.ensure()
    finally:
        tunnel.close()


def test_the_socket_lies_in_a_folder_of_this_user_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    deep = tmp_path / ("deep" * 20)
    deep.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    tunnel = Tunnel(SshPlace(host="uat"))
    assert tunnel.local.parent.stat().st_mode & 0o777 == 0o700
    assert len(str(tunnel.local)) < 108, "the kernel takes no longer path for a socket"
    tunnel.close()
    assert not tunnel.local.parent.exists()


def test_folders_that_a_killed_tool_left_go_with_the_next_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("olmis_release.instance.private_folder.PATH_LIMIT_BYTES", 1000)
    ended = subprocess.Popen(["true"])
    ended.wait()
    left, used = tmp_path / f"olmis-release-ssh-{ended.pid}-x", tmp_path / f"olmis-release-ssh-{os.getpid()}-x"
    for folder in (left, used):
        folder.mkdir()
    Tunnel(SshPlace(host="uat")).close()
    assert (left.exists(), used.exists()) == (False, True)
