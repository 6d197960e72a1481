"""A network namespace of the tests' own, joined to this host by one cable with addresses at both ends."""

from __future__ import annotations

import os
import re
import secrets
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

NAMES = "olmis-"
NAMESPACES = Path("/var/run/netns")
TRIES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A namespace.

    Attributes:
        name: Of the namespace; the process that made it is in it.
        number: Third part of its addresses, 10.213.N.x; the first of two is this host's, the second the namespace's.
    """

    name: str
    number: int

    @property
    def here(self) -> str:
        """This host's address, as seen from the namespace."""
        return f"10.213.{self.number}.1"

    @property
    def address(self) -> str:
        """The namespace's address, as seen from this host."""
        return f"10.213.{self.number}.2"

    def entered(self, *argv: str) -> list[str]:
        """Return a command that runs another one inside; not `ip netns exec`, which hides the cgroups."""
        return ["nsenter", f"--net={NAMESPACES / self.name}", *argv]

    def processes(self) -> list[int]:
        """Return the ids of the processes inside, and of everything that they started elsewhere."""
        done = run("ip", "netns", "pids", self.name)
        found = [int(number) for number in done.stdout.split()] if done.returncode == 0 else []
        return [*found, *descendants(set(found))]


def make_network() -> Network:
    """Make a namespace with its cable.

    Raises:
        LookupError: This user may not, or every number is taken.
    """
    for _ in range(TRIES):
        number = secrets.randbelow(250) + 2
        network = Network(name=f"{NAMES}{os.getpid()}-{number}", number=number)
        if f"inet {network.here}/" in run("ip", "-4", "address").stdout:
            continue
        if run("ip", "netns", "add", network.name).returncode == 0 and wired(network):
            return network
        remove_network(network)
    raise LookupError("no network namespace could be made; it needs root and iproute2")


def wired(network: Network) -> bool:
    """Lay the cable and give both ends their addresses; False when one of the steps fails."""
    ours, theirs = f"olmis{network.number}h", f"olmis{network.number}n"
    inside = ("ip", "-netns", network.name)
    steps = (
        ("ip", "link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", network.name),
        ("ip", "address", "add", f"{network.here}/30", "dev", ours),
        ("ip", "link", "set", ours, "up"),
        (*inside, "address", "add", f"{network.address}/30", "dev", theirs),
        (*inside, "link", "set", theirs, "up"),
        (*inside, "link", "set", "lo", "up"),
        (*inside, "route", "add", "default", "via", network.here),
    )
    return all(run(*step).returncode == 0 for step in steps)


def remove_network(network: Network) -> None:
    """Take the namespace away, and its cable with it."""
    run("ip", "link", "delete", f"olmis{network.number}h")
    run("ip", "netns", "delete", network.name)


def end(numbers: list[int]) -> None:
    """End processes by their ids, and wait until they are gone."""
    for number in numbers:
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
    until_s = time.monotonic() + 10
    while any(alive(number) for number in numbers) and time.monotonic() < until_s:
        time.sleep(0.02)


def alive(number: int) -> bool:
    """Tell whether a process runs; one that is only not yet collected does not."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def descendants(of: set[int]) -> list[int]:
    """Return the ids of the processes that these started, directly or not."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    found, fresh = set[int](), set(of)
    while fresh:
        fresh = {child for child, parent in parents.items() if parent in fresh} - found - of
        found |= fresh
    return sorted(found)


def abandoned() -> list[Network]:
    """Find namespaces of ours whose maker is gone."""
    found = [re.fullmatch(rf"{NAMES}(\d+)-(\d+)", path.name) for path in NAMESPACES.glob(f"{NAMES}*")]
    return [Network(name=one[0], number=int(one[2])) for one in found if one and not alive(int(one[1]))]


def run(*argv: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
