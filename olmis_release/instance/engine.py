"""The Docker engine of an instance: the SDK for everything that is one call, the CLI for commands in containers.

A call either returns, or raises `StepFailed` (refused), `TargetUnreachable` (no answer to a question, or nobody there)
or `EffectUnknown` (no answer to an order: it may have been carried out).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import docker.errors

from olmis_release.errors import StepFailed
from olmis_release.instance import process
from olmis_release.instance.cli_answers import end_mark, exec_result, saying_so
from olmis_release.instance.config import Docker
from olmis_release.instance.connection import ASK_S, Line, cli_prefix, open_line
from olmis_release.instance.inspected import ONE_OFF_LABEL, PROJECT_LABEL, SERVICE_LABEL, container_from, image_from
from olmis_release.instance.own_containers import OwnContainers
from olmis_release.instance.ports import Container, EngineInfo, ExecResult, Image
from olmis_release.instance.pulling import follow

LOG_LIMIT_BYTES = 8 * 1024 * 1024


Result = TypeVar("Result")


class DockerEngine:
    """The engine at one endpoint; see `ports.Engine` for what each call promises."""

    def __init__(self, line: Line) -> None:
        """Use `connect` instead."""
        self._line = line
        self._cli = cli_prefix(line.endpoint)
        self.own = OwnContainers(line)

    @classmethod
    def connect(cls, docker: Docker, *, timeout_s: float = ASK_S) -> DockerEngine:
        """Reach the engine by context, endpoint or environment, the same for the SDK and the CLI.

        Args:
            docker: The instance's endpoint.
            timeout_s: Seconds that one call may take in all; pulls, commands and files say how much they may.

        Raises:
            TargetUnreachable: It does not answer.
        """
        return cls(open_line(docker, timeout_s=timeout_s))

    @property
    def _client(self) -> Any:
        # The SDK without deadline and translation, for tests.
        return self._line.client

    def info(self) -> EngineInfo:
        """Return who answers."""
        return self._line.ask("say who it is", _info)

    def containers(self, project: str) -> tuple[Container, ...]:
        """Return a project's containers by label, so that a name Compose left behind half-renamed does not matter."""
        ours = {"label": [f"{PROJECT_LABEL}={project}"]}
        ids = self._line.ask(f"list the containers of {project}", lambda api: _component_ids(api, ours))
        inspected = (self.container(one) for one in ids)
        return tuple(sorted((one for one in inspected if one), key=lambda one: (one.component, one.name)))

    def labelled(self, label: str, value: str) -> tuple[Container, ...]:
        """Return every container with a label, stopped ones too."""
        wanted = {"label": [f"{label}={value}"]}
        ids = self._line.ask(f"list containers with the label {label}", lambda api: _component_ids(api, wanted))
        return tuple(one for one in (self.container(each) for each in ids) if one)

    def projects(self) -> Mapping[str, tuple[str, ...]]:
        """Return every Compose project on the engine with the services it has containers of, stopped ones too."""
        return self._line.ask("list Compose projects", _projects)

    def container(self, name_or_id: str) -> Container | None:
        """Return one container, None when there is none."""
        return self._line.ask(
            f"inspect {name_or_id}",
            lambda api: _unless_missing(lambda: container_from(api.inspect_container(name_or_id))),
        )

    def published_ports(self) -> Mapping[int, str]:
        """Return host port to the name of the running container that publishes it."""
        return self._line.ask("list published ports", _published_ports)

    def image(self, reference: str) -> Image | None:
        """Return an image by any reference, None when the engine does not have it."""
        return self._line.ask(
            f"inspect the image {reference}",
            lambda api: _unless_missing(lambda: image_from(api.inspect_image(reference))),
        )

    def pull(self, reference: str, *, timeout_s: float, on_progress: Callable[[float, float], None]) -> Image:
        """Pull ``repository[:tag]@digest`` and give it a name, so that no prune of dangling images takes it."""
        named, _, digest = reference.partition("@")
        repository, _, tag = _split_tag(named)
        self._line.endpoint.ensure()
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
        self._line.ask(
            "stop a container",
            lambda api: _unless_missing(lambda: api.stop(container_id, timeout=grace_s)),
            timeout_s=self._line.timeout_s + grace_s,
        )

    def retire(self, container_id: str, *, grace_s: int) -> None:
        """Stop a container for good: the engine's own restart does not bring it back."""
        self._line.ask(
            "keep a container from being restarted",
            lambda api: _unless_missing(lambda: api.update_container(container_id, restart_policy={"Name": "no"})),
        )
        self.stop(container_id, grace_s=grace_s)

    def start(self, container_id: str) -> None:
        """Start a stopped container."""
        self._line.ask("start a container", lambda api: api.start(container_id))

    def remove(self, container_id: str) -> None:
        """Remove a stopped container, never its volumes; a missing one is fine."""
        self._line.ask(
            "remove a container",
            lambda api: _unless_missing(lambda: api.remove_container(container_id, v=False, force=False)),
        )

    def logs(self, container_id: str, *, tail: int) -> str:
        """Return the last lines of a container's output, both streams in order, `LOG_LIMIT_BYTES` at most."""
        return self._line.ask("read a container's log", lambda api: _log_tail(api, container_id, tail))

    def exec(
        self,
        container_id: str,
        argv: Sequence[str],
        *,
        stdin: str = "",
        timeout_s: float = 60.0,
        env: Mapping[str, str] | None = None,
    ) -> ExecResult:
        """Run a command inside a running container; values of `env` travel in our CLI's environment, not in argv.

        Raises:
            EffectUnknown: It did not end in time, or nobody knows how it ended.
        """
        names = [option for name in env or {} for option in ("--env", name)]
        mark = end_mark()
        command = [*self._cli, "exec", "--interactive", *names, container_id, *saying_so(argv, mark)]
        self._line.endpoint.ensure()
        finished = process.run(command, timeout_s=timeout_s, stdin=stdin, env=env)
        return exec_result(finished, argv[0], mark)

    def _pull_lines(self, repository: str, tag_or_digest: str) -> Any:
        return self._line.client.pull(repository, tag=tag_or_digest or "latest", stream=True, decode=True)

    def _keep_name(self, pulled: Image, repository: str, tag: str) -> None:
        # A tag that another image holds is left with it: that image may be the one to go back to.
        holder = self.image(f"{repository}:{tag}")
        free = holder is None or holder.id == pulled.id
        kept = tag if free else f"{tag}-{pulled.id[7:19]}"
        self._line.ask(f"tag {repository}", lambda api: api.tag(pulled.id, repository, kept))


