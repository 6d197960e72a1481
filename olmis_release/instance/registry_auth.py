"""Answers a registry's challenge with a token, or with the name and password that `docker login` kept."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit
from urllib.request import parse_http_list, parse_keqv_list

import docker.auth
import requests
from docker.errors import DockerException

from olmis_release.errors import TargetUnreachable
from olmis_release.instance.front import is_loopback
from olmis_release.instance.wire import read_whole


def authorization(session: requests.Session, challenge: str, registry: str, *, timeout_s: float) -> str:
    """Return the Authorization header that a ``WWW-Authenticate`` challenge asks for, empty when we have none.

    Raises:
        TargetUnreachable: The challenge points to a place that must not see a password.
        requests.RequestException: The token service does not answer.
    """
    scheme, _, rest = challenge.partition(" ")
    login = _login(registry)
    if scheme.lower() == "basic" and login:
        return str(requests.Request("GET", f"https://{registry}", auth=login).prepare().headers["Authorization"])
    if scheme.lower() != "bearer":
        return ""
    wanted = parse_keqv_list(parse_http_list(rest))
    realm = wanted.pop("realm", "")
    _check_realm(realm, registry)
    answer = read_whole(session, "GET", realm, params=wanted, auth=login, timeout=timeout_s)
    token = _token(answer) if answer.ok else ""
    return f"Bearer {token}" if token else ""


def _check_realm(realm: str, registry: str) -> None:
    place = urlsplit(realm)
    if place.scheme != "https" and not is_loopback(place.hostname or ""):
        raise TargetUnreachable(
            f"The registry {registry} sends us to {realm!r} for a token, which is not encrypted.",
            resolution="Correct the registry, or name a mirror of it under registries in the instance file.",
        )


def _token(answer: requests.Response) -> str:
    try:
        body: Any = answer.json()
    except ValueError:
        return ""
    return str(body.get("token") or body.get("access_token") or "") if isinstance(body, dict) else ""


def _login(registry: str) -> tuple[str, str] | None:
    try:
        kept: Any = docker.auth.load_config().resolve_authconfig(registry)
    except DockerException:
        return None  # a broken credential helper: the registry may well answer strangers
    return (kept["Username"], kept["Password"]) if kept and kept.get("Username") else None
