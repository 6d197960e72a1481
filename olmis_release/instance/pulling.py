"""Reads the engine's account of a pull: bytes per layer, and the error it may end with."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from olmis_release import clock
from olmis_release.errors import EffectUnknown, ReleaseError, StepFailed
from olmis_release.instance.connection import translated
from olmis_release.instance.deadline import Job, may_have_changed

Line = Mapping[str, Any]
FETCHED = frozenset({"Download complete", "Verifying Checksum", "Extracting", "Pull complete"})


class Layers:
    """Adds up the layers of one pull; layers that are there already do not count."""

    def __init__(self) -> None:
        self._done: dict[str, float] = {}
        self._total: dict[str, float] = {}

    def take(self, line: Line) -> None:
        """Note one line of the account.

        Raises:
            StepFailed: The engine says that the pull failed.
        """
        if "error" in line:
            raise StepFailed(
                f"The pull failed: {line['error']}.",
                resolution="Check the image's name and digest at the registry, and the disk room on the target.",
            )
        layer, status, detail = line.get("id", ""), line.get("status"), line.get("progressDetail") or {}
        if status == "Downloading" and detail.get("total"):
            self._done[layer], self._total[layer] = float(detail["current"]), float(detail["total"])
        elif status in FETCHED and layer in self._total:
            self._done[layer] = self._total[layer]

    def progress(self) -> tuple[float, float]:
        """Return bytes fetched and bytes known in all."""
        return sum(self._done.values()), sum(self._total.values())


def follow(
    lines: Callable[[], Iterable[Line]], *, timeout_s: float, on_progress: Callable[[float, float], None]
) -> None:
    """Read a pull to its end or its deadline, telling the progress as it changes.

    Args:
        lines: Starts the pull and yields the engine's lines; they are read in a thread of their own.
        timeout_s: Seconds the whole pull may take.
        on_progress: Called with bytes fetched and bytes known in all, whenever they change.

    Raises:
        StepFailed: The engine says that the pull failed.
        EffectUnknown: The engine fell silent, or the deadline passed.
    """
    layers, told = Layers(), (0.0, 0.0)
    for line in _within(lines, timeout_s):
        layers.take(line)
        if (progress := layers.progress()) != told:
            told = progress
            on_progress(*progress)


def _within(lines: Callable[[], Iterable[Line]], timeout_s: float) -> Iterator[Line]:
    box: queue.SimpleQueue[Line | ReleaseError | None] = queue.SimpleQueue()
    deadline_s = clock.monotonic_s() + timeout_s
    reading = Job(lambda: _read_into(box, lines))
    try:
        while (item := _next(box, deadline_s, timeout_s)) is not None:
            if isinstance(item, ReleaseError):
                raise item
            yield item
    finally:
        reading.cut()


def _read_into(box: queue.SimpleQueue[Line | ReleaseError | None], lines: Callable[[], Iterable[Line]]) -> None:
    try:
        with translated("pull an image", may_have_changed=may_have_changed):
            for line in lines():
                box.put(line)
    except ReleaseError as error:
        box.put(error)
    else:
        box.put(None)


def _next(
    box: queue.SimpleQueue[Line | ReleaseError | None], deadline_s: float, timeout_s: float
) -> Line | ReleaseError | None:
    try:
        return box.get(timeout=max(0.0, deadline_s - clock.monotonic_s()))
    except queue.Empty:
        raise EffectUnknown(
            f"The pull did not end within {timeout_s:.0f} s.",
            resolution="Give it more time (timeouts.pull_s in the instance file); layers already fetched are kept.",
        ) from None
