"""What whoever shows progress needs of a command, and what the command needs of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from olmis_release.cli.sink import Sink
from olmis_release.events import Event

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


class Stage(Protocol):
    """The part of a command's session that concerns what a person sees while it works.

    Attributes:
        sink: The one way out.
        zone: In which times are told; known once the instance is.
        progress, color, quiet: As the options say.
    """

    sink: Sink
    zone: ZoneInfo | None
    progress: str
    color: str
    quiet: bool


class Renderer(Protocol):
    """A reporter that can be closed; `report` never raises."""

    def report(self, event: Event) -> None:
        """Show one event."""

    def close(self) -> None:
        """Show nothing more and give the terminal back."""
