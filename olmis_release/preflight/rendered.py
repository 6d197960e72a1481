"""Read what ``docker compose config`` says of the rendered file: the configuration that would really run.

Compose has then read the environment files in and decided between them and ``environment``, which wins even when it is
empty. That is exactly the trap that a look at the settings file alone would miss.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedPort:
    """A host port that a service publishes; `address` is empty for every address of the host."""

    address: str
    port: int
    protocol: str = "tcp"

    def __str__(self) -> str:
        """Return ``address:port/protocol`` without the parts that say nothing."""
        place = f"{self.address}:{self.port}" if self.address else str(self.port)
        return place if self.protocol == "tcp" else f"{place}/{self.protocol}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedService:
    """One service.

    Attributes:
        environment: Name to value; None where the value would come from the shell and the shell has none.
        volumes: Names of the volumes, as keys of `Rendered.volumes`, and sources of bind mounts.
    """

    name: str
    image: str
    environment: Mapping[str, str | None]
    ports: tuple[PublishedPort, ...]
    restart: str
    volumes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """The whole configuration; `volumes` maps each key to the volume's name on the engine."""

    services: Mapping[str, RenderedService]
    volumes: Mapping[str, str]


def read_rendered(config: Mapping[str, object]) -> Rendered:
    """Return the parts of Compose's answer that checks ask about."""
    services = _mapping(config.get("services"))
    volumes = _mapping(config.get("volumes"))
    return Rendered(
        services={name: _service(name, _mapping(body)) for name, body in services.items()},
        volumes={key: str(_mapping(body).get("name") or key) for key, body in volumes.items()},
    )


def _service(name: str, body: Mapping[str, object]) -> RenderedService:
    return RenderedService(
        name=name,
        image=str(body.get("image") or ""),
        environment=dict(_environment(body.get("environment"))),
        ports=tuple(port for entry in _list(body.get("ports")) for port in _ports(_mapping(entry))),
        restart=str(body.get("restart") or "no"),
        volumes=tuple(str(_mapping(entry).get("source") or "") for entry in _list(body.get("volumes"))),
    )


def _environment(value: object) -> Iterator[tuple[str, str | None]]:
    for name, entry in _mapping(value).items():
        yield name, None if entry is None else str(entry)


def _ports(entry: Mapping[str, object]) -> Iterator[PublishedPort]:
    """Yield the fixed host ports; a range or nothing means that the engine picks a free one."""
    published = str(entry.get("published") or "")
    if published.isdecimal():
        yield PublishedPort(
            address=str(entry.get("host_ip") or ""), port=int(published), protocol=str(entry.get("protocol") or "tcp")
        )


def _mapping(value: object) -> Mapping[str, object]:
    return {str(key): entry for key, entry in value.items()} if isinstance(value, Mapping) else {}


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []
