"""Wait until components are ready; give up at once on what will never be."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass

from olmis_release import clock
from olmis_release.errors import ReleaseError, StepFailed
from olmis_release.events import Progress
from olmis_release.instance.site import Site
from olmis_release.manifest.model import ReleaseManifest
from olmis_release.smoke.model import containers_of
from olmis_release.smoke.watch import Watch
from olmis_release.text import listed, plural

LOG_LINES = 50
LOGS_SHOWN = 3
ASK_S = 3.0
"""Seconds a version endpoint gets; one that hangs is asked again in the next round."""
ASKED_AT_ONCE = 4
"""A route that leads to an address where nobody lives hangs until the limit; the others must not wait for it."""
TELL_EVERY_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The clock, so that tests need not wait.

    Attributes:
        now: Seconds on a clock that never jumps.
        sleep: Waits so many seconds.
        poll_s: Seconds between two looks.
    """

    now: Callable[[], float] = clock.monotonic_s
    sleep: Callable[[float], None] = time.sleep
    poll_s: float = 0.4


REAL = Pace()


def await_ready(
    site: Site,
    manifest: ReleaseManifest,
    components: Sequence[str],
    *,
    timeout_s: float,
    steady_s: float = 0.0,
    pace: Pace | None = None,
) -> None:
    """Return when every one of the components is ready.

    Args:
        site: Where they run.
        manifest: What each must answer.
        components: Which to wait for.
        timeout_s: Seconds after which to give up.
        steady_s: Seconds for which each must have run without a restart, counted from the first look at it: one that
            answers and ends soon after is not ready. What boots longer than that waits for nothing.
        pace: The clock; `REAL` when nothing is given.

    Raises:
        StepFailed: One will never be ready, or the time is up; says which, what was expected and what was seen, with
            the last lines of its log in the details.
    """
    watches = tuple(Watch(name=name, component=manifest.components[name]) for name in components)
    with ThreadPoolExecutor(max_workers=ASKED_AT_ONCE, thread_name_prefix="ready") as pool:
        _Vigil(site=site, watches=watches, pool=pool, pace=pace or REAL).keep(timeout_s=timeout_s, steady_s=steady_s)


@dataclass(slots=True, kw_only=True)
class _Vigil:
    """The loop: look, ask, judge, tell, wait."""

    site: Site
    watches: tuple[Watch, ...]
    pool: Executor
    pace: Pace
    _told: tuple[int, float] = (-1, 0.0)

    def keep(self, *, timeout_s: float, steady_s: float) -> None:
        began_s = self.pace.now()
        while True:
            self._look()
            if any(watch.failure for watch in self.watches):
                raise self._failed([watch for watch in self.watches if watch.failure], why="will never be ready")
            if self._settled(steady_s):
                return
            self._tell()
            if self.pace.now() - began_s >= timeout_s:
                raise self._failed(self._pending(), why=f"not ready after {timeout_s:.0f} s")
            self.pace.sleep(self.pace.poll_s)

    def _look(self) -> None:
        """Look at every container, the ready ones too: they may fall again; ask those that have not answered."""
        found, at_s = containers_of(self.site), self.pace.now()
        for watch in self.watches:
            watch.look(found.get(watch.name), at_s)
        asked = [watch for watch in self.watches if watch.asks]
        paths = [watch.path for watch in asked]
        answers = self.pool.map(lambda path: self.site.front.request("GET", path, timeout_s=ASK_S), paths)
        for watch, answer in zip(asked, answers, strict=True):
            watch.hear(answer, self.pace.now())

    def _settled(self, steady_s: float) -> bool:
        now_s = self.pace.now()
        return not self._pending() and all(watch.up_s(now_s) >= steady_s for watch in self.watches)

    def _pending(self) -> list[Watch]:
        return [watch for watch in self.watches if not watch.ready]

    def _tell(self) -> None:
        """Report when the count moves, and now and then when it does not."""
        pending, now_s = self._pending(), self.pace.now()
        ready = len(self.watches) - len(pending)
        if self._told[0] == ready and now_s - self._told[1] < TELL_EVERY_S:
            return
        self._told = (ready, now_s)
        waiting = listed((watch.name for watch in pending), most=4) if pending else "all to have run long enough"
        activity = f"{ready} of {len(self.watches)} ready; waiting for {waiting}"
        self.site.reporter.report(
            Progress(activity=activity, done=float(ready), total=float(len(self.watches)), unit="components")
        )

    def _failed(self, watches: Sequence[Watch], *, why: str) -> StepFailed:
        reports = " ".join(watch.report for watch in watches)
        return StepFailed(
            f"{plural(len(watches), 'component')} {why}. {reports}",
            details="\n\n".join(self._log(watch) for watch in watches[:LOGS_SHOWN]),
            resolution="Read the log below, fix the cause, then make a new plan.",
        )

    def _log(self, watch: Watch) -> str:
        title = f"{watch.name}, last {LOG_LINES} lines:"
        if watch.container is None:
            return f"{title}\n(no container, no log)"
        try:
            return f"{title}\n{self.site.engine.logs(watch.container.id, tail=LOG_LINES).rstrip()}"
        except ReleaseError as error:
            return f"{title}\n(not readable: {error.message})"
