"""An engine behind ssh: one connection for a whole command, which forwards the engine's socket to a private one here.

One ssh per call, as Docker itself does it, meets the limits that servers and firewalls set. The tunnel ends with this
process, also when that is killed (`process.Companion`); where it breaks, the next call opens it anew.
"""

from __future__ import annotations

import atexit
import re
import shutil
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from olmis_release import clock
from olmis_release.errors import StepFailed, TargetUnreachable
from olmis_release.instance.private_folder import private_folder
from olmis_release.instance.process import Companion
from olmis_release.instance.tunnel_errors import explained

REMOTE_SOCKET = "/var/run/docker.sock"
CONNECT_S = 15
OPEN_S = 30.0
"""Seconds until the tunnel stands: connecting, proving who both sides are, and one question to the engine."""
LOOK_S = 0.05
OPTIONS = {
    "BatchMode": "yes",
    "ConnectTimeout": str(CONNECT_S),
    "ServerAliveInterval": "15",
    "ServerAliveCountMax": "4",
    "StrictHostKeyChecking": "yes",
    "ExitOnForwardFailure": "yes",
    # A connection that the user's configuration shares would keep the forwarding after we are gone.
    "ControlMaster": "no",
    "ControlPath": "none",
    "ForwardAgent": "no",
    "ForwardX11": "no",
    "PermitLocalCommand": "no",
    "StreamLocalBindMask": "0177",
    # What ssh complains of is what we explain.
    "LogLevel": "INFO",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SshPlace:
    """Where to: a host (or an alias of the user's ssh configuration), and user and port where they are given."""

    host: str
    user: str = ""
    port: int | None = None

    @classmethod
    def parse(cls, endpoint: str) -> SshPlace:
        """Read ``ssh://[user@]host[:port]``, which `config.docker_host` has checked."""
        parts = urlsplit(endpoint)
        # Not `hostname`: that one is lower case, and aliases are not.
        host = re.sub(r"(^.*@|:\d+$)", "", parts.netloc).strip("[]")
        return cls(host=host, user=parts.username or "", port=parts.port)

    @property
    def name(self) -> str:
        """The host as a person names it."""
        return f"{self.host}, port {self.port}" if self.port else self.host

    @property
    def command(self) -> str:
        """What a person types to get there."""
        port = f"-p {self.port} " if self.port else ""
        return f"ssh {port}{self.user}{'@' if self.user else ''}{self.host}"


def ssh_command(place: SshPlace, local: Path, remote: str) -> tuple[str, ...]:
    """Return the command that forwards a socket and does nothing else."""
    options = [word for name, value in OPTIONS.items() for word in ("-o", f"{name}={value}")]
    user = ("-l", place.user) if place.user else ()
    port = ("-p", str(place.port)) if place.port else ()
    return ("ssh", "-N", "-T", *options, "-L", f"{local}:{remote}", *user, *port, "--", place.host)


class Tunnel:
    """A socket of this machine behind which the engine of another one answers.

    Attributes:
        local: The socket, in a folder that only this user may enter.
    """

    def __init__(self, place: SshPlace, remote: str = REMOTE_SOCKET) -> None:
        """Make the folder; nothing is opened yet."""
        self._place = place
        self._remote = remote
        self._folder = private_folder()
        self.local = self._folder / "docker.sock"
        self._ssh: Companion | None = None
        self._lock = threading.Lock()
        atexit.register(self.close)

    def ensure(self) -> None:
        """Open the tunnel where it does not stand.

        Raises:
            TargetUnreachable: It cannot be opened; with what to do about it. Nothing was asked of the engine.
        """
        with self._lock:
            if self._ssh is None or not self._ssh.running:
                self._end()
                self._open()

    def close(self) -> None:
        """End the tunnel and remove its folder; closing twice is fine."""
        with self._lock:
            self._end()
            shutil.rmtree(self._folder, ignore_errors=True)
        atexit.unregister(self.close)

    def _open(self) -> None:
        latest_s = clock.monotonic_s() + OPEN_S
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._ssh = _started(ssh_command(self._place, self.local, self._remote))
        try:
            self._await_socket(self._ssh, latest_s)
            self._await_engine(self._ssh, latest_s)
        except BaseException:
            self._end()
            raise

    def _end(self) -> None:
        if self._ssh is not None:
            self._ssh.end()
            self._ssh = None
        self.local.unlink(missing_ok=True)

    def _await_socket(self, ssh: Companion, latest_s: float) -> None:
        # ssh makes the socket once both sides have proved who they are.
        while not self.local.exists():
            if not ssh.running:
                ssh.end()
                raise self._explained(ssh)
            if clock.monotonic_s() > latest_s:
                raise self._silent()
            time.sleep(LOOK_S)

    def _await_engine(self, ssh: Companion, latest_s: float) -> None:
        try:
            answered = _ping(self.local, latest_s)
        except TimeoutError:
            raise self._silent() from None
        if not answered:
            _let_it_complain(ssh, latest_s)
            raise self._explained(ssh)

    def _explained(self, ssh: Companion) -> TargetUnreachable:
        return explained(ssh.complaints, {"host": self._place.name, "ssh": self._place.command, "socket": self._remote})

    def _silent(self) -> TargetUnreachable:
        return TargetUnreachable(
            f"No Docker engine answered through ssh to {self._place.name} within {OPEN_S:.0f} s.",
            resolution=f"Check the network, and `{self._place.command} docker info`.",
        )


def _started(command: tuple[str, ...]) -> Companion:
    try:
        return Companion(command)
    except StepFailed as error:
        raise TargetUnreachable(error.message, resolution=error.resolution) from error


def _ping(path: Path, latest_s: float) -> bool:
    """Return whether something behind the socket answers at all; what it answers is the SDK's business."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.settimeout(max(0.1, latest_s - clock.monotonic_s()))
        with suppress(ConnectionError):
            asking.connect(str(path))
            asking.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
            return asking.recv(1) != b""
    return False


def _let_it_complain(ssh: Companion, latest_s: float) -> None:
    # The channel ends a moment before ssh says why.
    until_s = min(latest_s, clock.monotonic_s() + 2)
    while ssh.running and not ssh.complaints and clock.monotonic_s() < until_s:
        time.sleep(LOOK_S)
