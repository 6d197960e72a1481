"""A Consul agent as far as OpenLMIS uses one: registration, catalogue, health, keys.

The original's arguments ``-server -bootstrap`` are accepted and ignored.
"""

import base64
import json
import signal
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.standin.consul.checks import check_forever
from tests.standin.consul.store import Service, Store

STORE = Store()
PORT = 8500


def catalogued(service: Service) -> dict[str, Any]:
    """Describe one address as ``/v1/catalog/service`` does."""
    return {
        "Node": "stand-in",
        "Address": "127.0.0.1",
        "ServiceID": service.id,
        "ServiceName": service.name,
        "ServiceTags": service.tags,
        "ServiceAddress": service.address,
        "ServicePort": service.port,
    }


def held_by_agent(service: Service) -> dict[str, Any]:
    """Describe one address as ``/v1/agent/services`` does."""
    return {
        "ID": service.id,
        "Service": service.name,
        "Tags": service.tags,
        "Address": service.address,
        "Port": service.port,
    }


def with_health(service: Service) -> dict[str, Any]:
    """Describe one address as ``/v1/health/service`` does."""
    checks = [
        {"Node": "stand-in", "CheckID": f"service:{service.id}", "ServiceID": service.id, "Status": service.status}
    ]
    return {
        "Node": {"Node": "stand-in", "Address": "127.0.0.1"},
        "Service": held_by_agent(service),
        "Checks": checks if service.check_url else [],
    }


class Handler(BaseHTTPRequestHandler):
    """Maps the calls that are used to the store; everything else is 404."""

    protocol_version = "HTTP/1.1"
    timeout = 75
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        """Answer reads."""
        match self._parts():
            case ["v1", "agent", "services"]:
                self._json({service.id: held_by_agent(service) for service in STORE.everything()})
            case ["v1", "agent", "self"]:
                self._json({"Config": {"NodeName": "stand-in", "Server": True}})
            case ["v1", "status", "leader"]:
                self._json("127.0.0.1:8300")
            case ["v1", "catalog", "services"]:
                self._json({service.name: service.tags for service in STORE.everything()})
            case ["v1", "catalog", "service", name]:
                self._json([catalogued(service) for service in STORE.named(name)])
            case ["v1", "health", "service", name]:
                wanted = {"passing"} if "passing" in self._query() else {"passing", "critical"}
                self._json([with_health(service) for service in STORE.named(name) if service.status in wanted])
            case ["v1", "kv", *path]:
                self._keys("/".join(path))
            case _:
                self._end(HTTPStatus.NOT_FOUND)

    def do_PUT(self) -> None:
        """Answer writes."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        match self._parts():
            case ["v1", "agent", "service", "register"]:
                self._register(body)
            case ["v1", "agent", "service", "deregister", service_id]:
                self._end(HTTPStatus.OK if STORE.deregister(service_id) else HTTPStatus.NOT_FOUND)
            case ["v1", "kv", *path]:
                STORE.put("/".join(path), body)
                self._json(True)
            case _:
                self._end(HTTPStatus.NOT_FOUND)

    def do_DELETE(self) -> None:
        """Answer removals of keys."""
        match self._parts():
            case ["v1", "kv", *path]:
                STORE.delete("/".join(path), recurse="recurse" in self._query())
                self._json(True)
            case _:
                self._end(HTTPStatus.NOT_FOUND)

    def _register(self, body: bytes) -> None:
        try:
            STORE.register(json.loads(body))
        except (ValueError, KeyError, TypeError) as error:
            self._end(HTTPStatus.BAD_REQUEST, f"Request decode failed: {error}".encode())
        else:
            self._end(HTTPStatus.OK)

    def _keys(self, path: str) -> None:
        query = self._query()
        found = STORE.get(path, recurse="recurse" in query or "keys" in query)
        if not found:
            self._end(HTTPStatus.NOT_FOUND)
        elif "raw" in query:
            self._end(HTTPStatus.OK, found[0][1])
        elif "keys" in query:
            self._json([name for name, _ in found])
        else:
            self._json([{"Key": name, "Value": base64.b64encode(value).decode(), "Flags": 0} for name, value in found])

    def _parts(self) -> list[str]:
        return [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]

    def _query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.path).query, keep_blank_values=True)

    def _json(self, content: object) -> None:
        self._end(HTTPStatus.OK, json.dumps(content).encode())

    def _end(self, status: HTTPStatus, payload: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it so)
        """Write no access log."""


def main() -> None:
    """Serve until told to end."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    threading.Thread(target=check_forever, args=[STORE], daemon=True).start()
    ThreadingHTTPServer.request_queue_size = 128
    ThreadingHTTPServer.daemon_threads = True
    ThreadingHTTPServer(("0.0.0.0", PORT), Handler).serve_forever()


if __name__ == "__main__":
    main()
