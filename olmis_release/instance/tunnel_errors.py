"""What `ssh` complains of, in our words, with what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from olmis_release.errors import TargetUnreachable


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One way in which a tunnel fails.

    Attributes:
        signs: Words of ssh, one of which tells this trouble; ssh speaks English everywhere.
        told: Our sentence; ``{host}`` is where to, ``{ssh}`` what a person types, ``{socket}`` the one on that side.
        resolution: What to do.
    """

    signs: tuple[str, ...]
    told: str
    resolution: str


# The first that fits is meant: a changed key also "failed verification".
TROUBLES = (
    Trouble(
        signs=("REMOTE HOST IDENTIFICATION HAS CHANGED", "host key for", "revoked"),
        told="The host key of {host} is not the one that is known here: it was changed, or somebody stands between.",
        resolution="Ask the host's owner for the fingerprint of its key. Only if it was changed on purpose: "
        "`ssh-keygen -R HOST`, then `{ssh}`, and compare.",
    ),
    Trouble(
        signs=("key is known for", "Host key verification failed"),
        told="The host key of {host} is not known on this machine.",
        resolution="Run `{ssh}` once by hand and compare the fingerprint with the one that the host's owner "
        "gives; then run this again.",
    ),
    Trouble(
        signs=("Permission denied", "Too many authentication failures", "no mutual signature algorithm"),
        told="{host} does not accept our key.",
        resolution="Check `{ssh} true`: is the key in its authorized_keys, and loaded here (`ssh-add -l`)? No "
        "password or passphrase is ever asked for.",
    ),
    Trouble(
        signs=("Could not resolve hostname",),
        told="There is no host of the name in {host}.",
        resolution="Correct docker.host in the instance file (or the Docker context), or the name service.",
    ),
    Trouble(
        signs=("administratively prohibited", "forwarding is disabled"),
        told="The ssh server of {host} forbids to forward a socket.",
        resolution="Its administrator must set AllowStreamLocalForwarding yes for this user in sshd_config.",
    ),
    Trouble(
        signs=("open failed",),
        told="No Docker engine can be reached at {socket} on {host}.",
        resolution="Check `{ssh} docker info`: is Docker installed and running there, and is the user in the group "
        "docker? Where its socket lies elsewhere, name it as docker.socket in the instance file. The server's "
        "sshd_config must not say AllowStreamLocalForwarding no.",
    ),
    Trouble(
        signs=("Bad owner or permissions", "Bad configuration option", "terminating,", "bad permissions"),
        told="The ssh configuration of this user cannot be used.",
        resolution="Correct what ssh complains of; `{ssh} true` shows it again.",
    ),
)
OTHER = Trouble(
    signs=(),
    told="No ssh connection to {host}.",
    resolution="Check that the host runs and is reached from here: `{ssh} true`.",
)


def explained(complaints: str, names: Mapping[str, str]) -> TargetUnreachable:
    """Return the error that ssh's complaints mean; `names` fill in what `Trouble` leaves open."""
    trouble = next((one for one in TROUBLES if any(sign in complaints for sign in one.signs)), OTHER)
    lines = [line.strip() for line in complaints.splitlines() if line.strip()]
    said = f" ssh says: {lines[-1]}" if trouble is OTHER and lines else ""
    return TargetUnreachable(
        trouble.told.format(**names) + said,
        resolution=trouble.resolution.format(**names),
        details="\n".join(lines),
    )
