"""The Docker engine of an instance: the SDK for everything that is one call, the CLI for commands in containers.

A call either returns, or raises `TargetUnreachable` (no answer: what it did is unknown) or `StepFailed` (refused).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import docker.errors
from docker.api import APIClient

from olmis_release.errors import StepFailed, TargetUnreachable
from olmis_release.instance import process
from olmis_release.instance.config import Docker
from olmis_release.instance.connection import START_ENGINE, cli_prefix, open_client, translated
from olmis_release.instance.inspected import ONE_OFF_LABEL, PROJECT_LABEL, SERVICE_LABEL, container_from, image_from
from olmis_release.instance.own_containers import OwnContainers
from olmis_release.instance.ports import Container, EngineInfo, ExecResult, Image
from olmis_release.instance.pulling import follow

NO_ANSWER = ("Cannot connect to the Docker daemon", "failed to connect to the docker API", "error during connect")
REFUSED = ("Error response from daemon", "Error: No such container")


class DockerEngine:
    """The engine at one endpoint; see `ports.Engine` for what each call promises."""

    def __init__(self, client: APIClient, cli: Sequence[str]) -> None:
        """Use `connect` instead."""
        # Its stubs leave calls untyped; what they return is typed where it is read.
        self._client: Any = client
        self._cli = tuple(cli)
        self.own = OwnContainers(client)

    @classmethod
    def connect(cls, docker: Docker, *, timeout_s: int = 60) -> DockerEngine:
        """Reach the engine by context, endpoint or environment, the same for the SDK and the CLI.

        Raises:
            TargetUnreachable: It does not answer.
        """
        return cls(open_client(docker, timeout_s=timeout_s), cli_prefix(docker))

    def info(self) -> EngineInfo:
        """Return who answers."""
        with translated("say who it is"):
            about, version = self._client.info(), self._client.version()
        return EngineInfo(
            id=str(about["ID"]),
            version=str(version["Version"]),
            api_version=str(version["ApiVersion"]),
            platform=f"{version['Os']}/{version['Arch']}",
            root_dir=str(about["DockerRootDir"]),
            memory_bytes=int(about.get("MemTotal") or 0),
        )

    def containers(self, project: str) -> tuple[Container, ...]:
        """Return a project's containers by label, so that a name Compose left behind half-renamed does not matter."""
        with translated(f"list the containers of {project}"):
            found = self._client.containers(all=True, filters={"label": [f"{PROJECT_LABEL}={project}"]})
        inspected = (self.container(one["Id"]) for one in found if one["Labels"].get(ONE_OFF_LABEL) != "True")
        return tuple(sorted((one for one in inspected if one), key=lambda one: (one.component, one.name)))

    def labelled(self, label: str, value: str) -> tuple[Container, ...]:
        """Return every container with a label, stopped ones too."""
        with translated(f"list containers with the label {label}"):
            found = self._client.containers(all=True, filters={"label": [f"{label}={value}"]})
        return tuple(one for one in (self.container(each["Id"]) for each in found) if one)

    def projects(self) -> Mapping[str, tuple[str, ...]]:
        """Return every Compose project on the engine with the services it has containers of, stopped ones too."""
        with translated("list Compose projects"):
            found = self._client.containers(all=True, filters={"label": [PROJECT_LABEL]})
        services: dict[str, set[str]] = {}
        for labels in (one["Labels"] for one in found):
            services.setdefault(labels[PROJECT_LABEL], set()).add(labels.get(SERVICE_LABEL, ""))
        return {project: tuple(sorted(names)) for project, names in sorted(services.items())}

    def container(self, name_or_id: str) -> Container | None:
        """Return one container, None when there is none."""
        with translated(f"inspect {name_or_id}"):
            try:
                return container_from(self._client.inspect_container(name_or_id))
            except docker.errors.NotFound:
                return None

    def published_ports(self) -> Mapping[int, str]:
        """Return host port to the name of the running container that publishes it."""
        with translated("list published ports"):
            running = self._client.containers()
        pairs = [(port, one["Names"][0].removeprefix("/")) for one in running for port in one["Ports"]]
        return {int(port["PublicPort"]): name for port, name in pairs if port.get("PublicPort")}

    def image(self, reference: str) -> Image | None:
        """Return an image by any reference, None when the engine does not have it."""
        with translated(f"inspect the image {reference}"):
            try:
                return image_from(self._client.inspect_image(reference))
            except docker.errors.NotFound:
                return None

    def pull(self, reference: str, *, timeout_s: float, on_progress: Callable[[float, float], None]) -> Image:
        """Pull ``repository[:tag]@digest`` and give it a name, so that no prune of dangling images takes it."""
        named, _, digest = reference.partition("@")
        repository, _, tag = _split_tag(named)
        follow(lambda: self._pull_lines(repository, digest or tag), timeout_s=timeout_s, on_progress=on_progress)
        pulled = self.image(f"{repository}@{digest}" if digest else named)
        if pulled is None:
            raise StepFailed(f"{reference} is not on the engine after its pull.", resolution="Pull it again.")
        if digest and tag:
            self._keep_name(pulled, repository, tag)
        return pulled

    def read_members(self, image: str, wanted: Callable[[str], bool], *, folder: str) -> dict[str, bytes]:
        """Return regular files of an image by full path without running it.

        Args:
            image: Any reference to an image that the engine has.
            wanted: Asked with the full path of each file; only what it accepts is kept in memory.
            folder: A file or folder of the image; everything below it crosses the wire, so name a small one.
        """
        with self.own.temporary(image) as container_id:
            return self.own.read(container_id, folder, wanted)

    def stop(self, container_id: str, *, grace_s: int) -> None:
        """Stop a container; SIGKILL after the grace. Stopping a stopped or missing one is fine."""
        with translated("stop a container"):
            _unless_missing(lambda: self._client.stop(container_id, timeout=grace_s))

    def start(self, container_id: str) -> None:
        """Start a stopped container."""
        with translated("start a container"):
            self._client.start(container_id)

    def remove(self, container_id: str) -> None:
        """Remove a stopped container, never its volumes; a missing one is fine."""
        with translated("remove a container"):
            _unless_missing(lambda: self._client.remove_container(container_id, v=False, force=False))

    def logs(self, container_id: str, *, tail: int) -> str:
        """Return the last lines of a container's output, both streams in order."""
        with translated("read a container's log"):
            output: Any = self._client.logs(container_id, stdout=True, stderr=True, tail=tail)
        return bytes(output).decode("utf-8", "replace")

    def exec(
        self,
        container_id: str,
        argv: Sequence[str],
        *,
        stdin: str = "",
        timeout_s: float = 60.0,
        env: Mapping[str, str] | None = None,
    ) -> ExecResult:
        """Run a command inside a running container; values of `env` travel in our CLI's environment, not in argv."""
        names = [option for name in env or {} for option in ("--env", name)]
        command = [*self._cli, "exec", "--interactive", *names, container_id, *argv]
        finished = process.run(command, timeout_s=timeout_s, stdin=stdin, env=env)
        _check_exec(finished, argv[0], timeout_s)
        return ExecResult(exit_code=finished.exit_code, stdout=finished.stdout, stderr=finished.stderr)

    def _pull_lines(self, repository: str, tag_or_digest: str) -> Any:
        return self._client.pull(repository, tag=tag_or_digest or "latest", stream=True, decode=True)

    def _keep_name(self, pulled: Image, repository: str, tag: str) -> None:
        # A tag that another image holds is left with it: that image may be the one to go back to.
        holder = self.image(f"{repository}:{tag}")
        free = holder is None or holder.id == pulled.id
        with translated(f"tag {repository}"):
            self._client.tag(pulled.id, repository, tag if free else f"{tag}-{pulled.id[7:19]}")


def _split_tag(named: str) -> tuple[str, str, str]:
    head, slash, tail = named.rpartition("/")
    name, colon, tag = tail.partition(":")
    return f"{head}{slash}{name}", colon, tag


def _unless_missing(act: Callable[[], None]) -> None:
    try:
        act()
    except docker.errors.NotFound:
        return


def _check_exec(finished: process.Finished, program: str, timeout_s: float) -> None:
    complaint = finished.stderr.lstrip()
    if finished.timed_out:
        raise TargetUnreachable(
            f"{program} in the container did not end within {timeout_s:.0f} s; it may still be running there.",
            resolution="Look at the container's processes with `docker top`.",
        )
    if finished.exit_code and complaint.startswith(NO_ANSWER):
        raise TargetUnreachable(f"The Docker engine did not answer: {complaint.strip()}", resolution=START_ENGINE)
    if finished.truncated or (finished.exit_code and complaint.startswith(REFUSED)):
        raise StepFailed(
            f"{program} could not be run in the container.",
            details=complaint,
            resolution="Check that the container runs.",
        )
