"""Is somebody listening on a port of this host? Asked only where the engine runs on it."""

from __future__ import annotations

import errno
import socket


def port_is_taken(address: str, port: int) -> bool:
    """Return whether another program holds a TCP port; what cannot be told (no right to bind) counts as free.

    The option that Docker's own proxy uses is set too: a connection that only lingers does not make a port taken.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False
