"""The instance as a client sees it: one request, one answer, never an exception."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from olmis_release import clock
from olmis_release.instance.ports import Answer

PASS_HEADER = "X-Olmis-Release-Pass"  # noqa: S105 (a header's name)
BODY_LIMIT_BYTES = 4 * 1024 * 1024
CHUNK_BYTES = 64 * 1024


class HttpFrontDoor:
    """Sends requests to the instance's URL; see `ports.FrontDoor`.

    Args:
        url: Where users go.
        host_header: Host name to send when it differs from the URL's.
        run_pass: What the closed wall lets through; empty for none.
    """

    def __init__(self, url: str, host_header: str | None, run_pass: str) -> None:
        """Keep where to go; nothing is sent yet."""
        self._url = url.rstrip("/")
        self._host_header = host_header
        self._run_pass = run_pass
        self._own = threading.local()

    def request(
        self, method: str, path: str, *, body: str | None = None, timeout_s: float = 10.0, with_pass: bool = True
    ) -> Answer:
        """Send one request and return whatever came back within the time; redirects are answers, not followed."""
        began_s = clock.monotonic_s()
        try:
            with self._session().request(
                method,
                f"{self._url}{path}",
                data=body.encode() if body is not None else None,
                headers=self._headers(has_body=body is not None, with_pass=with_pass),
                timeout=timeout_s,
                allow_redirects=False,
                stream=True,
            ) as response:
                content = b"".join(_in_time(response, began_s + timeout_s))
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            return _no_answer(error, clock.monotonic_s() - began_s)
        return _answer(response, content, clock.monotonic_s() - began_s)

    def _headers(self, *, has_body: bool, with_pass: bool) -> dict[str, str]:
        # Each request is a client of its own: a connection kept open across a reload of the wall would fail.
        headers = {"Connection": "close"}
        if self._host_header:
            headers["Host"] = self._host_header
        if has_body:
            headers["Content-Type"] = "application/json"
        if with_pass and self._run_pass:
            headers[PASS_HEADER] = self._run_pass
        return headers

    def _session(self) -> requests.Session:
        # One per thread: a session may not be shared.
        if not hasattr(self._own, "session"):
            self._own.session = new_session(self._url)
        session: requests.Session = self._own.session
        return session


def new_session(url: str) -> requests.Session:
    """Return a session that reaches loopback addresses directly, whatever proxy the environment names."""
    session = requests.Session()
    session.trust_env = not is_loopback(urlsplit(url).hostname or "")
    session.headers["User-Agent"] = "olmis-release"
    return session


def is_loopback(host: str) -> bool:
    """Return whether a host name or address is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _in_time(response: requests.Response, deadline_s: float) -> Iterator[bytes]:
    # The library's limit is per read, so a server that drips bytes would hold us for ever; read1 returns what came.
    have = 0
    while chunk := response.raw.read1(CHUNK_BYTES, decode_content=True):
        have += len(chunk)
        if clock.monotonic_s() > deadline_s:
            raise TimeoutError("the answer did not end in time")
        if have > BODY_LIMIT_BYTES:
            raise ValueError(f"the answer is larger than {BODY_LIMIT_BYTES} bytes")
        yield chunk


def _no_answer(error: Exception, elapsed_s: float) -> Answer:
    return Answer(status=0, text="", json=None, elapsed_s=elapsed_s, error=f"{type(error).__name__}: {error}")


def _answer(response: requests.Response, content: bytes, elapsed_s: float) -> Answer:
    text = content.decode(response.encoding or "utf-8", "replace")
    headers: Mapping[str, str] = response.headers
    return Answer(status=response.status_code, text=text, json=_json(text), elapsed_s=elapsed_s, headers=headers)


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None
