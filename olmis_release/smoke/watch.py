"""Judge one component while it starts: values in, verdict out; no clock, no network.

Registered in Consul is not ready (that happens before the JVM starts), and started is not ready. Ready is: the
container runs, has not restarted since the last look, and answers with the version that the manifest names.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from olmis_release.instance.ports import Answer, Container, ContainerStatus
from olmis_release.manifest.model import Component, Role
from olmis_release.smoke.asking import described, version_in
from olmis_release.smoke.model import ONE_SHOT

CRASHES = 3
"""Restarts after which a component is taken to be in a crash loop."""

FALLS = 2
"""Times a component may have answered rightly and then ended before it is given up: the second time is no accident."""

GRACE_S = 10.0
"""Seconds for what may pass: an old registration that still answers, a container between removal and creation."""

DOWN_S = 1.0
"""Seconds after which an exited container is taken to stay down: Docker's own restart shows as restarting at once."""


@dataclass(slots=True)
class Spell:
    """A condition that counts only when it has lasted.

    Attributes:
        since_s: When it began, None while it does not hold.
    """

    since_s: float | None = None

    def hold(self, at_s: float) -> float:
        """Return how long it has held, from now if it did not hold before."""
        self.since_s = at_s if self.since_s is None else self.since_s
        return at_s - self.since_s

    def end(self) -> None:
        """Forget it."""
        self.since_s = None


@dataclass(slots=True, kw_only=True)
class Watch:
    """One component under watch; give it every look in order.

    Attributes:
        ready: Whether it is ready as of the last look.
        failure: Why it will never be ready, empty while it may.
        seen: What its version endpoint said last, empty when it was not asked.
    """

    name: str
    component: Component
    ready: bool = False
    failure: str = ""
    seen: str = ""
    container: Container | None = None
    _first_restarts: int = 0
    _falls: int = 0
    _up: Spell = field(default_factory=Spell)
    _absent: Spell = field(default_factory=Spell)
    _down: Spell = field(default_factory=Spell)
    _wrong: Spell = field(default_factory=Spell)

    @property
    def asks(self) -> bool:
        """Whether its version endpoint is to be asked now."""
        return bool(self.path) and not self.ready and self._runs

    @property
    def path(self) -> str:
        """What to ask the front door for: its version, or the start page of the screens; empty for what has neither."""
        return "/" if self._is_ui else self.component.version_path or ""

    @property
    def expected(self) -> str:
        """What makes it ready, for people."""
        if self._is_ui:
            return "a page at /"
        if self.path:
            return f"version {self.component.expected_version} at {self.path}"
        return "a container that is done" if self._one_shot else "a running container"

    @property
    def report(self) -> str:
        """Name, expectation and what was seen, in one sentence."""
        state = _state(self.container, self._restarts)
        answer = f"saw {self.seen}; " if self.seen else ""
        return f"{self.name}: expected {self.expected}; {answer}{self.failure or state}."

    def look(self, container: Container | None, at_s: float) -> None:
        """Take note of its container."""
        before, self.container = self.container, container
        if container is None:
            self._miss(at_s)
            return
        self._absent.end()
        same = before is not None and before.id == container.id
        if not same:
            self._first_restarts = container.restarts
        steady = same and before is not None and before.started_at == container.started_at
        self._count_fall(steady=steady)
        self._up.hold(at_s)
        self._judge(container, at_s, steady=steady)

    def up_s(self, at_s: float) -> float:
        """Return how long it has run without a restart, as far as this watch saw it; an ended one-shot counts too."""
        return self._up.hold(at_s)

    def _count_fall(self, *, steady: bool) -> None:
        if not steady:
            self._falls += self.ready and not self._one_shot
            self._up.end()

    def hear(self, answer: Answer, at_s: float) -> None:
        """Take note of what came back from its path."""
        if self._is_ui:
            self.seen, self.ready = described(answer), 200 <= answer.status < 400
            return
        version, expected = version_in(answer), self.component.expected_version
        self.seen = described(answer) if version is None else f"version {version}"
        self.ready = version == expected
        if version in {None, expected}:
            self._wrong.end()
        elif self._wrong.hold(at_s) >= GRACE_S:
            self.failure = f"it steadily answers with the wrong version, {version}"

    def _miss(self, at_s: float) -> None:
        self.ready = False
        if self._absent.hold(at_s) >= GRACE_S:
            self.failure = "it has no container"

    def _judge(self, container: Container, at_s: float, *, steady: bool) -> None:
        if self._restarts >= CRASHES:
            self._fail(f"it is in a crash loop: {self._restarts} restarts, last exit code {container.exit_code}")
        elif self._falls >= FALLS:
            self._fail(f"it answered and then ended, {self._falls} times; last exit code {container.exit_code}")
        elif container.status in {ContainerStatus.EXITED, ContainerStatus.DEAD}:
            self._judge_stopped(container, at_s)
        else:
            self._down.end()
            self.ready = self._runs and self._is_ready(container, steady=steady)

    def _judge_stopped(self, container: Container, at_s: float) -> None:
        self.ready = self._one_shot and container.exit_code == 0
        if not self.ready and self._down.hold(at_s) >= DOWN_S:
            self._fail(f"it exited with code {container.exit_code} and nothing restarts it")

    def _is_ready(self, container: Container, *, steady: bool) -> bool:
        if self._one_shot:
            return True
        if self.path:
            return self.ready and steady  # heard before; a restart asks anew
        return steady and container.health in {"", "healthy"}

    def _fail(self, failure: str) -> None:
        self.ready, self.failure = False, failure

    @property
    def _restarts(self) -> int:
        return self.container.restarts - self._first_restarts if self.container else 0

    @property
    def _runs(self) -> bool:
        return self.container is not None and self.container.status is ContainerStatus.RUNNING

    @property
    def _is_ui(self) -> bool:
        return self.component.role is Role.UI

    @property
    def _one_shot(self) -> bool:
        return self.component.role in ONE_SHOT


def _state(container: Container | None, restarts: int) -> str:
    if container is None:
        return "it has no container"
    health = f", {container.health}" if container.health else ""
    again = f", {restarts} restart(s) since" if restarts else ""
    return f"its container is {container.status}{health}{again}"
