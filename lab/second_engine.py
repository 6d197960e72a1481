"""A Docker engine of the tests' own, to be killed, cut off and restarted; the machine's own engine is never touched.

It lives in a network namespace, because two engines in one fight over its networks. Everything it leaves behind goes
with the block that made it, and with the process that made it, however that dies: a keeper waits for its end.
``python -m lab.second_engine clean FOLDER NAME NUMBER`` is what the keeper runs; ``sweep`` removes what nobody keeps.
"""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from lab.certificates import make_certificates
from lab.estate import ROOT
from lab.network import Network, abandoned, alive, descendants, end, make_network, remove_network, run
from lab.proxy import proxy

START_S = 60.0
STOP_S = 30.0
TLS_PORT = 2376
KEEPER = 'cat >/dev/null; exec "$@"'


@dataclass(slots=True, kw_only=True)
class SecondEngine:
    """An engine.

    Attributes:
        folder: All of it: data, sockets, certificates, log.
        network: Its namespace.
        driver: Its storage driver, the same as the machine's own engine has.
        tls: Whether it listens on TCP with TLS too.
    """

    folder: Path
    network: Network
    driver: str
    tls: bool = False
    _daemon: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        """Its Unix socket."""
        return self.folder / "docker.sock"

    @property
    def host(self) -> str:
        """Its endpoint: TCP where it has TLS, its Unix socket elsewhere."""
        return f"tcp://{self.address}:{TLS_PORT}" if self.tls else f"unix://{self.socket}"

    @property
    def address(self) -> str:
        """Where ports that its containers publish answer, when they do not publish to loopback only."""
        return self.network.address

    @property
    def certificates(self) -> Path:
        """Folder with ``ca.pem``, ``cert.pem`` and ``key.pem`` of a client."""
        return self.folder / "client"

    @property
    def log(self) -> str:
        """What it wrote."""
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            LookupError: It does not.
        """
        self._forget_the_dead()
        with (self.folder / "log").open("ab") as log:
            daemon = self._daemon = subprocess.Popen(
                self.network.entered("dockerd", *self._options()),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until_s = time.monotonic() + START_S
        while self.docker("version", check=False).returncode != 0:
            if daemon.poll() is not None or time.monotonic() > until_s:
                raise LookupError(f"the second engine does not start:\n{self.log[-2000:]}")
            time.sleep(0.2)

    def kill9(self) -> None:
        """Kill it, as the kernel does when memory runs out; its containers run on until it comes back."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Stop it, and with it its containers."""
        self._end(signal.SIGTERM)

    def restart(self) -> None:
        """Stop it and start it again."""
        self.stop()
        self.start()

    def load(self, images: Sequence[str]) -> None:
        """Bring images of the machine's own engine here. Their digests stay behind: those need a registry."""
        saving = subprocess.Popen(["docker", "save", *images], stdout=subprocess.PIPE)
        try:
            subprocess.run(
                self._command("load"), stdin=saving.stdout, stdout=subprocess.DEVNULL, check=True, timeout=600
            )
        finally:
            if saving.stdout:
                saving.stdout.close()
            saving.wait()

    def docker(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run the docker command line against it."""
        return subprocess.run(self._command(*arguments), capture_output=True, text=True, check=check, timeout=120)

    def _command(self, *arguments: str) -> list[str]:
        return ["docker", "--host", f"unix://{self.socket}", *arguments]

    def _options(self) -> list[str]:
        served = ["--host", f"unix://{self.socket}"]
        if self.tls:
            keys = self.folder / "server"
            served += ["--host", self.host, "--tlsverify", f"--tlscacert={keys}/ca.pem"]
            served += [f"--tlscert={keys}/cert.pem", f"--tlskey={keys}/key.pem"]
        places = [f"--{name}={self.folder / path}" for name, path in PLACES.items()]
        return [*served, *places, f"--storage-driver={self.driver}"]

    def _end(self, how: signal.Signals) -> None:
        if self._daemon:
            self._daemon.send_signal(how)
            self._daemon.wait(STOP_S)
            self._daemon = None

    def _forget_the_dead(self) -> None:
        # An engine waits for the process that such a file names, even for one that only was not collected yet.
        (self.folder / "pid").unlink(missing_ok=True)
        file = self.folder / "exec" / "containerd" / "containerd.pid"
        until_s = time.monotonic() + STOP_S
        while file.exists() and alive(int(file.read_text(encoding="utf-8"))) and time.monotonic() < until_s:
            time.sleep(0.02)
        file.unlink(missing_ok=True)


PLACES = {"data-root": "data", "exec-root": "exec", "pidfile": "pid", "config-file": "daemon.json"}


@contextmanager
def second_engine(*, tls: bool = False, registry: str = "") -> Iterator[SecondEngine]:
    """Run an engine until the block ends.

    Args:
        tls: Let it listen on TCP too, for clients with a certificate only.
        registry: ``127.0.0.1:port`` of a registry of this host, which answers under the same name in the namespace.

    Raises:
        LookupError: It cannot be made here.
    """
    sweep()
    # A short path: a socket's may have about a hundred bytes.
    folder = Path(tempfile.mkdtemp(prefix="olmis-engine-", dir="/tmp"))
    network = make_network()
    keeper = keep(folder, network)
    engine = SecondEngine(folder=folder, network=network, driver=driver(), tls=tls)
    try:
        # Until release 24 an engine's ID is that of a key outside of its data, which would be the machine's own.
        own_id = {"deprecated-key-path": f"{folder}/key.json"} if release() < 24 else {}
        (folder / "daemon.json").write_text(json.dumps(own_id), encoding="utf-8")
        if tls:
            make_certificates(folder, engine.address)
        with relayed(engine, registry):
            engine.start()
            yield engine
    finally:
        engine.kill9()
        clean(folder, network)
        keeper.kill()
        keeper.wait()
        if keeper.stdin:
            keeper.stdin.close()


@contextmanager
def relayed(engine: SecondEngine, registry: str) -> Iterator[None]:
    """Let a loopback address of this host answer in the namespace too, through a Unix socket: files are outside."""
    if not registry:
        yield
        return
    through = f"unix:{engine.folder}/registry.sock"
    with proxy(registry, listen_at=through):
        inside = subprocess.Popen(
            engine.network.entered(sys.executable, "-m", "lab.proxy", registry, through),
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        try:
            if inside.stdout:
                inside.stdout.readline()
            yield
        finally:
            inside.kill()
            inside.wait()
            if inside.stdout:
                inside.stdout.close()


def release() -> int:
    """Return which release of the engine is installed, for example 20."""
    found = re.search(r"version (\d+)\.", run("dockerd", "--version").stdout)
    return int(found[1]) if found else 0


def driver() -> str:
    """Return the storage driver that works here: that of the machine's own engine."""
    return run("docker", "info", "--format", "{{.Driver}}").stdout.strip() or "overlay2"


def keep(folder: Path, network: Network) -> subprocess.Popen[bytes]:
    """Start the keeper: it holds the other end of a pipe and cleans up when that is closed by our end."""
    arguments = ("clean", str(folder), network.name, str(network.number))
    return subprocess.Popen(
        ["sh", "-c", KEEPER, "keeper", sys.executable, "-m", "lab.second_engine", *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        start_new_session=True,
    )


def clean(folder: Path, network: Network) -> None:
    """Remove all of an engine: processes by their ids, namespace, mounts, files."""
    numbers = set(network.processes()) | set(mentioning(str(folder)))
    end(sorted(numbers | set(descendants(numbers))))
    remove_network(network)
    for mount in reversed(mounts_below(folder)):
        run("umount", "--lazy", mount)
    shutil.rmtree(folder, ignore_errors=True)


def mentioning(text: str) -> list[int]:
    """Return the ids of processes that an engine in a folder started: containers' shims name the folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = path.read_bytes().split(b"\0")
            if words[0].endswith((b"dockerd", b"containerd", b"containerd-shim-runc-v2", b"fuse-overlayfs")):
                found += [int(path.parent.name)] if any(text.encode() in word for word in words) else []
    return found


def mounts_below(folder: Path) -> list[str]:
    """Return what is mounted in a folder, in the order in which it was."""
    lines = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    return [path for path in (line.split()[1] for line in lines) if path.startswith(f"{folder}/")]


def sweep() -> None:
    """Remove engines whose maker and keeper are both gone."""
    for network in abandoned():
        clean(Path(f"/nowhere/{network.name}"), network)


def main(arguments: list[str]) -> int:
    """Run ``clean`` or ``sweep``."""
    match arguments:
        case ["clean", folder, name, number] if Path(folder).name.startswith("olmis-engine-"):
            clean(Path(folder), Network(name=name, number=int(number)))
        case ["sweep"]:
            sweep()
        case _:
            print("usage: python -m lab.second_engine clean FOLDER NAME NUMBER | sweep", file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
