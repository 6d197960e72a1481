"""A thread that calls back whenever nothing happened for a while."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread

from olmis_release import clock


class Heartbeat:
    """Calls `beat` after every `interval_s` seconds without a `reset`, until stopped."""

    def __init__(self, beat: Callable[[], None], *, interval_s: float) -> None:
        """Keep what to call; nothing runs yet."""
        self._beat = beat
        self._interval_s = interval_s
        self._last_s = clock.monotonic_s()
        self._stopped = Event()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Run, unless it runs already; a daemon thread, so that it never keeps the process alive."""
        if self._thread is None:
            self.reset()
            self._stopped.clear()
            self._thread = Thread(target=self._run, name="heartbeat", daemon=True)
            self._thread.start()

    def reset(self) -> None:
        """Something was shown just now."""
        self._last_s = clock.monotonic_s()

    def stop(self) -> None:
        """Call back no more, until started again."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(timeout=1.0)
            self._thread = None

    def _run(self) -> None:
        while not self._stopped.wait(self._due_in_s()):
            if self._due_in_s() <= 0.0:
                self._beat()
                self.reset()

    def _due_in_s(self) -> float:
        return max(0.0, self._last_s + self._interval_s - clock.monotonic_s())
