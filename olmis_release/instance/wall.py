"""The wall: a permanent small nginx of ours that publishes the port, in front of OpenLMIS's own front.

Opening and closing is a reload, so no connection is ever refused. Two things make the change gentle on clients that
keep connections open: before the wall closes, a flag file makes the old workers answer 503 and end each connection
properly; and a closed wall never keeps a connection, so none is cut when it opens.

Nothing is believed unproven: a change is done when no worker of the old configuration is left and the published port
answers with the new one.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

from olmis_release import clock
from olmis_release.errors import StepFailed
from olmis_release.instance.config import WallConfig
from olmis_release.instance.engine import DockerEngine
from olmis_release.instance.own_containers import Files
from olmis_release.instance.ports import Container, FrontDoor, WallState
from olmis_release.instance.wall_config import DRAIN_S, STATE_PATH, Shape, wall_files
from olmis_release.instance.wall_container import Place, WallContainer

LINGER_S = 0.5
PROOF_S = 15.0
POLL_S = 0.1


class NginxWall:
    """The wall of one instance; see `ports.Wall`.

    Args:
        engine: Where it runs.
        config: What the instance file says of it.
        place: Whose it is.
        front: How the published port is reached; it proves every change from outside.
    """

    def __init__(self, engine: DockerEngine, config: WallConfig, *, place: Place, front: FrontDoor) -> None:
        """Keep what is needed; nothing is asked yet."""
        self._config = config
        self._instance = place.instance
        self._front = front
        self._box = WallContainer(engine, config, place)

    def state(self) -> WallState:
        """Return what it does now, asked from outside where that is possible."""
        container = self._box.find()
        if container is None:
            return WallState.ABSENT
        told = self._answer().partition(" ")[0]
        return WallState(told) if told else self._written_state(container)

    def ensure(self, *, closed: bool) -> None:
        """Create and start it if it is absent or was made otherwise than the instance file says now.

        One that stands as it should keeps its state; one that is replaced stays closed if it was.
        """
        container = self._box.find()
        if container and self._box.fits(container):
            return
        stay_closed = closed or self.state() is WallState.CLOSED
        self._box.image()  # a pull may take its time: what stands serves meanwhile
        self._box.remove()
        self._create(_shape(WallState.CLOSED if stay_closed else WallState.OPEN))

    def close(self, run_pass: str) -> None:
        """Show users the maintenance page; requests with the pass go through.

        Returns when every request that came before has been answered or, after ten seconds, cut.
        """
        container, shape = self._box.standing(), _shape(WallState.CLOSED, run_pass)
        self._box.bring(container, self._files(shape, "next"))
        if self._written_state(container) is WallState.OPEN:
            self._box.raise_flag(container)
            time.sleep(LINGER_S)
        old = self._box.workers(container)
        self._box.switch(container)
        self._await_none(old, lambda: self._box.workers(container))
        self._await_answer(shape)

    def open(self, run_pass: str = "") -> None:
        """Let everybody through; with a pass, keep the tool's own entrance to Consul."""
        container, shape = self._box.standing(), _shape(WallState.OPEN, run_pass)
        self._box.bring(container, self._files(shape, "next"))
        self._box.lower_flag(container)
        old = self._box.workers(container)
        self._box.switch(container)
        self._await_none(old, lambda: self._box.accepting(container))
        self._await_answer(shape)

    def remove(self) -> None:
        """Remove the container; a missing one is fine."""
        self._box.remove()

    def _create(self, shape: Shape) -> None:
        try:
            self._box.create(self._files(shape, "live"))
            self._await_answer(shape)
        except BaseException:
            self._box.remove()  # one that does not stand must not hold the port or the name
            raise

    def _files(self, shape: Shape, stem: str) -> Files:
        return wall_files(self._config, shape, instance=self._instance, stem=stem)

    def _await_none(self, old: set[int], now: Callable[[], set[int]]) -> None:
        self._await(
            lambda: old.isdisjoint(now()),
            complaint="still serves with its old configuration",
            within_s=DRAIN_S + PROOF_S,
        )

    def _await_answer(self, shape: Shape) -> None:
        self._await(
            lambda: self._answer() == shape.answer,
            complaint=f"does not answer {shape.state.value!r} on its published port",
            within_s=PROOF_S,
        )

    def _await(self, true: Callable[[], bool], *, complaint: str, within_s: float) -> None:
        deadline_s = clock.monotonic_s() + within_s
        while not true():
            if clock.monotonic_s() > deadline_s:
                raise StepFailed(
                    f"The wall of {self._instance} {complaint} after {within_s:.0f} s.",
                    details=self._box.last_words(),
                    resolution="Check url and wall.publish in the instance file, and the log of the wall's container.",
                )
            time.sleep(POLL_S)

    def _answer(self) -> str:
        """Return the state and generation told on the published port, empty when anything else answers there."""
        answer = self._front.request("GET", STATE_PATH, timeout_s=3.0, with_pass=False)
        told = answer.text.strip() if answer.status == 200 else ""
        return told if told.startswith(tuple(f"{state.value} " for state in WallState)) else ""

    def _written_state(self, container: Container) -> WallState:
        """Return what the file says that the next start would read."""
        first = self._box.live_configuration(container).partition("\n")[0]
        return WallState.CLOSED if ", closed." in first else WallState.OPEN


def _shape(state: WallState, run_pass: str = "") -> Shape:
    return Shape(state=state, generation=secrets.token_hex(4), run_pass=run_pass)
