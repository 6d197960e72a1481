"""Three ways to bring the same change to the same instance."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.estate import Estate

LIMIT_S = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is to be done: the Compose file of what runs, and of what shall run."""

    old_file: Path
    new_file: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way.

    Attributes:
        letter: As the report calls it.
        title: What is typed, for people.
        carry_out: Does it; returns when its last command ends.
    """

    letter: str
    title: str
    carry_out: Callable[[Estate, Change], None]


def as_today(estate: Estate, change: Change) -> None:
    """Do what the countries' scripts do, except that the database is kept: no ``down -v``."""
    compose(estate, change.old_file, "kill")
    compose(estate, change.old_file, "down")
    compose(estate, change.new_file, "pull", "--quiet")
    compose(estate, change.new_file, "up", "--detach", "--force-recreate")


def by_compose(estate: Estate, change: Change) -> None:
    """Let Compose replace what changed, and wait as far as it knows how to."""
    compose(estate, change.new_file, "up", "--detach", "--wait")


def by_tool(estate: Estate, _change: Change) -> None:
    """Deploy the plan."""
    require(estate.tool("deploy", estate.instance))


WAYS = (
    Way(letter="a", title="kill; down; pull; up -d --force-recreate", carry_out=as_today),
    Way(letter="b", title="docker compose up -d --wait", carry_out=by_compose),
    Way(letter="c", title="olmis-release deploy", carry_out=by_tool),
)


def compose(estate: Estate, file: Path, *arguments: str) -> None:
    """Run Compose on a file; what it says is shown only when it fails."""
    place = ("--project-directory", str(estate.folder), "-f", str(file))
    argv: Sequence[str] = ("docker", "compose", "--progress=quiet", *place, *arguments)
    require(subprocess.run(argv, cwd=estate.folder, capture_output=True, text=True, timeout=LIMIT_S, check=False))


def require(done: subprocess.CompletedProcess[str]) -> str:
    """Return a command's standard output.

    Raises:
        RuntimeError: It failed.
    """
    if done.returncode:
        raise RuntimeError(f"{done.args} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done.stdout
