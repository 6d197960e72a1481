"""Progress on a terminal: finished lines stay, one line at the bottom lives."""

from __future__ import annotations

import sys
from contextlib import suppress

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from olmis_release import clock
from olmis_release.cli.phrases import evidence_text, note_text, progress_text, step_style, step_text
from olmis_release.cli.stage import Stage
from olmis_release.events import Event, Evidence, Note, Progress, StepEvent, StepStatus

SPINNER_CELLS = 2
"""What the spinner takes of the line; a line that wraps would leave traces behind."""

RUNNING = frozenset({StepStatus.STARTED, StepStatus.UNDOING})


class LiveProgress:
    """Steps as lines above, the running step with its progress and time in a line below."""

    def __init__(self, stage: Stage) -> None:
        """Begin with an empty live line."""
        self._stage = stage
        color = stage.sink.color_err
        self._console = Console(file=sys.stderr, no_color=not color, markup=False, highlight=False, emoji=False)
        self._title = ""
        self._progress = ""
        self._since_s = clock.monotonic_s()
        self._spinner = Spinner("dots")
        self._live: Live | None = None

    def __rich__(self) -> Spinner | Text:
        """Return the live line, nothing when no work is going on."""
        text = ", ".join(part for part in (self._title, self._progress) if part)
        if not text:
            return Text("")
        line = Text(f"{text} ({clock.monotonic_s() - self._since_s:.0f} s)")
        line.truncate(self._console.width - SPINNER_CELLS, overflow="ellipsis")
        self._spinner.update(text=line)
        return self._spinner

    def report(self, event: Event) -> None:
        """Show the event; a terminal that went away stops nothing."""
        with suppress(OSError, ValueError):
            if self._live is None:
                self._live = Live(self, console=self._console, refresh_per_second=4, transient=True)
                self._live.start()
            self._show(event)

    def close(self) -> None:
        """Take the live line away; the next event brings it back."""
        with suppress(OSError, ValueError):
            if self._live is not None:
                self._live.stop()
        self._live = None

    def _show(self, event: Event) -> None:
        match event:
            case StepEvent():
                self._step(event)
            case Progress():
                self._progress = self._stage.sink.clean(progress_text(event))
            case Note():
                self._print(note_text(event), style="yellow" if event.warning else "")
            case Evidence():
                self._print(evidence_text(event))

    def _step(self, event: StepEvent) -> None:
        self._progress = ""
        if event.status in RUNNING:
            self._title, self._since_s = self._stage.sink.clean(step_text(event)), clock.monotonic_s()
            return
        self._title = ""
        took = clock.monotonic_s() - self._since_s
        self._print(f"{step_text(event)} ({took:.1f} s)", style=step_style(event.status))

    def _print(self, text: str, *, style: str = "") -> None:
        local = clock.now().astimezone(self._stage.zone)
        self._console.print(Text(self._stage.sink.clean(f"{local:%H:%M:%S} {text}"), style=style))
