"""An ssh server of the tests' own: a loopback port, a host key, one user's key, and a client set up for it.

Nothing of the system's ssh is touched: server and client each get their whole configuration as a file.
"""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.estate import LOOPBACK, free_port
from olmis_release.instance.process import Companion

START_S = 10.0
SERVER = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
LogLevel VERBOSE
"""
CLIENT = """\
Host *
    IdentityFile {folder}/user_key
    IdentitiesOnly yes
    IdentityAgent none
    UserKnownHostsFile {folder}/known_hosts
    GlobalKnownHostsFile /dev/null
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sshd:
    """A running server.

    Attributes:
        folder: Keys and configurations.
        port: Its loopback port.
        user: Who may log in: whoever runs the tests.
    """

    folder: Path
    port: int
    user: str

    @property
    def endpoint(self) -> str:
        """The engine behind this server, as Docker writes it."""
        return f"ssh://{self.user}@{LOOPBACK}:{self.port}"

    @property
    def path(self) -> str:
        """A PATH on which `ssh` knows the server and has the key."""
        return f"{self.folder}/bin{os.pathsep}{os.environ.get('PATH', '')}"

    def know_host(self, key: str = "host_key") -> None:
        """Let the client know a key as the server's; `user_key` is a wrong one."""
        public = (self.folder / f"{key}.pub").read_text(encoding="utf-8")
        (self.folder / "known_hosts").write_text(f"[{LOOPBACK}]:{self.port} {public}", encoding="utf-8")

    def forget_host(self) -> None:
        """Let the client know no key of the server."""
        (self.folder / "known_hosts").write_text("", encoding="utf-8")

    def allow(self, *, user: bool) -> None:
        """Let the server accept the user's key, or nobody's."""
        key = (self.folder / "user_key.pub").read_text(encoding="utf-8") if user else ""
        (self.folder / "authorized_keys").write_text(key, encoding="utf-8")


@contextmanager
def sshd(folder: Path, options: Mapping[str, str] | None = None) -> Iterator[Sshd]:
    """Run a server until the block ends, or this process does.

    Args:
        folder: An empty folder of ours.
        options: More lines of its configuration.

    Raises:
        LookupError: There is no sshd here, or it does not start; the message says why.
    """
    server = Sshd(folder=folder, port=free_port(), user=getpass.getuser())
    configure(server, options or {})
    running = start(server)
    try:
        yield server
    finally:
        running.end()


def configure(server: Sshd, options: Mapping[str, str]) -> None:
    """Write keys and configurations; client and server know each other."""
    folder = server.folder
    for name in ("host_key", "user_key"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / name)]
        subprocess.run(command, check=True, timeout=30)
    more = "".join(f"{name} {value}\n" for name, value in options.items())
    (folder / "sshd_config").write_text(SERVER.format(folder=folder, port=server.port) + more, encoding="utf-8")
    (folder / "ssh_config").write_text(CLIENT.format(folder=folder), encoding="utf-8")
    wrapper = folder / "bin" / "ssh"
    wrapper.parent.mkdir()
    wrapper.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {folder}/ssh_config "$@"\n', encoding="utf-8")
    wrapper.chmod(0o755)
    server.know_host()
    server.allow(user=True)


def start(server: Sshd) -> Companion:
    """Start the server and wait until it listens.

    Raises:
        LookupError: It does not.
    """
    # sshd wants its own full path; Debian keeps it where a user's PATH does not lead.
    program = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        raise LookupError("sshd is not installed: run `make setup`")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    running = Companion([program, "-D", "-e", "-f", f"{server.folder}/sshd_config"])
    until_s = time.monotonic() + START_S
    while not answers(server.port):
        if not running.running or time.monotonic() > until_s:
            running.end()
            raise LookupError(f"sshd does not start: {running.complaints}")
        time.sleep(0.05)
    return running


def answers(port: int) -> bool:
    """Tell whether a loopback port greets like an ssh server."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1) as asking:
            return asking.recv(4) == b"SSH-"
    except OSError:
        return False
