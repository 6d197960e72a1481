"""Progress for programs: one JSON object per event on standard error."""

from __future__ import annotations

import dataclasses

from olmis_release import clock
from olmis_release.cli.result import FORMAT_VERSION
from olmis_release.cli.sink import Sink
from olmis_release.events import Event, Evidence, Note, Progress, StepEvent

KINDS = {StepEvent: "step", Progress: "progress", Note: "note", Evidence: "evidence"}


class JsonLines:
    """Writes ``{"format_version": …, "event": "step", "time": …, …}`` lines."""

    def __init__(self, sink: Sink) -> None:
        """Write to the sink's standard error."""
        self._sink = sink

    def report(self, event: Event) -> None:
        """Write one line."""
        head = {"format_version": FORMAT_VERSION, "event": KINDS[type(event)], "time": clock.iso(clock.now())}
        self._sink.json_line({**head, **dataclasses.asdict(event)})

    def close(self) -> None:
        """Every line was complete: there is nothing to finish."""
