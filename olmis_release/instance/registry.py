"""Image registries, asked what a tag means now, through the mirrors that an instance names.

Tags are asked for by HEAD, which no registry counts as a pull. Only an index is read itself, once and for all, because
nothing else tells which image it means on which platform.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import docker.auth
import requests
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential
from urllib3.exceptions import HTTPError

from olmis_release.errors import TargetUnreachable
from olmis_release.instance.deadline import within
from olmis_release.instance.front import is_loopback, new_session
from olmis_release.instance.registry_auth import authorization
from olmis_release.instance.wire import read_whole
from olmis_release.manifest.model import DEFAULT_REGISTRY, ImageRef

ACCEPT = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
INDEXES = frozenset(ACCEPT.split(", ")[:2])
TRIES = 3
FEW_LEFT = 20
# Docker Hub's API does not live under its name; the SDK knows where.
HUB = urlsplit(docker.auth.INDEX_URL).netloc

_log = logging.getLogger("olmis_release.registry")


class _Busy(requests.RequestException):
    """The registry asks to come back later, or had an accident."""


class RegistryClient:
    """Asks registries over HTTP; see `ports.Registry`.

    Args:
        mirrors: Registry host to the ``host[:port]`` asked in its place; loopback mirrors speak plain http.
        cache: Folder that remembers which digests a registry has shown; a tag is never remembered.
        timeout_s: Seconds one request may take; a question with its repeats may take `TRIES` times as long.
    """

    def __init__(self, mirrors: Mapping[str, str], cache: Path, *, timeout_s: float = 10.0) -> None:
        """Keep where to ask; nothing is sent yet."""
        self._mirrors = dict(mirrors)
        self._cache = cache / "digests"
        self._timeout_s = timeout_s
        self._sessions: dict[str, requests.Session] = {}
        self._authorizations: dict[tuple[str, str], str] = {}
        self._is_index: dict[str, bool] = {}

    def digest(self, image: ImageRef) -> str | None:
        """Return the digest that a reference means now, None when the registry has no such image (or hides it)."""
        seen = self._seen(image)
        if image.digest and seen.exists():
            return image.digest
        found = self._ask(image)
        if found and image.digest:
            seen.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            seen.touch()
        return found

    def has(self, image: ImageRef) -> bool:
        """Return whether the registry has the image now, by its digest where it has one; always asks."""
        return self._ask(image) is not None

    def platforms(self, image: ImageRef) -> Mapping[str, str]:
        """Return platform to digest where an image's digest is that of an index, nothing where it is one image's."""
        kept = self._cache / f"{self._seen(image).name}.platforms"
        if kept.is_file():
            return dict(json.loads(kept.read_bytes()))
        if image.digest not in self._is_index:
            self._ask(image)
        if not self._is_index.get(image.digest or ""):
            return {}
        found = _platforms_in(self._asked(image, method="GET").content)
        kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept.write_text(json.dumps(found), encoding="utf-8")
        return found

    def _seen(self, image: ImageRef) -> Path:
        name = f"{self._host(image)}/{image.path}@{image.digest}"
        return self._cache / hashlib.sha256(name.encode()).hexdigest()

    def _host(self, image: ImageRef) -> str:
        host = self._mirrors.get(image.registry, image.registry)
        return HUB if host == DEFAULT_REGISTRY else host

    def _ask(self, image: ImageRef) -> str | None:
        host, answer = self._host(image), self._asked(image)
        _warn_when_few(host, answer)
        digest = _digest_in(answer, host, image)
        if digest:
            self._is_index[digest] = answer.headers.get("Content-Type", "").partition(";")[0].strip() in INDEXES
        return digest

    def _asked(self, image: ImageRef, *, method: str = "HEAD") -> requests.Response:
        host = self._host(image)
        try:
            return within(self._timeout_s * TRIES, lambda: self._patiently(host, image, method=method))
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            raise TargetUnreachable(
                f"The registry {host} does not answer for {image}: {error}.",
                resolution="Check the network and the registries named in the instance file; --offline asks none.",
            ) from error

    def _patiently(self, host: str, image: ImageRef, *, method: str = "HEAD") -> requests.Response:
        # Reading twice harms nobody, so a busy or stumbling registry is asked again.
        again = Retrying(
            stop=stop_after_attempt(TRIES),
            wait=wait_exponential(multiplier=0.3, max=4),
            retry=retry_if_exception_type((_Busy, requests.ConnectionError, requests.Timeout)),
            reraise=True,
        )
        return again(self._once, host, image, method=method)

    def _once(self, host: str, image: ImageRef, *, method: str) -> requests.Response:
        url = f"{scheme_of(host)}://{host}/v2/{image.path}/manifests/{image.digest or image.tag}"
        answer = self._send(url, host, image, method=method)
        challenge = answer.headers.get("WWW-Authenticate")
        if answer.status_code == requests.codes.unauthorized and challenge:
            self._authorizations[host, image.path] = authorization(
                self._session(host), challenge, DEFAULT_REGISTRY if host == HUB else host, timeout_s=self._timeout_s
            )
            answer = self._send(url, host, image, method=method)
        if answer.status_code == requests.codes.too_many_requests or answer.status_code >= 500:
            raise _Busy(f"it answers {answer.status_code} {answer.reason}")
        return answer

    def _send(self, url: str, host: str, image: ImageRef, *, method: str) -> requests.Response:
        headers = {"Accept": ACCEPT}
        if known := self._authorizations.get((host, image.path)):
            headers["Authorization"] = known
        return read_whole(
            self._session(host), method, url, headers=headers, timeout=self._timeout_s, allow_redirects=True
        )

    def _session(self, host: str) -> requests.Session:
        if host not in self._sessions:
            self._sessions[host] = new_session(f"{scheme_of(host)}://{host}")
        return self._sessions[host]


def scheme_of(host: str) -> str:
    """Return ``http`` for a registry on this machine, as Docker does, and ``https`` for every other."""
    return "http" if is_loopback(urlsplit(f"//{host}").hostname or "") else "https"


def on_mirror(image: ImageRef, mirrors: Mapping[str, str]) -> str:
    """Return the reference under which an engine pulls an image: ``mirror/path:tag[@digest]``, else as written."""
    written = image.pinned() if image.digest else str(image)
    mirror = mirrors.get(image.registry)
    return f"{mirror}/{image.path}{written.removeprefix(image.repository)}" if mirror else written


def _digest_in(answer: requests.Response, host: str, image: ImageRef) -> str | None:
    if answer.status_code in {requests.codes.unauthorized, requests.codes.forbidden}:
        _log.warning("%s does not show %s to us: it does not exist, or needs `docker login`", host, image)
        return None
    if answer.status_code == requests.codes.not_found:
        return None
    digest = answer.headers.get("Docker-Content-Digest")
    if not answer.ok or not digest:
        raise TargetUnreachable(
            f"The registry {host} gives no digest for {image} (status {answer.status_code}).",
            resolution="Check that the address is an image registry.",
        )
    return digest


def _platforms_in(data: bytes) -> dict[str, str]:
    """Return platform to digest of an index; attestations, which run nowhere, are left out."""
    try:
        entries = json.loads(data).get("manifests", [])
        found = {_platform(entry["platform"]): str(entry["digest"]) for entry in entries if "platform" in entry}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}
    return {platform: digest for platform, digest in sorted(found.items()) if "unknown" not in platform}


def _platform(said: Mapping[str, str]) -> str:
    return "/".join(part for part in (said["os"], said["architecture"], said.get("variant", "")) if part)


def _warn_when_few(host: str, answer: requests.Response) -> None:
    left = answer.headers.get("ratelimit-remaining", "").partition(";")[0]
    if left.isdigit() and int(left) < FEW_LEFT:
        _log.warning("%s lets us pull %s more images for now", host, left)
