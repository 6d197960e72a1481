"""A loopback HTTP server whose answers a test writes, for the adapters that speak HTTP."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as the server got it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What it shall answer."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Server:
    """A running server: where it is, and what it was asked."""

    url: str
    asked: list[Asked]

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")


@contextmanager
def serving(answer: Callable[[Asked], Reply]) -> Iterator[Server]:
    """Serve on a free port until the block ends."""
    asked: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked.append(Asked(method=self.command, path=self.path, headers=dict(self.headers), body=body))
            reply = answer(asked[-1])
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body if self.command != "HEAD" else b"")

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _any  # noqa: N815 (the base class names them so)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it so)
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield Server(url=f"http://127.0.0.1:{server.server_address[1]}", asked=asked)
        finally:
            server.shutdown()
            thread.join()
