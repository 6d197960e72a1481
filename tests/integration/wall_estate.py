"""A small estate for tests of the wall: a Compose-like network, an upstream that tells what it got, and the wall."""

from __future__ import annotations

import secrets
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException

import docker
from docker.errors import ImageNotFound
from docker.models.containers import Container as SdkContainer

from lab.fleet import Fleet
from olmis_release.instance.config import Docker, WallConfig
from olmis_release.instance.engine import DockerEngine
from olmis_release.instance.front import HttpFrontDoor
from olmis_release.instance.registry import on_mirror
from olmis_release.instance.wall import NginxWall
from olmis_release.instance.wall_container import Place

LAB = {"org.openlmis.lab": "1"}
RUN_PASS = "f00d" * 8
UPSTREAM = """
import json, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    def answer(self):
        if self.headers.get("Upgrade"):
            self.send_response(101)
            self.send_header("Upgrade", self.headers["Upgrade"])
            self.send_header("Connection", "Upgrade")
            self.end_headers()
            while said := self.connection.recv(100):
                self.connection.sendall(said.upper())
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.startswith("/slow/"):
            time.sleep(float(self.path.rpartition("/")[2]))
        told = {"path": self.path, "headers": dict(self.headers), "bytes": len(body), "method": self.command}
        content = json.dumps(told).encode()
        self.send_response(502 if self.path == "/own-502" else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
    do_GET = do_POST = do_PUT = do_DELETE = answer
    def log_message(self, *_):
        pass
ThreadingHTTPServer.request_queue_size = 256
import sys
ThreadingHTTPServer(("0.0.0.0", int(sys.argv[1])), Handler).serve_forever()
"""


def free_port() -> int:
    """Give a loopback port that nobody listens on now."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


class WallEstate:
    """The network, its upstreams, and a wall that is not built yet."""

    def __init__(self, fleet: Fleet) -> None:
        self.docker = docker.from_env()
        self.project = f"wall-{secrets.token_hex(3)}"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.engine = DockerEngine.connect(Docker())
        self.front = HttpFrontDoor(self.url, None, RUN_PASS)
        self._image = fleet.image("openlmis/requisition:7.1.0")
        self._mirrors = {"docker.io": fleet.registry}
        self._network = self.docker.networks.create(f"{self.project}_default", labels=LAB)
        self._made: list[SdkContainer] = []
        self.wall = self.wall_with()

    def wall_with(self, *, port: int | None = None, message: str = "Back at 20:00.") -> NginxWall:
        """Give the wall as an instance file would describe it."""
        config = WallConfig(
            image="library/nginx:1.22", publish=f"127.0.0.1:{port or self.port}", retry_after_s=77, message=message
        )
        place = Place(
            project=self.project, instance=self.project, resolve=lambda image: on_mirror(image, self._mirrors)
        )
        return NginxWall(self.engine, config, place=place, front=self.front)

    def start_upstream(self, *, alias: str = "nginx", port: int = 80) -> SdkContainer:
        """Start a container that answers by telling what it was asked."""
        return self.add(self._image, alias=alias, entrypoint=["python3", "-c", UPSTREAM, str(port)], init=True)

    def add(self, image: str, *, alias: str, entrypoint: list[str] | None = None, init: bool = False) -> SdkContainer:
        """Start a container under a component's name."""
        network = f"{self.project}_default"
        try:
            self.docker.images.get(image)
        except ImageNotFound:
            self.docker.images.pull(image)
        made = self.docker.containers.create(
            image,
            entrypoint=entrypoint,
            labels=LAB,
            init=init,
            network=network,
            networking_config={network: self.docker.api.create_endpoint_config(aliases=[alias])},
        )
        made.start()
        self._made.append(made)
        return made

    def await_front(self, status: int = 200, path: str = "/", within_s: float = 20.0) -> float:
        """Wait until the front answers with this status; gives the seconds it took."""
        began = time.monotonic()
        while self.front.request("GET", path, with_pass=False).status != status:
            assert time.monotonic() - began < within_s, f"no {status} from the front within {within_s} s"
            time.sleep(0.05)
        return time.monotonic() - began

    def await_consul(self) -> None:
        """Wait until Consul answers through the entrance."""
        for _ in range(100):
            if self.front.request("GET", "/__olmis_release/consul/v1/status/leader").status == 200:
                return
            time.sleep(0.1)
        raise AssertionError("Consul does not answer")

    def remove(self) -> None:
        """Take everything away again."""
        self.wall.remove()
        for made in self._made:
            made.remove(force=True)
        self._network.remove()
        self.docker.close()


@dataclass
class Hammer:
    """Clients that keep their connections and ask as fast as they may.

    Attributes:
        seen: Statuses, and names of errors on fresh connections.
        cut: How often a connection that had served before was closed under a request without an answer.
    """

    port: int
    seen: Counter[str] = field(default_factory=Counter)
    cut: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def clients(self, number: int) -> Iterator[None]:
        threads = [threading.Thread(target=self._client) for _ in range(number)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def _client(self) -> None:
        connection, used = HTTPConnection("127.0.0.1", self.port, timeout=30), False
        while not self._stop.is_set():
            try:
                connection.request("GET", "/")
                answer = connection.getresponse()
                answer.read()
                self.seen[str(answer.status)] += 1
                used = not answer.will_close
            except (HTTPException, OSError) as error:
                self._note(error, used=used)
                connection.close()
                used = False
            self._stop.wait(0.02)
        connection.close()

    def _note(self, error: Exception, *, used: bool) -> None:
        # A server may close an idle connection at any time; HTTP clients ask again on a new one.
        if used and isinstance(error, (ConnectionResetError, BrokenPipeError, HTTPException)):
            self.cut += 1
        else:
            self.seen[type(error).__name__] += 1
