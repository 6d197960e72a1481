"""What a command gives back; `speech` turns it into text or JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from olmis_release.errors import ReleaseError

FORMAT_VERSION = "1.0"
"""Of every ``--json`` object: a new minor only adds keys, a new major may change them."""

NOTHING_TOUCHED = "nothing was touched."
NO_INSTANCE_TOUCHED = "no instance was touched."


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The result of a command.

    Attributes:
        text: For people, standard output.
        data: For scripts, with ``--json``; `format_version`, `state` and `next` are added.
        state: What serves users now; begins with the instance's name where one is concerned.
        next: The command, or the act, that comes next.
        brief: What ``--quiet`` shows instead (a path, a code); the STATE line when empty.
        failure: The command did its work and the answer is no: its exit code and message.
        exit_code: Exit status where there is no failure.
    """

    text: str
    state: str
    next: str
    data: Mapping[str, object] = field(default_factory=dict)
    brief: str = ""
    failure: ReleaseError | None = None
    exit_code: int = 0

    @property
    def status(self) -> int:
        """The exit status."""
        return self.failure.exit_code if self.failure else self.exit_code


def state_line(state: str) -> str:
    """Return the STATE line; `state` names its instance before a colon, or is a sentence about none."""
    return f"STATE: {state}" if state in {NOTHING_TOUCHED, NO_INSTANCE_TOUCHED} else f"STATE {state}"
