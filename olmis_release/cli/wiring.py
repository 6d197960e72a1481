"""Build the adapters of an instance: the only place where the outside world is chosen."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from olmis_release.errors import BadInput, ReleaseError
from olmis_release.text import did_you_mean, listed
from olmis_release.workspace import Workspace

if TYPE_CHECKING:
    from olmis_release.events import Reporter
    from olmis_release.instance.config import InstanceConfig
    from olmis_release.instance.ports import Registry
    from olmis_release.instance.site import Site

MIRRORS_VARIABLE = "OLMIS_RELEASE_MIRRORS"


def read_instance(workspace: Workspace, name: str) -> InstanceConfig:
    """Read an instance file.

    Raises:
        BadInput: There is no such instance, or its file is not as it should be; with every place.
    """
    from olmis_release.errors import Where
    from olmis_release.instance.config import InstanceConfig
    from olmis_release.yamlio import read_model, read_yaml

    if name not in workspace.instance_names():
        raise _unknown(workspace, name)
    shown_as = workspace.relative(workspace.instance(name))
    config = read_model(InstanceConfig, read_yaml(workspace.instance(name), shown_as=shown_as))
    if config.name != name:
        raise BadInput.one(
            f"the file is named {name}.yml but describes the instance {config.name!r}.",
            resolution="Make `name` and the file's name agree.",
            where=Where(file=shown_as),
            code="E-INSTANCE-NAME",
        )
    return config.model_copy(
        update={
            "registries": config.registries or default_mirrors(workspace),
            "docker": config.docker.below(workspace.root),
        }
    )


def _unknown(workspace: Workspace, name: str) -> BadInput:
    known = workspace.instance_names()
    return BadInput.one(
        f"there is no instance {name!r}. {did_you_mean(name, known)}".rstrip(),
        resolution=f"Known instances: {listed(known)}. A new one is a file manifests/instances/NAME.yml.",
        code="E-UNKNOWN-INSTANCE",
    )


def default_mirrors(workspace: Workspace) -> dict[str, str]:
    """Return the mirrors of the environment, else those of the workspace."""
    from olmis_release.manifest.registries import parse_mirrors, workspace_mirrors

    given = os.environ.get(MIRRORS_VARIABLE, "").replace(",", " ").split()
    return parse_mirrors(given, shown_as=MIRRORS_VARIABLE) if given else workspace_mirrors(workspace)


def open_registry(workspace: Workspace, mirrors: Mapping[str, str]) -> Registry:
    """Return the registries as seen from here."""
    from olmis_release.instance.registry import RegistryClient

    return RegistryClient(mirrors, workspace.cache)


def open_site(workspace: Workspace, instance_name: str, reporter: Reporter) -> Site:
    """Reach an instance.

    Raises:
        BadInput: There is no such instance, or its file is wrong.
        TargetUnreachable: Its engine does not answer.
    """
    from olmis_release.instance.compose import ComposeCli
    from olmis_release.instance.consul import ConsulThroughWall
    from olmis_release.instance.database import open_database
    from olmis_release.instance.database_fallbacks import fallbacks_of
    from olmis_release.instance.engine import DockerEngine
    from olmis_release.instance.front import HttpFrontDoor
    from olmis_release.instance.lock_container import LockContainer
    from olmis_release.instance.registry import on_mirror
    from olmis_release.instance.site import Site
    from olmis_release.instance.wall import NginxWall
    from olmis_release.instance.wall_container import Place, WallContainer
    from olmis_release.redaction import Redactor

    config = read_instance(workspace, instance_name)
    run_pass = secrets.token_hex(24)
    engine = DockerEngine.connect(config.docker)
    front = HttpFrontDoor(config.url, config.host_header, run_pass)
    place = Place(
        project=config.project, instance=config.name, resolve=lambda image: on_mirror(image, config.registries)
    )
    settings = settings_of(workspace, config)
    database = open_database(config.database, engine, config.project, settings)
    return Site(
        config=config,
        folder=workspace.folder(instance_name),
        engine=engine,
        compose=ComposeCli(config.project, config.docker, workspace.root),
        database=database,
        fallbacks=fallbacks_of(config, engine, database, settings=settings, hooks=workspace.hooks),
        registry=open_registry(workspace, config.registries),
        front=front,
        wall=NginxWall(engine, config.wall, place=place, front=front),
        consul=ConsulThroughWall(front),
        lock=LockContainer(
            engine, config.name, project=config.project, image=WallContainer(engine, config.wall, place).image
        ),
        reporter=reporter,
        run_pass=run_pass,
        redactor=Redactor({*secrets_of(workspace, config), run_pass}),
    )


def secrets_of(workspace: Workspace, config: InstanceConfig) -> frozenset[str]:
    """Return what must never be shown: secrets of the settings file, the database URL and the password in it."""
    from olmis_release.manifest.masking import secrets_in

    given = {secret for name, value in _lines(workspace.root / config.settings) for secret in secrets_in(name, value)}
    url = os.environ.get(config.database.url_from or "", "")
    return frozenset({*given, *secrets_in("", url), url} - {""})


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    """Yield names and values of a settings file however it is written: a faulty one has secrets too."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for line in text.splitlines():
        name, _, value = line.partition("=")
        yield name, value.strip().strip("\"'")


def settings_of(workspace: Workspace, config: InstanceConfig) -> Mapping[str, str]:
    """Return the settings file's values; none when it cannot be used, which preflight then explains."""
    from olmis_release.instance.settings import read_settings

    try:
        return read_settings(workspace.root / config.settings, shown_as=config.settings).values
    except ReleaseError:
        return {}
