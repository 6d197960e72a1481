"""Are the published ports free, or held by this very instance?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from olmis_release.instance.ports import Container
from olmis_release.preflight.listening import port_is_taken
from olmis_release.preflight.model import Check, Finding, Subject, failed, passed
from olmis_release.preflight.rendered import PublishedPort
from olmis_release.preflight.room import engine_is_local

EVERYWHERE = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - compared with, never bound
PROJECT_LABEL = "com.docker.compose.project"
TCP = "tcp"

TakenProbe = Callable[[str, int], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    """A port that the release or the wall wants, and who wants it."""

    owner: str
    port: PublishedPort


def ports_are_free(subject: Subject, *, is_taken: TakenProbe = port_is_taken) -> Finding:
    """Check every port against each other, the engine's containers and, on a local engine, the host."""
    claims = _claims(subject)
    probe = is_taken if engine_is_local(subject.site.config.docker) else _cannot_tell
    problems = [*_double(claims), *(held for claim in claims if (held := _held(subject, claim, probe)))]
    if problems:
        return failed(
            f"Ports are taken: {'; '.join(problems)}.",
            resolution="Stop what holds them, or give other ports in the instance file (wall.publish, components).",
        )
    return passed(f"Free or ours: {', '.join(str(claim.port) for claim in claims)}.")


def wall_port(publish: str) -> PublishedPort:
    """Return the port of ``127.0.0.1:8080``, ``[::1]:8080`` or ``80``."""
    address, _, port = publish.rpartition(":")
    return PublishedPort(address=address.strip("[]"), port=int(port))


def _claims(subject: Subject) -> list[_Claim]:
    services = [
        _Claim(owner=name, port=port)
        for name, service in sorted(subject.rendered.services.items())
        for port in service.ports
    ]
    return [_Claim(owner="the wall", port=wall_port(subject.site.config.wall.publish)), *services]


def _double(claims: list[_Claim]) -> list[str]:
    by_port: dict[tuple[int, str], list[_Claim]] = defaultdict(list)
    for claim in claims:
        by_port[claim.port.port, claim.port.protocol].append(claim)
    return [
        f"{first.port} is wanted by {first.owner} and {second.owner}"
        for first, *others in by_port.values()
        for second in others
        if _overlap(first.port.address, second.port.address)
    ]


def _held(subject: Subject, claim: _Claim, probe: TakenProbe) -> str:
    """Return who holds a claimed port, nothing when it is free or ours."""
    holder = subject.site.engine.published_ports().get(claim.port.port)
    container = subject.site.engine.container(holder) if holder else None
    if container is not None and _publishes(container, claim.port):
        return "" if _is_ours(subject, container) else f"{claim.port} (for {claim.owner}) by container {container.name}"
    if claim.port.protocol == TCP and probe(claim.port.address, claim.port.port):
        return f"{claim.port} (for {claim.owner}) by another program on this host"
    return ""


def _publishes(container: Container, port: PublishedPort) -> bool:
    return any(number == port.port and _overlap(address, port.address) for address, number in container.ports)


def _is_ours(subject: Subject, container: Container) -> bool:
    project = subject.site.config.project
    return container.labels.get(PROJECT_LABEL) == project or container.name == f"{project}-wall"


def _overlap(one: str, other: str) -> bool:
    return one == other or bool(EVERYWHERE & {one, other})


def _cannot_tell(_address: str, _port: int) -> bool:
    return False


CHECK = Check(id="ports-free", question="Are the published ports free, or ours?", ask=ports_are_free)
