"""Tell a story on the terminal: what happens, the very command a user would type, and its own output."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from dataclasses import dataclass

from lab.estate import Estate

MARGIN = "  | "


class UnexpectedEndError(Exception):
    """A command ended otherwise than the story has it; its output stands above."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A command as it was carried out.

    Attributes:
        output: Everything it wrote, as it was shown.
    """

    command: str
    exit_code: int
    output: str
    elapsed_s: float


def say(text: str = "") -> None:
    """Tell one thing."""
    print(text, flush=True)


def chapter(title: str) -> None:
    """Begin a part of the story."""
    say(f"\n=== {title} {'=' * max(0, 100 - len(title))}")


def typed(estate: Estate, command: str, *, expect: int = 0) -> Told:
    """Show a command, run it in the estate, show its output line by line as it comes.

    Raises:
        UnexpectedEndError: It ended with another status than the story has it.
    """
    say(f"\n$ {command}")
    started = time.monotonic()
    process = subprocess.Popen(
        shlex.split(command),
        cwd=estate.folder,
        env=estate.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines = [_shown(line) for line in process.stdout or ()]
    told = Told(command=command, exit_code=process.wait(), output="".join(lines), elapsed_s=time.monotonic() - started)
    say(f"{MARGIN}[exit status {told.exit_code}, {told.elapsed_s:.0f} s]")
    if told.exit_code != expect:
        raise UnexpectedEndError(f"`{command}` ended with {told.exit_code}, not {expect}.")
    return told


def _shown(line: str) -> str:
    sys.stdout.write(MARGIN + line)
    sys.stdout.flush()
    return line
