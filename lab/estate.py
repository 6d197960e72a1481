"""An estate: a workspace of its own and the instance that the tool brings up from it on this machine's engine.

Tests, demo and bench each make one under an instance name and a Compose project of their own: the tool refuses to make
a second stack of one instance. Each cleans up exactly its project.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import requests
from docker.errors import NotFound

from lab.scalars import with_scalars

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"
TEMPLATE = "uat"
"""The instance file that every estate's is made from."""
LOOPBACK = "127.0.0.1"
TOOL_S = 900.0
Filters = dict[str, str | list[str] | bool]
MIRRORS = """\
# The lab's registry stands in for Docker Hub.
kind: registries
mirrors: {{docker.io: "{registry}"}}
"""
PROJECT_LABEL = "com.docker.compose.project"
LOCKED_PROJECT_LABEL = "org.openlmis.release.project"


@dataclass(frozen=True, slots=True, kw_only=True)
class Estate:
    """A workspace and its instance.

    Attributes:
        folder: The workspace.
        instance: Name of the instance.
        project: Compose project of the instance.
        port: Loopback port of its wall.
    """

    folder: Path
    instance: str
    project: str
    port: int

    @property
    def url(self) -> str:
        """What users open."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def settings(self) -> Path:
        """The settings file."""
        return self.folder / "settings" / f"{self.instance}.env"

    @property
    def instance_file(self) -> Path:
        """The instance file."""
        return self.folder / "manifests" / "instances" / f"{self.instance}.yml"

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which `olmis-release` works on this estate."""
        path = f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"
        return {**os.environ, "OLMIS_RELEASE_REPO": str(self.folder), "PATH": path}

    def tool(self, *arguments: str, timeout_s: float = TOOL_S) -> subprocess.CompletedProcess[str]:
        """Run `olmis-release` with these arguments, as a user would."""
        with self.started(*arguments) as process:
            try:
                out, err = process.communicate(timeout=timeout_s)
            except BaseException:
                process.kill()
                raise
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def started(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `olmis-release` with these arguments and return at once."""
        return subprocess.Popen(
            ["olmis-release", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def candidate(self, release: str, **pins: str) -> subprocess.CompletedProcess[str]:
        """Make a candidate, with components set to other tags (an underscore stands for a dash)."""
        sets = [f"--set={name.replace('_', '-')}={tag}" for name, tag in pins.items()]
        return self.tool("candidate", release, *sets, *(["--reason", "lab"] if sets else []))

    def change(self, values: Mapping[tuple[str, ...], str]) -> None:
        """Change single values of the instance file."""
        text = self.instance_file.read_text(encoding="utf-8")
        self.instance_file.write_text(with_scalars(text, values), encoding="utf-8")

    def container(self, component: str) -> str:
        """Return the id of a component's container.

        Raises:
            LookupError: There is none, or more than one.
        """
        filters: Filters = {"label": [f"{PROJECT_LABEL}={self.project}", f"com.docker.compose.service={component}"]}
        found = docker.from_env().containers.list(all=True, filters=filters)
        if len(found) != 1:
            raise LookupError(f"{len(found)} containers of {component} in {self.project}")
        return str(found[0].id)

    def status(self, path: str) -> int:
        """Ask the front for a path, as a user would.

        Returns:
            The HTTP status.
        """
        return requests.get(f"{self.url}{path}", timeout=10).status_code

    def version(self, service: str) -> str:
        """Return what a service's version endpoint says."""
        return str(requests.get(f"{self.url}/{service}", timeout=10).json()["version"])

    def psql(self, sql: str, *, database: str = "open_lmis") -> list[str]:
        """Ask the database itself, past every service.

        Returns:
            One line per row, columns parted by ``|``.
        """
        argv = ["psql", "-X", "-At", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", database, "-c", sql]
        done = subprocess.run(
            ["docker", "exec", self.container("db"), *argv], check=True, capture_output=True, text=True, timeout=60
        )
        return done.stdout.splitlines()

    def rows(self, schema: str) -> list[str]:
        """Return the ids of every row that clients wrote into a service's records."""
        return self.psql(f"SELECT id FROM {schema}.records")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What an estate shall be like.

    Attributes:
        project: Compose project, unique on this engine.
        instance: Name of the instance, unique on this engine too.
        registry: The lab's registry.
        boot_scale: Factor on the stand-ins' boot cost; 1.0 is about three seconds.
        ready_s: Seconds a component may take to get ready.
        port: Loopback port; a free one when None.
        steady_s: Seconds for which all must stay ready; None leaves what the instance file says.
        manifests: Folder to take the manifests from; what it lacks comes from this repository's own.
    """

    project: str
    registry: str
    instance: str = TEMPLATE
    boot_scale: float = 1.0
    ready_s: float = 120.0
    steady_s: float | None = None
    port: int | None = None
    manifests: Path = ROOT / "manifests"


def make_estate(folder: Path, wishes: Wishes) -> Estate:
    """Make the workspace: manifests without what the tool writes, hooks, settings, and the instance file adapted."""
    for name in ("core", "extensions", "instances"):
        own = wishes.manifests / name
        shutil.copytree(own if own.is_dir() else ROOT / "manifests" / name, folder / "manifests" / name)
    shutil.copytree(ROOT / "hooks", folder / "hooks")
    (folder / "plans").mkdir()
    mirrors = (
        f"# The lab's registry stands in for Docker Hub.\nkind: registries\nmirrors:\n  docker.io: {wishes.registry}\n"
    )
    (folder / "manifests" / "registries.yml").write_text(mirrors, encoding="utf-8")
    port = wishes.port or free_port()
    estate = Estate(folder=folder, instance=wishes.instance, project=wishes.project, port=port)
    (folder / "manifests" / "instances" / f"{TEMPLATE}.yml").rename(estate.instance_file)
    estate.change(instance_values(estate, wishes))
    write_settings(estate, wishes.boot_scale)
    return estate


def instance_values(estate: Estate, wishes: Wishes) -> dict[tuple[str, ...], str]:
    """Say what is different in the instance file of an estate."""
    values = {
        ("name",): estate.instance,
        ("url",): estate.url,
        ("project",): estate.project,
        ("settings",): f"settings/{estate.instance}.env",
        ("wall", "publish"): f'"{LOOPBACK}:{estate.port}"',
        ("timeouts", "ready_s"): f"{wishes.ready_s:g}",
        ("timeouts", "pull_s"): "300",
        ("timeouts", "gate_s"): "20",
        ("timeouts", "hook_s"): "20",
    }
    return values if wishes.steady_s is None else values | {("timeouts", "steady_s"): f"{wishes.steady_s:g}"}


def write_settings(estate: Estate, boot_scale: float) -> None:
    """Write the settings file with fresh passwords, readable by its owner only."""
    estate.settings.parent.mkdir(exist_ok=True)
    estate.settings.touch(mode=0o600)
    lines = [f"{name}={value}" for name, value in settings(estate, boot_scale).items()]
    estate.settings.write_text("\n".join([*lines, ""]), encoding="utf-8")
    estate.settings.chmod(0o600)


def settings(estate: Estate, boot_scale: float) -> dict[str, str]:
    """Say what OpenLMIS needs to know in this place."""
    return {
        "BASE_URL": estate.url,
        "VIRTUAL_HOST": LOOPBACK,
        "DATABASE_URL": "jdbc:postgresql://db:5432/open_lmis",
        "POSTGRES_USER": "postgres",
        "POSTGRES_PASSWORD": secrets.token_urlsafe(18),
        "spring_profiles_active": "production",
        "CONSUL_HOST": "consul",
        "CONSUL_PORT": "8500",
        "REQUIRE_SSL": "false",
        "LOCALE": "en",
        "CURRENCY_CODE": "MWK",
        "TIME_ZONE_ID": "Africa/Blantyre",
        "MAIL_HOST": "localhost",
        "MAIL_PORT": "1025",
        "MAIL_ADDRESS": "noreply@lab.invalid",
        "MAIL_USERNAME": "noreply",
        "MAIL_PASSWORD": secrets.token_urlsafe(18),
        "AUTH_SERVER_CLIENT_ID": "user-client",
        "AUTH_SERVER_CLIENT_SECRET": secrets.token_urlsafe(18),
        "SERVICE_CLIENT_ID": "trusted-client",
        "SERVICE_CLIENT_SECRET": secrets.token_urlsafe(18),
        "FTP_USERNAME": "admin",
        "FTP_PASSWORD": secrets.token_urlsafe(18),
        "STANDIN_BOOT_SCALE": f"{boot_scale:g}",
    }


def free_port() -> int:
    """Find a loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """Tell whether nobody listens on a loopback port."""
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) != 0


def remove_project(project: str) -> list[str]:
    """Remove a project's containers, its wall and locks, its volumes and networks, and nothing else.

    Returns:
        What was removed, for people; empty when nothing was there.
    """
    client = docker.from_env(timeout=120)
    filters: Filters = {"label": f"{PROJECT_LABEL}={project}"}
    locks = client.containers.list(all=True, filters={"label": f"{LOCKED_PROJECT_LABEL}={project}"})
    containers = client.containers.list(all=True, filters=filters) + wall_of(client, project) + locks
    for container in containers:
        with suppress(NotFound):
            container.remove(force=True, v=True)
    networks, volumes = client.networks.list(filters=filters), client.volumes.list(filters=filters)
    dumps = f"{project}-release-dumps"  # made by the tool, so that it bears no label of Compose's
    volumes += [one for one in client.volumes.list(filters={"name": dumps}) if one.name == dumps]
    for network in networks:
        network.remove()
    for volume in volumes:
        volume.remove()
    counts = {"container": len(containers), "network": len(networks), "volume": len(volumes)}
    return [f"{count} {name}{'s' if count != 1 else ''}" for name, count in counts.items() if count]


def wall_of(client: docker.DockerClient, project: str) -> list[Any]:
    """Find the wall of a project; it is no part of the project, so that Compose leaves it alone."""
    with suppress(NotFound):
        return [client.containers.get(f"{project}-wall")]
    return []