def _split_tag(named: str) -> tuple[str, str, str]:
    head, slash, tail = named.rpartition("/")
    name, colon, tag = tail.partition(":")
    return f"{head}{slash}{name}", colon, tag


def _unless_missing(act: Callable[[], Result]) -> Result | None:
    try:
        return act()
    except docker.errors.NotFound:
        return None


def _info(api: Any) -> EngineInfo:
    about, version = api.info(), api.version()
    return EngineInfo(
        id=str(about["ID"]),
        version=str(version["Version"]),
        api_version=str(version["ApiVersion"]),
        platform=f"{version['Os']}/{version['Arch']}",
        root_dir=str(about["DockerRootDir"]),
        memory_bytes=int(about.get("MemTotal") or 0),
    )


def _component_ids(api: Any, filters: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    found = api.containers(all=True, filters=filters)
    return tuple(one["Id"] for one in found if one["Labels"].get(ONE_OFF_LABEL) != "True")


def _projects(api: Any) -> Mapping[str, tuple[str, ...]]:
    services: dict[str, set[str]] = {}
    for labels in (one["Labels"] for one in api.containers(all=True, filters={"label": [PROJECT_LABEL]})):
        services.setdefault(labels[PROJECT_LABEL], set()).add(labels.get(SERVICE_LABEL, ""))
    return {project: tuple(sorted(names)) for project, names in sorted(services.items())}


def _published_ports(api: Any) -> Mapping[int, str]:
    pairs = [(port, one["Names"][0].removeprefix("/")) for one in api.containers() for port in one["Ports"]]
    return {int(port["PublicPort"]): name for port, name in pairs if port.get("PublicPort")}


def _log_tail(api: Any, container_id: str, tail: int) -> str:
    kept = bytearray()
    for chunk in api.logs(container_id, stdout=True, stderr=True, tail=tail, stream=True, follow=False):
        # A line may be of any length: what is kept is the end.
        kept += chunk
        del kept[:-LOG_LIMIT_BYTES]
    return kept.decode("utf-8", "replace")
