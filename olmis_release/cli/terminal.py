"""Choose how progress is shown: on a terminal, in a log, as JSON lines, or not at all."""

from __future__ import annotations

import os
import sys
from typing import Protocol, TextIO

from olmis_release.cli.session import Session
from olmis_release.errors import UsageError
from olmis_release.events import Event, Note, Reporter


class Renderer(Protocol):
    """A reporter that can be closed; `report` never raises."""

    def report(self, event: Event) -> None:
        """Show one event."""

    def close(self) -> None:
        """Show nothing more and give the terminal back."""


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


def make_renderer(session: Session) -> Renderer:
    """Return the renderer that the options and the surroundings ask for.

    Raises:
        UsageError: ``--progress tty`` without a terminal.
    """
    choose_colors(session)
    match choose_progress(session):
        case "quiet":
            return Quiet()
        case "json":
            from olmis_release.cli.json_lines import JsonLines

            return JsonLines(session.sink)
        case "tty":
            from olmis_release.cli.live import LiveProgress

            return LiveProgress(session)
        case _:
            from olmis_release.cli.plain import PlainLog

            return PlainLog(session)


def choose_progress(session: Session) -> str:
    """Return ``tty``, ``plain``, ``json`` or ``quiet``."""
    capable = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    if session.progress == "tty" and not capable:
        raise UsageError("--progress tty needs a terminal on standard error.", resolution="Use --progress plain.")
    if session.progress != "auto":
        return session.progress
    if session.quiet:
        return "quiet"
    return "tty" if capable else "plain"


def choose_colors(session: Session) -> None:
    """Decide for both streams: option, then NO_COLOR, then FORCE_COLOR, then whether it is a terminal."""
    session.sink.color_out = wants_color(session.color, sys.stdout)
    session.sink.color_err = wants_color(session.color, sys.stderr)


def wants_color(option: str, stream: TextIO) -> bool:
    """Return whether a stream gets colours; `option` is that of ``--color``."""
    if option != "auto":
        return option == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in {"", "0"}:
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"
