"""Register with Consul: run before the service itself starts, so routes exist while the port is still closed."""

import json
import os
import socket
import sys
import time
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import Request, urlopen

from tests.standin.service.settings import Settings, read_settings
from tests.standin.service.spec import IdMode, Spec, read_spec

TRIES = 10
ID_FILE = Path("/consul-id")
#: Resources whose path does not begin with the service's name, as many of OpenLMIS's do not.
WITHOUT_ITS_NAME = {"auth": ("api/oauth/token",), "referencedata": ("api/users",)}


def resources(spec: Spec) -> tuple[str, ...]:
    """List the paths that nginx shall route to this service; ``<all>`` stands for every other path."""
    if spec.is_ui:
        return ("<all>",)
    api = f"api/{spec.consul}"
    paths = (spec.consul, api, f"{api}/records", f"{api}/<all>")
    return (*paths, *WITHOUT_ITS_NAME.get(spec.consul, ()))


def registration(spec: Spec, settings: Settings, address: str) -> dict[str, Any]:
    """Describe this container to Consul's agent; only the fixed-id mode brings a health check."""
    body: dict[str, Any] = {"Name": spec.consul, "Port": spec.port, "Tags": [settings.service_tag], "Address": address}
    if spec.id_mode is IdMode.RANDOM:
        return body | {"ID": id_of_this_container()}
    check = {
        "HTTP": f"http://{address}:{spec.port}/{spec.consul}",
        "Interval": "10s",
        "DeregisterCriticalServiceAfter": "10m",
    }
    return body | {"ID": f"{spec.consul}-service", "Check": check}


def id_of_this_container() -> str:
    """Make an id once per container: a restart keeps it, a new container leaves the old one behind in Consul."""
    if not ID_FILE.exists():
        ID_FILE.write_text(str(uuid.uuid4()), encoding="ascii")
    return ID_FILE.read_text(encoding="ascii")


def register(spec: Spec, settings: Settings) -> None:
    """Tell Consul the address and the routes.

    Raises:
        OSError: Consul did not answer.
    """
    address = socket.gethostbyname(socket.gethostname())
    _put(f"{settings.consul_url}/v1/agent/service/register", json.dumps(registration(spec, settings, address)))
    for path in resources(spec):
        _put(f"{settings.consul_url}/v1/kv/resources/{quote(path)}", spec.consul)


def _put(url: str, body: str) -> None:
    with urlopen(Request(url, data=body.encode(), method="PUT"), timeout=5):
        pass


def main() -> int:
    """Try for ten seconds; run.sh starts the service whatever comes out."""
    spec = read_spec()
    settings = read_settings({"BASE_URL": "unused here", **os.environ}, needs_database=False)
    for _ in range(TRIES):
        try:
            register(spec, settings)
        except OSError as error:
            print(f"Consul registration failed: {error}", flush=True)
            time.sleep(1)
        else:
            print(f"Registered {spec.consul} with Consul", flush=True)
            return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
