"""Where an engine is, once contexts, environment and tunnels are worked out."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docker.context.config import get_current_context_name
from docker.tls import TLSConfig

from olmis_release.errors import BadInput, TargetUnreachable
from olmis_release.instance.config import Docker, docker_host
from olmis_release.instance.process import run
from olmis_release.instance.tunnel import REMOTE_SOCKET, SshPlace, Tunnel

UNIX = "unix://"
LOCAL = "unix:///var/run/docker.sock"
CONTEXT_S = 30.0
SSH = "ssh://"
_tunnels: dict[tuple[str, str], Tunnel] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """The files of mutual TLS: the authority's certificate, our own, and its key."""

    ca: str
    cert: str
    key: str

    def for_sdk(self) -> TLSConfig:
        """Return what the SDK takes."""
        return TLSConfig(client_cert=(self.cert, self.key), ca_cert=self.ca, verify=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where SDK and command line both go.

    Attributes:
        host: ``unix:///…``, or ``tcp://…`` with `tls`.
        tunnel: What makes the socket answer, when the engine is behind ssh.
    """

    host: str
    tls: Tls | None = None
    tunnel: Tunnel | None = None

    @property
    def unix_path(self) -> str:
        """Path of the socket, empty for one that is reached over the network."""
        return self.host.removeprefix(UNIX) if self.host.startswith(UNIX) else ""

    def ensure(self) -> None:
        """Have the tunnel stand, if there is one.

        Raises:
            TargetUnreachable: It cannot be opened.
        """
        if self.tunnel:
            self.tunnel.ensure()


def reach(docker: Docker) -> Endpoint:
    """Work out where an instance's engine is; ssh is opened when the first call is made, once per process.

    Raises:
        TargetUnreachable: There is no such context.
        BadInput: The endpoint is in plain text, or its key files cannot be used.
    """
    host, tls = located(docker)
    if host.startswith(SSH):
        tunnel = _tunnel(host, docker.socket or REMOTE_SOCKET)
        return Endpoint(host=f"{UNIX}{tunnel.local}", tunnel=tunnel)
    if not host.startswith(UNIX) and tls is None:
        raise BadInput.one(
            f"the Docker endpoint {host} is in plain text: whoever reaches it owns the host.",
            resolution="Use ssh://, or tcp:// with TLS (docker.tls in the instance file, or a context with TLS).",
            code="E-PLAIN-ENDPOINT",
        )
    if tls:
        _check_files(tls)
    return Endpoint(host=host, tls=tls)


def located(docker: Docker) -> tuple[str, Tls | None]:
    """Return the endpoint as it is written where it is defined, and the files of its TLS.

    Raises:
        TargetUnreachable: There is no such context.
    """
    if docker.host:
        return docker.host, Tls(**docker.tls.model_dump()) if docker.tls else None
    if docker.context is None and os.environ.get("DOCKER_HOST"):
        return _checked(os.environ["DOCKER_HOST"], "DOCKER_HOST"), _tls_of_environment()
    return _of_context(docker.context or os.environ.get("DOCKER_CONTEXT"))


def _tls_of_environment() -> Tls | None:
    if not os.environ.get("DOCKER_TLS_VERIFY"):
        return None
    return _tls_in(Path(os.environ.get("DOCKER_CERT_PATH") or Path.home() / ".docker"))


def _tls_in(folder: Path) -> Tls:
    return Tls(ca=str(folder / "ca.pem"), cert=str(folder / "cert.pem"), key=str(folder / "key.pem"))


def _of_context(name: str | None) -> tuple[str, Tls | None]:
    name = name or get_current_context_name()
    if name == "default":
        return LOCAL, None
    # Asked of the command line, whose notion it is: the SDK finds no context where there is no config.json.
    finished = run(("docker", "context", "inspect", name), timeout_s=CONTEXT_S)
    if finished.exit_code:
        raise TargetUnreachable(
            f"There is no Docker context {name!r} on this machine.",
            resolution="See `docker context ls`; make it with `docker context create`, or correct the instance file.",
            details=finished.stderr.strip(),
        )
    return read_context(json.loads(finished.stdout)[0])


def read_context(context: Mapping[str, Any]) -> tuple[str, Tls | None]:
    """Return endpoint and TLS of a context as ``docker context inspect`` describes it."""
    endpoint = context["Endpoints"]["docker"]
    host = _checked(endpoint.get("Host") or LOCAL, f"the Docker context {context['Name']!r}")
    files = set((context.get("TLSMaterial") or {}).get("docker") or ())
    # A context that skips verification, or shows no certificate of ours, proves nothing: it counts as plain text.
    if endpoint.get("SkipTLSVerify") or files != {"ca.pem", "cert.pem", "key.pem"}:
        return host, None
    return host, _tls_in(Path(context["Storage"]["TLSPath"]) / "docker")


def _checked(host: str, origin: str) -> str:
    # Docker itself writes http+unix:// and https:// in places.
    plain = host.removeprefix("http+").replace("https://", "tcp://", 1)
    try:
        return docker_host(plain)
    except ValueError as error:
        raise BadInput.one(
            f"{origin}: {error}.", resolution="Correct the endpoint.", code="E-DOCKER-ENDPOINT"
        ) from None


def _tunnel(host: str, remote: str) -> Tunnel:
    if (host, remote) not in _tunnels:
        _tunnels[host, remote] = Tunnel(SshPlace.parse(host), remote)
    return _tunnels[host, remote]


def _check_files(tls: Tls) -> None:
    missing = [path for path in (tls.ca, tls.cert, tls.key) if not Path(path).is_file()]
    if missing:
        raise BadInput.one(
            f"the Docker endpoint's TLS needs {', '.join(missing)}, which cannot be read.",
            resolution="Put the file there, or correct docker.tls in the instance file.",
            code="E-TLS-FILE",
        )
    if stat.S_IMODE(Path(tls.key).stat().st_mode) & 0o077:
        raise BadInput.one(
            f"the private key {tls.key} can be read by others, and it opens the host.",
            resolution=f"chmod 600 {tls.key}",
            code="E-TLS-KEY-MODE",
        )
