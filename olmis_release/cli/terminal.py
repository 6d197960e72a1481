"""Choose how progress is shown: on a terminal, in a log, as JSON lines, or not at all."""

from __future__ import annotations

import os
import sys
from typing import TextIO

from olmis_release.cli.stage import Renderer, Stage
from olmis_release.errors import UsageError
from olmis_release.events import Event, Note, Reporter


class Quiet:
    """Shows nothing."""

    def report(self, event: Event) -> None:
        """Drop the event."""

    def close(self) -> None:
        """Do nothing."""


class WithoutNotes:
    """Passes everything on but notes, for commands whose result tells the same again."""

    def __init__(self, inner: Reporter) -> None:
        """Pass on to `inner`."""
        self._inner = inner

    def report(self, event: Event) -> None:
        """Pass the event on, unless it is a note."""
        if not isinstance(event, Note):
            self._inner.report(event)


def make_renderer(stage: Stage) -> Renderer:
    """Return the renderer that the options and the surroundings ask for.

    Raises:
        UsageError: ``--progress tty`` without a terminal.
    """
    choose_colors(stage)
    match choose_progress(stage):
        case "quiet":
            return Quiet()
        case "json":
            from olmis_release.cli.json_lines import JsonLines

            return JsonLines(stage.sink)
        case "tty":
            from olmis_release.cli.live import LiveProgress

            return LiveProgress(stage)
        case _:
            from olmis_release.cli.plain import PlainLog

            return PlainLog(stage)


def choose_progress(stage: Stage) -> str:
    """Return ``tty``, ``plain``, ``json`` or ``quiet``."""
    capable = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    if stage.progress == "tty" and not capable:
        raise UsageError("--progress tty needs a terminal on standard error.", resolution="Use --progress plain.")
    if stage.progress != "auto":
        return stage.progress
    if stage.quiet:
        return "quiet"
    return "tty" if capable else "plain"


def choose_colors(stage: Stage) -> None:
    """Decide for both streams: option, then NO_COLOR, then FORCE_COLOR, then whether it is a terminal."""
    stage.sink.color_out = wants_color(stage.color, sys.stdout)
    stage.sink.color_err = wants_color(stage.color, sys.stderr)


def wants_color(option: str, stream: TextIO) -> bool:
    """Return whether a stream gets colours; `option` is that of ``--color``."""
    if option != "auto":
        return option == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in {"", "0"}:
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"
