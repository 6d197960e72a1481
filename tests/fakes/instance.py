"""Hand-written doubles of what `olmis_release.instance` reaches, for tests of the rooms above.

Each keeps the little state that its real counterpart would show, notes what it was told in `calls`, and raises
`Unprepared` when asked for something that the test did not set up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from olmis_release.errors import ReleaseError, StepFailed
from olmis_release.instance.ports import (
    Answer,
    Container,
    ContainerStatus,
    EngineInfo,
    ExecResult,
    Image,
    WallState,
)
from olmis_release.manifest.model import ImageRef

STARTED = datetime(2026, 11, 28, 18, 0, tzinfo=UTC)
Call = tuple[object, ...]


class Unprepared(AssertionError):
    """A fake was asked for something the test did not set up."""


def a_container(component: str, *, image: str = "", status: ContainerStatus = ContainerStatus.RUNNING) -> Container:
    """Return a running container of a component; change what matters with `dataclasses.replace`."""
    return Container(
        id=f"id-of-{component}",
        name=f"uat-{component}-1",
        component=component,
        image_id=f"sha256:{'0' * 64}",
        image_name=image or f"openlmis/{component}:1.0.0",
        status=status,
        restarts=0,
        exit_code=0,
        started_at=STARTED,
        health="",
        labels={"com.docker.compose.project": "uat", "com.docker.compose.service": component},
        environment={},
        ports=(),
        networks={"uat_default": "172.18.0.2"},
        volumes={},
    )


def an_image(reference: str, *, size_bytes: int = 1000) -> Image:
    """Return an image that the engine knows under this reference."""
    name, _, digest = reference.partition("@")
    repository = name.rpartition(":")[0] or name
    known = (f"{repository}@{digest}",) if digest else ()
    return Image(id=f"sha256:{'0' * 64}", digests=known, tags=(name,), size_bytes=size_bytes, labels={})


def an_answer(status: int = 200, *, json: object = None, text: str = "", error: str = "") -> Answer:
    """Return an HTTP answer."""
    return Answer(status=status, text=text, json=json, elapsed_s=0.01, error=error)


class FakeEngine:
    """An engine with the containers and images it was given.

    Attributes:
        images: By every reference they may be asked for.
        pullable: What `pull` finds, by reference; it moves to `images`.
        files: Image reference to path to content.
        outputs: Container id to its log.
        on_exec: Answers `exec`.
        silent: Raised by `info`, as by an engine that does not answer.
    """

    def __init__(self, *containers: Container, images: Mapping[str, Image] | None = None) -> None:
        self.all = {one.id: one for one in containers}
        self.images = dict(images or {})
        self.pullable: dict[str, Image] = {}
        self.files: dict[str, dict[str, bytes]] = {}
        self.outputs: dict[str, str] = {}
        self.foreign_ports: dict[int, str] = {}
        self.on_exec: Callable[[str, Sequence[str], str], ExecResult] | None = None
        self.about = EngineInfo(
            id="FAKE", version="20.10.24", api_version="1.41", platform="linux/amd64", root_dir="/var/lib/docker"
        )
        self.silent: ReleaseError | None = None
        self.calls: list[Call] = []

    def info(self) -> EngineInfo:
        if self.silent is not None:
            raise self.silent
        return self.about

    def containers(self, project: str) -> tuple[Container, ...]:
        ours = (one for one in self.all.values() if one.labels.get("com.docker.compose.project") == project)
        return tuple(sorted(ours, key=lambda one: one.component))

    def projects(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, set[str]] = {}
        for one in self.all.values():
            found.setdefault(one.labels.get("com.docker.compose.project", ""), set()).add(one.component)
        return {project: tuple(sorted(names)) for project, names in found.items() if project}

    def container(self, name_or_id: str) -> Container | None:
        return next((one for one in self.all.values() if name_or_id in {one.id, one.name}), None)

    def published_ports(self) -> Mapping[int, str]:
        running = (one for one in self.all.values() if one.status is ContainerStatus.RUNNING)
        return {**self.foreign_ports, **{port: one.name for one in running for _, port in one.ports}}

    def image(self, reference: str) -> Image | None:
        return self.images.get(reference)

    def pull(self, reference: str, *, timeout_s: float, on_progress: Callable[[float, float], None]) -> Image:
        self.calls.append(("pull", reference))
        if reference not in self.pullable:
            raise StepFailed(f"{reference}: manifest unknown.", resolution="Push it.")
        image = self.images[reference] = self.pullable[reference]
        on_progress(image.size_bytes, image.size_bytes)
        return image

    def read_members(self, image: str, wanted: Callable[[str], bool], *, folder: str) -> dict[str, bytes]:
        if image not in self.files:
            raise Unprepared(f"no files prepared for the image {image}")
        below = folder.rstrip("/")
        found = {path: content for path, content in self.files[image].items() if f"{path}/".startswith(f"{below}/")}
        return {path: content for path, content in found.items() if wanted(path)}

    def stop(self, container_id: str, *, grace_s: int) -> None:
        self.calls.append(("stop", container_id))
        self._change(container_id, ContainerStatus.EXITED)

    def retire(self, container_id: str, *, grace_s: int) -> None:
        self.calls.append(("retire", container_id))
        self.stop(container_id, grace_s=grace_s)

    def start(self, container_id: str) -> None:
        self.calls.append(("start", container_id))
        if container_id not in self.all:
            raise StepFailed(f"No such container: {container_id}.", resolution="Make a new plan.")
        self._change(container_id, ContainerStatus.RUNNING)

    def remove(self, container_id: str) -> None:
        self.calls.append(("remove", container_id))
        if (one := self.all.get(container_id)) and one.status is ContainerStatus.RUNNING:
            raise StepFailed(f"{one.name} still runs.", resolution="Stop it first.")
        self.all.pop(container_id, None)

    def logs(self, container_id: str, *, tail: int) -> str:
        return "\n".join(self.outputs.get(container_id, "").splitlines()[-tail:])

    def exec(
        self,
        container_id: str,
        argv: Sequence[str],
        *,
        stdin: str = "",
        timeout_s: float = 60.0,
        env: Mapping[str, str] | None = None,
    ) -> ExecResult:
        self.calls.append(("exec", container_id, tuple(argv)))
        if self.on_exec is None:
            raise Unprepared(f"no answer prepared for {argv} in {container_id}")
        return self.on_exec(container_id, argv, stdin)

    def _change(self, container_id: str, status: ContainerStatus) -> None:
        if container_id in self.all:
            self.all[container_id] = replace(self.all[container_id], status=status)


class FakeCompose:
    """Compose over a fake engine: `up` puts the prepared containers there.

    Attributes:
        makes: Component to the container that `up` starts for it.
        configuration: What `config` answers.
        fails: Components whose `up` fails.
    """

    def __init__(self, engine: FakeEngine | None = None, *makes: Container) -> None:
        self.engine = engine or FakeEngine()
        self.makes = {one.component: one for one in makes}
        self.configuration: Mapping[str, object] | None = None
        self.fails: set[str] = set()
        self.calls: list[Call] = []

    def version(self) -> str:
        return "2.26.1"

    def config(self, file: Path) -> Mapping[str, object]:
        if self.configuration is None:
            raise Unprepared("no configuration prepared")
        return self.configuration

    def up(self, file: Path, components: Sequence[str], *, timeout_s: float, anew: bool = False) -> None:
        self.calls.append(("up", file, tuple(components)))
        for name in components:
            self._up(name)

    def _up(self, name: str) -> None:
        if name in self.fails:
            raise StepFailed(f"Compose failed to start {name} (exit 1).", resolution="Correct it.", details="boom")
        if name not in self.makes:
            raise Unprepared(f"no container prepared for {name}")
        old = [one.id for one in self.engine.all.values() if one.component == name]
        for container_id in old:
            del self.engine.all[container_id]
        self.engine.all[self.makes[name].id] = self.makes[name]


class FakeWall:
    """A wall that remembers its state and the pass it lets through."""

    def __init__(self, state: WallState = WallState.ABSENT) -> None:
        self.now = state
        self.run_pass = ""
        self.calls: list[Call] = []

    def state(self) -> WallState:
        return self.now

    def ensure(self, *, closed: bool) -> None:
        self.calls.append(("ensure", closed))
        if self.now is WallState.ABSENT:
            self.now = WallState.CLOSED if closed else WallState.OPEN

    def close(self, run_pass: str) -> None:
        self._turn(WallState.CLOSED, run_pass)

    def open(self, run_pass: str = "") -> None:
        self._turn(WallState.OPEN, run_pass)

    def remove(self) -> None:
        self.calls.append(("remove",))
        self.now = WallState.ABSENT

    def _turn(self, state: WallState, run_pass: str) -> None:
        self.calls.append((state.value, run_pass))
        if self.now is WallState.ABSENT:
            raise StepFailed("The wall is not there.", resolution="Deploy first.")
        self.now, self.run_pass = state, run_pass


class FakeFrontDoor:
    """A front that gives prepared answers: one for ever, or one after the other with the last repeated."""

    def __init__(self, answers: Mapping[tuple[str, str], Answer | Sequence[Answer]] | None = None) -> None:
        self._answers: dict[tuple[str, str], list[Answer]] = {}
        self.calls: list[Call] = []
        for (method, path), given in (answers or {}).items():
            self.prepare(method, path, given)

    def prepare(self, method: str, path: str, answers: Answer | Sequence[Answer]) -> None:
        """Set what this method and path are answered from now on."""
        self._answers[method, path] = [answers] if isinstance(answers, Answer) else list(answers)

    def request(
        self, method: str, path: str, *, body: str | None = None, timeout_s: float = 10.0, with_pass: bool = True
    ) -> Answer:
        self.calls.append((method, path, body))
        if not (prepared := self._answers.get((method, path))):
            raise Unprepared(f"no answer prepared for {method} {path}")
        return prepared.pop(0) if len(prepared) > 1 else prepared[0]


class FakeConsul:
    """A registry of services: name to addresses, and key to the service it leads to."""

    def __init__(self, services: Mapping[str, Iterable[str]] | None = None) -> None:
        self.services = {name: list(addresses) for name, addresses in (services or {}).items()}
        self.routes: dict[str, str] = {}
        self.calls: list[Call] = []

    def deregister(self, service: str, *, addresses: Sequence[str] | None = None) -> int:
        self.calls.append(("deregister", service, tuple(addresses) if addresses is not None else None))
        held = self.services.get(service, [])
        kept = [one for one in held if addresses is not None and one not in addresses]
        self.services[service] = kept
        return len(held) - len(kept)

    def forget(self, service: str) -> int:
        self.calls.append(("forget", service))
        gone = [key for key, leads_to in self.routes.items() if leads_to == service]
        for key in gone:
            del self.routes[key]
        return len(gone)


class FakeRegistry:
    """A registry by ``repository:tag``; None stands for an image it does not have."""

    def __init__(self, digests: Mapping[str, str | None] | None = None) -> None:
        self.digests = dict(digests or {})
        self.indexes: dict[str, Mapping[str, str]] = {}
        self.calls: list[Call] = []

    def digest(self, image: ImageRef) -> str | None:
        self.calls.append(("digest", str(image)))
        if str(image) not in self.digests:
            raise Unprepared(f"no digest prepared for {image}")
        return self.digests[str(image)]

    def has(self, image: ImageRef) -> bool:
        self.calls.append(("has", str(image)))
        known = self.digests.get(str(image))
        return known is not None and image.digest in {None, known}

    def platforms(self, image: ImageRef) -> Mapping[str, str]:
        self.calls.append(("platforms", str(image)))
        return self.indexes.get(image.digest or "", {})
