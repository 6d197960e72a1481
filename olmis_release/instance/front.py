"""The instance as a client sees it: one request, one answer, never an exception."""

from __future__ import annotations

import json
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from olmis_release import clock
from olmis_release.instance.deadline import within
from olmis_release.instance.ports import Answer
from olmis_release.instance.wire import BODY_LIMIT_BYTES, capped, watched_session

PASS_HEADER = "X-Olmis-Release-Pass"  # noqa: S105 (a header's name)


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

    def request(
        self, method: str, path: str, *, body: str | None = None, timeout_s: float = 10.0, with_pass: bool = True
    ) -> Answer:
        """Send one request and return whatever came back within the time; redirects are answers, not followed."""
        began_s = clock.monotonic_s()
        headers = self._headers(has_body=body is not None, with_pass=with_pass)
        options = {"headers": headers, "data": None if body is None else body.encode(), "timeout": timeout_s}
        try:
            response, content = within(timeout_s, lambda: self._exchange(method, path, options))
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            return _no_answer(error, clock.monotonic_s() - began_s)
        return _answer(response, content, clock.monotonic_s() - began_s)

    def _exchange(self, method: str, path: str, options: Mapping[str, Any]) -> tuple[requests.Response, bytes]:
        url = f"{self._url}{path}"
        with (
            new_session(self._url) as session,
            session.request(method, url, allow_redirects=False, stream=True, **options) as response,
        ):
            return response, capped(response, BODY_LIMIT_BYTES)

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


def new_session(url: str) -> requests.Session:
    """Return a session that reaches loopback addresses directly, whatever proxy the environment names."""
    session = watched_session()
    session.trust_env = not is_loopback(urlsplit(url).hostname or "")
    session.headers["User-Agent"] = "olmis-release"
    return session


def is_loopback(host: str) -> bool:
    """Return whether a host name or address is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


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
