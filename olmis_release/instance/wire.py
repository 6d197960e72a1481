"""HTTP connections whose sockets can be cut from outside, for every library of ours that speaks HTTP."""

from __future__ import annotations

import socket
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from olmis_release.instance import deadline

QUESTIONS = frozenset({"GET", "HEAD"})
CHUNK_BYTES = 64 * 1024
BODY_LIMIT_BYTES = 4 * 1024 * 1024


class _Watched(HTTPConnection):
    """Tells the deadline which socket it uses, before anything leaves on it."""

    _changes = True

    def putrequest(self, method: str, *arguments: Any, **options: Any) -> None:
        self._changes = method not in QUESTIONS
        super().putrequest(method, *arguments, **options)

    def connect(self) -> None:
        super().connect()
        deadline.sends(self.sock, changes=False)

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        deadline.sends(self.sock, changes=self._changes)
        super().send(data)


class _WatchedTls(_Watched, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Watched


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedTls


POOLS = {"http": _Pool, "https": _TlsPool}


class WatchedAdapter(HTTPAdapter):
    """For http and https, straight or through a proxy."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Make the pool manager with our pools."""
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """Make the manager of a proxy with our pools."""
        manager = super().proxy_manager_for(proxy, **options)
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = POOLS
        return manager


class UnixAdapter(HTTPAdapter):
    """Sends every request to one Unix socket."""

    def __init__(self, path: str, *, timeout_s: float) -> None:
        """Remember the socket's path; nothing is opened yet."""
        self._pool = _UnixPool(path, timeout_s)
        super().__init__()

    def get_connection_with_tls_context(self, *_request_and_tls: Any, **_proxies: Any) -> Any:
        """Return the one pool."""
        return self._pool

    def request_url(self, request: Any, *_proxies: Any) -> str:
        """Return the path; a socket has no host and no proxy."""
        return str(request.path_url)

    def close(self) -> None:
        """Close idle connections."""
        self._pool.close()
        super().close()


class _UnixPool(HTTPConnectionPool):
    def __init__(self, path: str, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s, maxsize=10)
        self._path = path
        self._timeout_s = timeout_s

    def _new_conn(self) -> Any:
        return _UnixConnection(self._path, self._timeout_s)


class _UnixConnection(_Watched):
    def __init__(self, path: str, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path
        self._timeout_s = timeout_s

    def connect(self) -> None:
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            made.settimeout(self._timeout_s)
            made.connect(self._path)
        except OSError:
            made.close()
            raise
        self.sock = made


def watched_session() -> requests.Session:
    """Return a session whose connections a deadline can cut."""
    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, WatchedAdapter())
    return session


def read_whole(session: requests.Session, method: str, url: str, **options: Any) -> requests.Response:
    """Send a request and read its answer, `BODY_LIMIT_BYTES` at most.

    Raises:
        requests.RequestException: There is no whole answer.
        ValueError: It is larger than the limit.
    """
    with session.request(method, url, stream=True, **options) as response:
        # Where `content` would look for what it has read already.
        response._content = capped(response, BODY_LIMIT_BYTES)  # noqa: SLF001 (there is no public way to bound it)
    return response


def capped(response: requests.Response, limit_bytes: int) -> bytes:
    """Return the body of a streamed response.

    Raises:
        ValueError: It is larger than the limit.
    """
    found = bytearray()
    for chunk in response.iter_content(CHUNK_BYTES):
        found += chunk
        if len(found) > limit_bytes:
            raise ValueError(f"the answer is larger than {limit_bytes} bytes")
    return bytes(found)
