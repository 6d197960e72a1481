"""The one gate for external commands: argument lists, a deadline that holds, bounded output, a clean environment.

Every command has a process group of its own, which never outlives this process: where this one dies, however it dies,
nobody would hold the command to its deadline any more, and a later run could meet it still at work.

Secrets travel in the environment or on standard input, never in the arguments: those are logged.
"""

from __future__ import annotations

import logging
import os
import shlex
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from olmis_release import clock
from olmis_release.instance.process_group import ProcessGroup

OUTPUT_LIMIT_BYTES = 8 * 1024 * 1024
LINE_LIMIT_BYTES = 64 * 1024
LEFTOVER_S = 2.0
"""Seconds for everything that is left to do once a command ended or its deadline passed."""
PASSED_ON = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR"),
        *("SSH_AUTH_SOCK", "SSL_CERT_FILE", "SSL_CERT_DIR", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"),
        *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
    }
)
PASSED_ON_PREFIXES = ("DOCKER_", "LC_")

_log = logging.getLogger("olmis_release.command")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How a command ended.

    Attributes:
        exit_code: Its exit status, negative for the signal that ended it.
        timed_out: The deadline passed and the whole process group was killed; what it did until then is unknown.
        truncated: It wrote more than `OUTPUT_LIMIT_BYTES` to one stream; the rest was read and dropped.
    """

    exit_code: int
    stdout: str
    stderr: str
    elapsed_s: float
    timed_out: bool = False
    truncated: bool = False


def run(
    argv: Sequence[str],
    *,
    timeout_s: float,
    stdin: str = "",
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    on_line: Callable[[str], None] | None = None,
) -> Finished:
    """Run a command to its end or to its deadline.

    Args:
        argv: Program and arguments; no shell is involved.
        timeout_s: After this the process and its children get SIGKILL.
        stdin: Text for its standard input.
        env: Variables on top of the few that are passed on from our own environment.
        cwd: Folder to run it in.
        on_line: Called with every line of either stream as it comes, from another thread.

    Raises:
        StepFailed: There is no such program, or it may not be run.
    """
    began_s = clock.monotonic_s()
    group = ProcessGroup(argv, environment(env or {}), cwd)
    streams = _Streams(group.process, stdin, on_line)
    try:
        timed_out = not group.ended_within(timeout_s)
    finally:
        group.kill()
    latest_s = clock.monotonic_s() + LEFTOVER_S
    # A process that not even SIGKILL ends hangs in the kernel: it is left behind.
    timed_out = not group.ended_within(LEFTOVER_S) or timed_out
    streams.collect(latest_s)
    return _finished(argv, group.process, streams, elapsed_s=clock.monotonic_s() - began_s, timed_out=timed_out)


def _finished(
    argv: Sequence[str], process: subprocess.Popen[bytes], streams: _Streams, *, elapsed_s: float, timed_out: bool
) -> Finished:
    exit_code = process.returncode if process.returncode is not None else -int(signal.SIGKILL)
    ending = ", killed at its deadline" if timed_out else ""
    _log.info("%s: exit %s after %.2f s%s", shlex.join(argv), exit_code, elapsed_s, ending)
    return Finished(
        exit_code=exit_code,
        stdout=streams.stdout.text(),
        stderr=streams.stderr.text(),
        elapsed_s=elapsed_s,
        timed_out=timed_out,
        truncated=streams.stdout.truncated or streams.stderr.truncated,
    )


class Companion:
    """A command that runs beside the work and ends with it, or with this process; its output is read and bounded."""

    def __init__(self, argv: Sequence[str]) -> None:
        """Start it.

        Raises:
            StepFailed: There is no such program, or it may not be run.
        """
        self._argv = tuple(argv)
        self._group = ProcessGroup(argv, environment({}), None)
        self._streams = _Streams(self._group.process, "", None)

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._group.process.poll() is None

    @property
    def complaints(self) -> str:
        """What it wrote to standard error until now."""
        return self._streams.stderr.text()

    def end(self) -> None:
        """End it, and its children; ending it twice is fine."""
        self._group.kill()
        self._group.ended_within(LEFTOVER_S)
        self._streams.collect(clock.monotonic_s() + LEFTOVER_S)
        _log.info("%s: ended with exit %s", shlex.join(self._argv), self._group.process.returncode)


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a command: what it needs of ours, and `extra` on top."""
    kept = {
        name: value for name, value in os.environ.items() if name in PASSED_ON or name.startswith(PASSED_ON_PREFIXES)
    }
    return {**kept, **extra}


class _Sink:
    """Reads one stream to its end and keeps the first `OUTPUT_LIMIT_BYTES`."""

    def __init__(self, stream: IO[bytes], on_line: Callable[[str], None] | None) -> None:
        self.truncated = False
        self._kept = bytearray()
        self._stream = stream
        self._on_line = on_line
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def text(self) -> str:
        return bytes(self._kept).decode("utf-8", "replace")

    def _read(self) -> None:
        # readline with a limit: a line without an end cannot grow without bounds either.
        with self._stream as stream:
            for line in iter(lambda: stream.readline(LINE_LIMIT_BYTES), b""):
                self._keep(line)
                if self._on_line:
                    self._on_line(line.decode("utf-8", "replace").rstrip("\n"))

    def _keep(self, line: bytes) -> None:
        room = OUTPUT_LIMIT_BYTES - len(self._kept)
        self._kept += line[:room]
        self.truncated = self.truncated or len(line) > room


class _Streams:
    """The three standard streams of a process, each served by a thread so that none can block another."""

    def __init__(self, process: subprocess.Popen[bytes], stdin: str, on_line: Callable[[str], None] | None) -> None:
        self.stdout = _Sink(cast("IO[bytes]", process.stdout), on_line)
        self.stderr = _Sink(cast("IO[bytes]", process.stderr), on_line)
        self._writer = threading.Thread(target=_write, args=[process.stdin, stdin.encode()], daemon=True)
        self._writer.start()

    def collect(self, latest_s: float) -> None:
        """Let the readers finish; a pipe that a runaway grandchild holds open is not waited for longer than that."""
        for thread in (self.stdout.thread, self.stderr.thread, self._writer):
            thread.join(max(0.0, latest_s - clock.monotonic_s()))


def _write(stream: IO[bytes], content: bytes) -> None:
    try:
        with stream:
            stream.write(content)
    except (BrokenPipeError, ConnectionResetError):
        return  # the command did not want to read it all
