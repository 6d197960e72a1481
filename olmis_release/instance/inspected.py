"""Reads what the engine says of a container or image into values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from olmis_release.instance.ports import Container, ContainerStatus, Image

PROJECT_LABEL = "com.docker.compose.project"
SERVICE_LABEL = "com.docker.compose.service"
ONE_OFF_LABEL = "com.docker.compose.oneoff"


def container_from(inspected: Mapping[str, Any]) -> Container:
    """Return a container from the answer of ``GET /containers/{id}/json``."""
    state, config = inspected["State"], inspected["Config"]
    labels = config.get("Labels") or {}
    return Container(
        id=inspected["Id"],
        name=inspected["Name"].removeprefix("/"),
        component=labels.get(SERVICE_LABEL, ""),
        image_id=inspected["Image"],
        image_name=config["Image"],
        status=ContainerStatus(state["Status"]),
        restarts=int(inspected.get("RestartCount", 0)),
        exit_code=int(state["ExitCode"]),
        started_at=_moment(state.get("StartedAt", "")),
        health=(state.get("Health") or {}).get("Status", "").replace("none", ""),
        labels=labels,
        environment=_environment(config.get("Env") or []),
        ports=_ports(inspected),
        networks=_networks(inspected),
        volumes={mount.get("Name") or mount["Source"]: mount["Destination"] for mount in inspected["Mounts"]},
    )


def image_from(inspected: Mapping[str, Any]) -> Image:
    """Return an image from the answer of ``GET /images/{name}/json``."""
    return Image(
        id=inspected["Id"],
        digests=tuple(inspected.get("RepoDigests") or ()),
        tags=tuple(inspected.get("RepoTags") or ()),
        size_bytes=int(inspected["Size"]),
        labels=(inspected.get("Config") or {}).get("Labels") or {},
        environment=_environment((inspected.get("Config") or {}).get("Env") or []),
    )


def _moment(text: str) -> datetime | None:
    # The engine writes year 1 for "never".
    return None if not text or text.startswith("0001-") else datetime.fromisoformat(text)


def _environment(lines: list[str]) -> dict[str, str]:
    pairs = (line.partition("=") for line in lines)
    return {name: value for name, _, value in pairs}


def _ports(inspected: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    # A stopped container publishes nothing but still says what it wants.
    settings, wanted = inspected["NetworkSettings"], inspected["HostConfig"]
    bound = settings.get("Ports") or wanted.get("PortBindings") or {}
    every = [one for bindings in bound.values() for one in bindings or () if one.get("HostPort")]
    return tuple(sorted({(one.get("HostIp") or "0.0.0.0", int(one["HostPort"])) for one in every}))  # noqa: S104 (what the engine means)


def _networks(inspected: Mapping[str, Any]) -> dict[str, str]:
    networks = inspected["NetworkSettings"].get("Networks") or {}
    return {name: (network or {}).get("IPAddress", "") for name, network in networks.items()}
