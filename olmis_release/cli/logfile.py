"""The log file of a command: external commands, warnings, and the traceback of a fault of our own."""

from __future__ import annotations

import logging
import sys
import tempfile
import traceback
from contextlib import suppress
from pathlib import Path

from olmis_release import clock
from olmis_release.cli.sink import Sink
from olmis_release.events import Note, Reporter

KEPT = 30
"""Log files of earlier commands that are kept."""

LINE = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class _Clean(logging.Formatter):
    """A formatter that lets no secret and no control character into the file."""

    def __init__(self, sink: Sink) -> None:
        super().__init__(LINE)
        self._sink = sink

    def format(self, record: logging.LogRecord) -> str:
        return self._sink.clean(super().format(record))


class _LogFile(logging.FileHandler):
    """A log file that a full disk keeps from being written, and nothing more."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (logging's own name)
        del record  # a log that cannot be written must not spoil what is logged


class _ToReporter(logging.Handler):
    """With ``--verbose``: the same lines among the progress."""

    def __init__(self, reporter: Reporter) -> None:
        super().__init__()
        self._reporter = reporter

    def emit(self, record: logging.LogRecord) -> None:
        self._reporter.report(Note(message=record.getMessage()))


def begin_log(folder: Path, sink: Sink, *, told: Reporter | None = None) -> Path:
    """Let everything below `cli/` log to a new file.

    Args:
        folder: Where log files are.
        sink: Makes every line harmless and rid of secrets.
        told: Who shows the same lines to the person.
    """
    path = folder / _name()
    logger = logging.getLogger("olmis_release")
    logger.setLevel(logging.INFO)
    with suppress(OSError):
        _make_room(folder)
        handler = _LogFile(path, encoding="utf-8", delay=True)
        handler.setFormatter(_Clean(sink))
        logger.addHandler(handler)
    if told is not None:
        logger.addHandler(_ToReporter(told))
    return path


def end_log() -> None:
    """Close the log file, if one was begun."""
    logger = logging.getLogger("olmis_release")
    for handler in tuple(logger.handlers):
        logger.removeHandler(handler)
        handler.close()


def keep_traceback(error: BaseException, sink: Sink, *, log_file: Path | None, folder: Path | None) -> Path | None:
    """Write the traceback of an unexpected fault to a file; return its path, None when no disk takes it.

    Args:
        error: The fault.
        sink: Makes it harmless.
        log_file: Where this command logs, if it does.
        folder: Where log files are, if that is known.
    """
    text = "".join(traceback.format_exception(error))
    report = sink.clean(f"{clock.iso(clock.now())} {' '.join(sys.argv)}\n{text}")
    aside = Path(tempfile.gettempdir()) / f"olmis-release-{_name()}"
    for path in (log_file or (folder / _name() if folder else aside), aside):
        with suppress(OSError):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8") as file:
                file.write(report)
            return path
    return None


def _name() -> str:
    import os

    return f"{clock.now():%Y%m%dT%H%M%S}-{os.getpid()}.log"


def _make_room(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in sorted(folder.glob("*.log"))[:-KEPT]:
        old.unlink(missing_ok=True)
