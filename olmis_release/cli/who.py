"""Who is at work, for plans and records."""

from __future__ import annotations

import getpass
import os
import socket


def operator() -> str:
    """Return ``$OLMIS_RELEASE_OPERATOR``, or the login and host name."""
    return os.environ.get("OLMIS_RELEASE_OPERATOR") or f"{_login()}@{socket.gethostname()}"


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user may have a number and no name
        return str(os.getuid())
