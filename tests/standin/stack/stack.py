"""Drive the small OpenLMIS of ``compose.yml`` through the Compose command line, the front door, Consul and psql."""

import json
import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import requests

COMPOSE_FILE = Path(__file__).with_name("compose.yml")
SOUND = {"NGINX": "4", "UI": "1.2.0", "REQUISITION": "7.1.0", "PROFILES": "production"}
WAIT_S = 60.0
Seen = TypeVar("Seen")
#: Run inside the Consul container: address, method and body of one call.
CALL = """
import sys
from urllib.request import Request, urlopen
url, method, body = sys.argv[1:]
print(urlopen(Request(url, method=method, data=body.encode() or None)).read().decode())
"""


def until(seen: Callable[[], Seen], good: Callable[[Seen], bool], *, timeout_s: float = WAIT_S) -> Seen:
    """Look again and again until what is seen is good; give the last look in any case."""
    end = time.monotonic() + timeout_s
    while not good(found := seen()) and time.monotonic() < end:
        time.sleep(0.2)
    return found


@dataclass(slots=True, kw_only=True)
class Stack:
    """One running project.

    Attributes:
        versions: What ``${…}`` in the Compose file stands for now.
    """

    project: str
    registry: str
    versions: dict[str, str] = field(default_factory=lambda: dict(SOUND))
    port: str = ""

    def compose(self, *arguments: str, check: bool = True) -> str:
        """Run ``docker compose`` on this project and give its output."""
        command = ["docker", "compose", "--project-name", self.project, "--file", str(COMPOSE_FILE), *arguments]
        env = {**os.environ, **self.versions, "REGISTRY": self.registry}
        done = subprocess.run(command, env=env, check=False, capture_output=True, text=True, timeout=180)
        assert done.returncode == 0 or not check, done.stderr
        return done.stdout

    def up(self, *services: str, **versions: str) -> None:
        """Bring services up, with other versions if told so."""
        self.versions |= versions
        self.compose("up", "--detach", "--no-deps", "--timeout=0", *services)
        self.port = self.compose("port", "nginx", "80").strip().rpartition(":")[2]

    def replace(self, service: str, **versions: str) -> None:
        """Replace a service's container as it should be done: no address of the old one stays in Consul."""
        self.compose("kill", service, check=False)
        self.compose("rm", "--force", service)
        for entry in self.consul(f"catalog/service/{service}"):
            self.consul(f"agent/service/deregister/{entry['ServiceID']}", method="PUT")
        self.up(service, **versions)

    def ask(self, path: str, *, method: str = "GET", body: object = None) -> requests.Response:
        """Send one request through the front door."""
        headers = {"Host": "localhost"}
        return requests.request(method, f"http://127.0.0.1:{self.port}{path}", json=body, headers=headers, timeout=30)

    def status(self, path: str) -> int:
        """Read the status of one answer; 0 where no answer came."""
        try:
            return self.ask(path).status_code
        except requests.ConnectionError:
            return 0

    def read(self, path: str, name: str) -> Any:
        """Read one value of a JSON answer; None where no such answer came."""
        try:
            return self.ask(path).json().get(name)
        except (requests.RequestException, AttributeError):
            return None

    def serves(self, service: str, version: str) -> bool:
        """Wait until a service shows this version; say whether it did."""
        seen = until(lambda: self.read(f"/{service}", "version"), lambda found: bool(found == version))
        return bool(seen == version)

    def sql(self, statement: str, *, database: str = "open_lmis") -> list[str]:
        """Run SQL as the superuser and give the rows, columns separated by ``|``."""
        psql = ("psql", "--username=postgres", "-At", database, "-c", statement)
        return self.compose("exec", "-T", "db", *psql).splitlines()

    def consul(self, path: str, *, method: str = "GET", body: object = None) -> Any:
        """Call Consul from inside the network and give its JSON."""
        url = f"http://localhost:8500/v1/{path}"
        data = "" if body is None else json.dumps(body)
        reply = self.compose("exec", "-T", "consul", "python3", "-c", CALL, url, method, data).strip()
        return json.loads(reply) if reply else None

    def inspect(self, service: str) -> dict[str, Any]:
        """Read what the engine knows of a service's container."""
        container = self.compose("ps", "--all", "--quiet", service).strip()
        done = subprocess.run(["docker", "inspect", container], check=True, capture_output=True, text=True, timeout=30)
        found: dict[str, Any] = json.loads(done.stdout)[0]
        return found

    def address(self, service: str) -> str:
        """Read a container's address in the project's network."""
        (network,) = self.inspect(service)["NetworkSettings"]["Networks"].values()
        return str(network["IPAddress"])
