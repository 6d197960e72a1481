"""Typed events: how everything below `cli/` tells what it is doing.

Nothing below `cli/` prints. A renderer (terminal, plain log, JSON lines) subscribes as a `Reporter`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class StepStatus(StrEnum):
    """What became of one step."""

    STARTED = "started"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"
    UNDOING = "undoing"
    UNDONE = "undone"
    UNDO_FAILED = "undo-failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEvent:
    """A step changed its status.

    Attributes:
        number: Place in the plan, from 1.
        total: Number of steps in the plan.
        title: What the step does, in a few words.
        note: What it found or how it ended, in a few words.
    """

    number: int
    total: int
    title: str
    status: StepStatus
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A long piece of work moved on; renderers may show only some of these.

    Attributes:
        activity: What is going on, for example ``pulling reports``.
        done: Units finished, if known.
        total: Units in all, if known.
        unit: For example ``MB`` or ``components``.
    """

    activity: str
    done: float | None = None
    total: float | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something a person should know now."""

    message: str
    warning: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Output of something that failed, kept for the reader.

    Attributes:
        title: Whose output it is, for example ``requisition, last 50 lines``.
        text: The output.
        path: Where the whole of it was stored, if it was.
    """

    title: str
    text: str
    path: str = ""


Event = StepEvent | Progress | Note | Evidence


class Reporter(Protocol):
    """Whoever wants to know what is going on."""

    def report(self, event: Event) -> None:
        """Take one event; must not raise."""


class Silent:
    """A reporter that keeps quiet, for calls whose result says it all."""

    def report(self, event: Event) -> None:
        """Drop the event."""
