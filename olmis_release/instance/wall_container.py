"""The container that the wall stands in: made once, filled with configurations, told to reload."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from olmis_release.errors import StepFailed
from olmis_release.instance.config import WallConfig
from olmis_release.instance.engine import DockerEngine
from olmis_release.instance.own_containers import Files, Wanted
from olmis_release.instance.ports import Container, ContainerStatus
from olmis_release.instance.wall_config import CLOSING, DRAIN_S, ENDS, FOLDER, LIVE, LIVE_CONF, NEXT, published
from olmis_release.manifest.model import ImageRef

WALL_LABEL = "org.openlmis.release.wall"
SHAPE_LABEL = "org.openlmis.release.wall.shape"
PULL_S = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a wall stands.

    Attributes:
        project: Compose project whose network it joins.
        instance: Whose wall it is, for its label.
        resolve: Where the engine gets an image from (a mirror, usually).
    """

    project: str
    instance: str
    resolve: Callable[[ImageRef], str]

    @property
    def name(self) -> str:
        """The container's name."""
        return f"{self.project}-wall"

    @property
    def network(self) -> str:
        """The network where the front is found by its component's name."""
        return f"{self.project}_default"


class WallContainer:
    """The wall's container, whether it is there or not."""

    def __init__(self, engine: DockerEngine, config: WallConfig, place: Place) -> None:
        """Keep what is needed; nothing is asked yet."""
        self._engine = engine
        self._config = config
        self._place = place

    def find(self) -> Container | None:
        """Return the container if it runs and is ours.

        Raises:
            StepFailed: Another container bears its name.
        """
        found = self._engine.container(self._place.name)
        if found and found.labels.get(WALL_LABEL) != self._place.instance:
            raise StepFailed(
                f"The container {found.name} is not the wall of {self._place.instance}.",
                resolution="Rename or remove that container: the wall needs its name.",
            )
        return found if found and found.status is ContainerStatus.RUNNING else None

    def standing(self) -> Container:
        """Return the running container.

        Raises:
            StepFailed: There is none.
        """
        if found := self.find():
            return found
        raise StepFailed(
            f"The wall of {self._place.instance} does not stand (container {self._place.name}).",
            details=self.last_words(),
            resolution="The next deploy makes it anew; until then look at the container's log.",
        )

    def fits(self, found: Container) -> bool:
        """Return whether it was made as the instance file says now."""
        return found.labels.get(SHAPE_LABEL) == self._fingerprint()

    def image(self) -> str:
        """Return the image's reference on the engine, pulled if need be."""
        reference = self._place.resolve(self._config.image_ref)
        if self._engine.image(reference) is None:
            self._engine.pull(reference, timeout_s=PULL_S, on_progress=lambda _done, _total: None)
        return reference

    def create(self, files: Files) -> None:
        """Make and start it with these files.

        Raises:
            StepFailed: The project has no network yet, or the port is taken.
        """
        if not self._engine.own.network_exists(self._place.network):
            raise StepFailed(
                f"The wall cannot stand yet: there is no network {self._place.network}.",
                resolution="Start the project's infrastructure first; Compose makes its network.",
            )
        made = self._engine.own.create(self._wanted())
        self._engine.own.put_files(made, FOLDER, files)
        self._engine.start(made)

    def remove(self) -> None:
        """Remove it; a missing one is fine."""
        self.find()
        if found := self._engine.container(self._place.name):
            self._engine.stop(found.id, grace_s=DRAIN_S)
            self._engine.remove(found.id)

    def bring(self, container: Container, files: Files) -> None:
        """Put a new configuration beside the live one and let nginx test it: a killed tool leaves a whole one."""
        self._engine.own.put_files(container.id, FOLDER, files)
        self._shell(container, f"nginx -t -q -c {NEXT}.conf")

    def raise_flag(self, container: Container) -> None:
        """Make workers of an open configuration answer 503 from the next request on; closed ones do not look."""
        self._shell(container, f"touch {CLOSING}")

    def lower_flag(self, container: Container) -> None:
        """Take the flag away; never while workers of an open configuration may still be ending."""
        self._shell(container, f"rm -f {CLOSING}")

    def switch(self, container: Container) -> None:
        """Put what was brought in the live files' place, each in one move, and reload."""
        self._shell(container, " && ".join(f"mv -f {NEXT}{end} {LIVE}{end}" for end in ENDS))
        self._engine.own.signal(container.id, "SIGHUP")

    def workers(self, container: Container) -> set[int]:
        """Return the process ids of nginx's workers, those that are shutting down too."""
        return set(self._workers(container))

    def accepting(self, container: Container) -> set[int]:
        """Return the process ids of the workers that still take new connections."""
        return {number for number, command in self._workers(container).items() if "shutting down" not in command}

    def live_configuration(self, container: Container) -> str:
        """Return the configuration that the next start would read."""
        return self._engine.own.read(container.id, LIVE_CONF, lambda _path: True).get(LIVE_CONF, b"").decode()

    def last_words(self) -> str:
        """Return the end of its log."""
        found = self._engine.container(self._place.name)
        return self._engine.logs(found.id, tail=20) if found else ""

    def _workers(self, container: Container) -> dict[int, str]:
        every = self._engine.own.processes(container.id)
        return {number: command for number, command in every.items() if "worker process" in command}

    def _wanted(self) -> Wanted:
        return Wanted(
            image=self.image(),
            name=self._place.name,
            argv=("nginx", "-c", LIVE_CONF, "-g", "daemon off;"),
            labels={WALL_LABEL: self._place.instance, SHAPE_LABEL: self._fingerprint()},
            network=self._place.network,
            publish={80: published(self._config.publish)},
            restart="always",
        )

    def _fingerprint(self) -> str:
        made_of = (self._place.resolve(self._config.image_ref), self._config.publish, LIVE_CONF)
        return hashlib.sha256("\n".join(made_of).encode()).hexdigest()[:16]

    def _shell(self, container: Container, command: str) -> None:
        done = self._engine.exec(container.id, ("sh", "-c", command))
        if done.exit_code:
            raise StepFailed(
                f"The wall refused a change ({command}).",
                details=f"{done.stdout}{done.stderr}",
                resolution="Correct what nginx complains of; the wall does what it did before.",
            )
