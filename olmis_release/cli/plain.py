"""Progress for pipes, Jenkins and cron: one line per event with the instance's local time, and a heartbeat."""

from __future__ import annotations

from threading import Lock

from olmis_release import clock
from olmis_release.cli.heartbeat import Heartbeat
from olmis_release.cli.phrases import evidence_text, note_text, progress_text, step_style, step_text
from olmis_release.cli.stage import Stage
from olmis_release.events import Event, Evidence, Note, Progress, StepEvent, StepStatus

HEARTBEAT_S = 30.0


class PlainLog:
    """Writes lines to standard error; whenever nothing was written for 30 s, says what is still going on."""

    def __init__(self, stage: Stage, *, heartbeat_s: float = HEARTBEAT_S) -> None:
        """Keep what is needed; the heartbeat begins with the first event."""
        self._stage = stage
        self._lock = Lock()
        self._activity = ""
        self._since_s = clock.monotonic_s()
        self._heartbeat = Heartbeat(self._still, interval_s=heartbeat_s)

    def report(self, event: Event) -> None:
        """Write the event, or remember it for the heartbeat."""
        self._heartbeat.start()
        with self._lock:
            match event:
                case StepEvent():
                    self._step(event)
                case Progress():
                    self._activity = progress_text(event)
                case Note():
                    self._write(note_text(event), style="yellow" if event.warning else "")
                case Evidence():
                    self._write(evidence_text(event))

    def close(self) -> None:
        """End the heartbeat."""
        self._heartbeat.stop()

    def _step(self, event: StepEvent) -> None:
        if event.status in {StepStatus.STARTED, StepStatus.UNDOING}:
            self._activity, self._since_s = event.title, clock.monotonic_s()
        else:
            self._activity = ""
        took = "" if self._activity else f" ({clock.monotonic_s() - self._since_s:.1f} s)"
        self._write(f"{step_text(event)}{took}", style=step_style(event.status))

    def _still(self) -> None:
        with self._lock:
            if self._activity:
                self._write(f"still {self._activity} ({clock.monotonic_s() - self._since_s:.0f} s)")

    def _write(self, text: str, *, style: str = "") -> None:
        self._heartbeat.reset()
        local = clock.now().astimezone(self._stage.zone)
        self._stage.sink.err(f"{local:%H:%M:%S} {text}", style=style)
