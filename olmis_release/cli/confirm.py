"""Ask a person to type the instance's name before something that users will notice."""

from __future__ import annotations

import sys

from olmis_release.cli.session import Session
from olmis_release.errors import Declined, UsageError


def confirm(session: Session, name: str, *, given: str | None, needed: bool) -> None:
    """Return only if the act is confirmed.

    Args:
        session: Its `no_input` forbids asking.
        name: The instance's name, to be typed.
        given: What ``--confirm`` said; a wrong name refuses even where nothing need be confirmed.
        needed: Whether somebody must confirm at all.

    Raises:
        Declined: The name was not given, or another one.
        UsageError: There is nobody to ask; names the option.
    """
    if given is None and not needed:
        return
    typed = given if given is not None else _ask(session, name)
    if typed != name:
        raise Declined(
            f"Not confirmed: {typed!r} is not {name!r}." if typed else "Not confirmed.",
            resolution=f"Run the command again and type {name}, or add --confirm {name}.",
        )


def _ask(session: Session, name: str) -> str:
    if session.no_input or sys.stdin is None or not sys.stdin.isatty():
        raise UsageError(
            f"{name} must be confirmed, and there is nobody to ask here.",
            resolution=f"Add --confirm {name} to the command.",
        )
    session.close()
    session.sink.ask("Type the instance name to continue: ")
    return sys.stdin.readline().strip()
