"""Registry mirrors of a workspace: `manifests/registries.yml`, for whoever names none itself."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from olmis_release.errors import BadInput
from olmis_release.manifest.model import Strict
from olmis_release.workspace import Workspace
from olmis_release.yamlio import read_model, read_yaml

HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?(?:/[a-z0-9._/-]+)?\Z")


def _host(text: str) -> str:
    if not HOST.match(text):
        raise ValueError(f"{text!r} is not a registry host such as 127.0.0.1:5000, without http://")
    return text


Host = Annotated[str, AfterValidator(_host)]


class Registries(Strict):
    """The file: registry host to the mirror that is asked instead."""

    kind: Literal["registries"]
    mirrors: dict[Host, Host] = Field(default_factory=dict)


def workspace_mirrors(workspace: Workspace) -> dict[str, str]:
    """Return the mirrors of `manifests/registries.yml`, none when there is no such file.

    Raises:
        BadInput: The file is not as it should be.
    """
    path = workspace.root / "manifests" / "registries.yml"
    if not path.exists():
        return {}
    return dict(read_model(Registries, read_yaml(path, shown_as=workspace.relative(path))).mirrors)


def parse_mirrors(given: Iterable[str], *, shown_as: str) -> dict[str, str]:
    """Read ``docker.io=127.0.0.1:5000`` entries.

    Args:
        given: The entries.
        shown_as: Where they come from, for example ``--mirror``.

    Raises:
        BadInput: An entry is not ``registry=host``.
    """
    mirrors = {}
    for entry in given:
        registry, equals, host = entry.partition("=")
        if not (equals and HOST.match(registry) and HOST.match(host)):
            raise BadInput.one(
                f"{shown_as}: {entry!r} is not REGISTRY=HOST.",
                resolution=f"Write for example {shown_as} docker.io=127.0.0.1:5000, without http://.",
                code="E-MIRROR",
            )
        mirrors[registry] = host
    return mirrors
