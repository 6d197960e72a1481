"""Render nginx's routes from Consul, as OpenLMIS's consul-template file does.

Two habits of the original matter to a release and are kept. A key routes to its service's name even when nobody is
registered under that name: nginx then refuses the whole configuration and keeps the old. And every registered address
gets traffic, dead ones too: health is ignored.
"""

import json
import os
import re
import subprocess
import time
from base64 import b64decode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.request import urlopen

ROUTES = Path("/etc/nginx/conf.d/openlmis.conf")
PID = Path("/run/nginx.pid")
PREFIX = "resources/"
POLL_S = 0.3
LOCATION = """
  location ~ ^/{pattern}/?$ {{
    proxy_pass http://{service};
  }}"""


def pattern(path: str) -> str:
    """Turn a resource path into a regular expression: ``{id}`` is one part, ``<all>`` any rest."""
    quoted = "".join(
        piece if piece[:1] in "{<" else re.escape(piece) for piece in re.split(r"(\{[\w-]+\}|<[\w-]+>)", path)
    )
    return re.sub(r"<[\w-]+>", ".*", re.sub(r"\{[\w-]+\}", r"[\\w-]+", quoted))


def rank(path: str) -> tuple[int, str]:
    """Order the routes: plain ones, those with a parameter, those with ``<all>``, the global ``<all>`` last."""
    if re.fullmatch(r"<[\w-]+>", path):
        return (3, path)
    return (2 if "<" in path else 1 if "{" in path else 0, path)


def routes(resources: Mapping[str, str], addresses: Mapping[str, Sequence[str]]) -> str:
    """Write upstreams and locations.

    Args:
        resources: Service by path, the prefix taken off.
        addresses: ``host:port`` of every registered instance by service.
    """
    lines = []
    for service, servers in sorted(addresses.items()):
        lines += [
            f"upstream {service} {{",
            "  least_conn;",
            *(f"  server {server};" for server in servers),
            "  keepalive 16;",
            "}",
        ]
    lines += ["server {", "  listen 80;", "  include /etc/nginx/conf.d/server.inc;"]
    lines += [LOCATION.format(pattern=pattern(path), service=resources[path]) for path in sorted(resources, key=rank)]
    return "\n".join([*lines, "}", ""])


def ask(consul: str, path: str) -> Any:
    """Read one thing from Consul; None where it does not exist."""
    try:
        with urlopen(f"{consul}/v1/{path}", timeout=5) as reply:
            return json.load(reply)
    except OSError as error:
        if getattr(error, "code", 0) == 404:
            return None
        raise


def current(consul: str, tag: str) -> str:
    """Render what Consul says now.

    Raises:
        OSError: Consul did not answer.
    """
    keys = ask(consul, f"kv/{PREFIX}?recurse") or []
    services = ask(consul, "agent/services") or {}
    resources = {row["Key"].removeprefix(PREFIX): b64decode(row["Value"]).decode() for row in keys}
    addresses: dict[str, list[str]] = {}
    for service in services.values():
        if tag in service["Tags"]:
            addresses.setdefault(service["Service"], []).append(f"{service['Address']}:{service['Port']}")
    return routes(resources, {name: sorted(servers) for name, servers in addresses.items()})


def follow(consul: str, tag: str) -> None:
    """Render and reload whenever Consul changes; a failed reload is left alone until the next change."""
    while not PID.exists() or not PID.read_text(encoding="ascii"):
        time.sleep(0.1)
    last = ""
    while True:
        try:
            now = current(consul, tag)
        except (OSError, ValueError) as error:
            print(f"consul: {error}", flush=True)
            time.sleep(1)
            continue
        if now != last:
            last = now
            ROUTES.write_text(now, encoding="utf-8")
            result = subprocess.run(["nginx", "-s", "reload"], check=False, capture_output=True, text=True)
            print(
                f"routes rendered, reload {'done' if result.returncode == 0 else 'refused: ' + result.stderr.strip()}",
                flush=True,
            )
        time.sleep(POLL_S)


def main() -> None:
    """Follow the Consul that the environment names."""
    host, port = os.environ.get("CONSUL_HOST") or "consul", os.environ.get("CONSUL_PORT") or "8500"
    follow(f"http://{host}:{port}", os.environ.get("SERVICE_TAG") or "openlmis-service")


if __name__ == "__main__":
    main()
