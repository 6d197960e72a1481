"""The registry on loopback: the few calls of the distribution protocol that the fleet needs."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import requests

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
TIMEOUT_S = 60


class RegistryError(Exception):
    """The registry refused a call; the message names the call and the answer."""


def digest(content: bytes) -> str:
    """Name a blob by its content."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """One registry, for example ``127.0.0.1:5790``; a session per thread."""

    address: str
    session: requests.Session

    def answers(self) -> bool:
        """Tell whether the registry is up."""
        try:
            return self.session.get(f"http://{self.address}/v2/", timeout=2).ok
        except requests.RequestException:
            return False

    def has(self, repository: str, reference: str) -> bool:
        """Tell whether a tag or digest is there."""
        return self._call("HEAD", repository, f"manifests/{reference}", accept=(200, 404)).status_code == 200

    def digest_of(self, repository: str, tag: str) -> str:
        """Read the digest that a tag names now."""
        return self._call("HEAD", repository, f"manifests/{tag}").headers["Docker-Content-Digest"]

    def manifest(self, repository: str, reference: str) -> dict[str, Any]:
        """Read a manifest."""
        found: dict[str, Any] = self._call("GET", repository, f"manifests/{reference}").json()
        return found

    def blob(self, repository: str, name: str) -> bytes:
        """Read a blob by its digest."""
        return self._call("GET", repository, f"blobs/{name}").content

    def put_blob(self, repository: str, content: bytes) -> str:
        """Store a blob and give its digest."""
        name = digest(content)
        if self._call("HEAD", repository, f"blobs/{name}", accept=(200, 404)).status_code == 404:
            place = self._call("POST", repository, "blobs/uploads/", accept=(202,)).headers["Location"]
            joint = "&" if "?" in place else "?"
            reply = self.session.put(f"{place}{joint}digest={name}", data=content, timeout=TIMEOUT_S)
            self._judge(reply, accept=(201,))
        return name

    def mount(self, repository: str, name: str, *, source: str) -> None:
        """Make a blob of another repository readable in this one, without moving a byte."""
        self._call("POST", repository, f"blobs/uploads/?mount={name}&from={source}", accept=(201,))

    def put_manifest(self, repository: str, tag: str, manifest: dict[str, Any]) -> str:
        """Point a tag at a manifest and give the manifest's digest."""
        content = json.dumps(manifest, sort_keys=True).encode()
        self._call("PUT", repository, f"manifests/{tag}", accept=(201,), content=content)
        return digest(content)

    def _call(
        self, method: str, repository: str, path: str, *, accept: tuple[int, ...] = (200,), content: bytes | None = None
    ) -> requests.Response:
        headers = {"Accept": MANIFEST} if content is None else {"Content-Type": MANIFEST}
        url = f"http://{self.address}/v2/{repository}/{path}"
        return self._judge(
            self.session.request(method, url, headers=headers, data=content, timeout=TIMEOUT_S), accept=accept
        )

    @staticmethod
    def _judge(reply: requests.Response, *, accept: tuple[int, ...]) -> requests.Response:
        if reply.status_code not in accept:
            raise RegistryError(f"{reply.request.method} {reply.url} answered {reply.status_code}: {reply.text[:300]}")
        return reply
