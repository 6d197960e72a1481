"""The one caller of ``ssh-keygen -Y``: keys that operators have already, in an agent or on a security token."""

from __future__ import annotations

import base64
import binascii
import os
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from olmis_release.errors import ApprovalInvalid
from olmis_release.instance.process import Finished, run
from olmis_release.plan.approval.signers import Signer, Signers
from olmis_release.plan.approval.statement import NAMESPACE

PROGRAM = "ssh-keygen"
VERIFY_S = 20.0
SIGN_S = 120.0
"""Seconds for a signature: a security token waits until it is touched."""
UTC_ZONE = {"TZ": "UTC"}
"""`valid-after` and `valid-before` mean the same on every machine."""


def sign(data: bytes, key: Path) -> bytes:
    """Return the signature of some bytes.

    Args:
        data: UTF-8 text.
        key: The private key, or the public one where the agent has the private.

    Raises:
        ApprovalInvalid: The key cannot be used.
        StepFailed: There is no ssh-keygen.
    """
    argv = [PROGRAM, "-Y", "sign", "-f", str(key), "-n", NAMESPACE]
    done = run(argv, timeout_s=SIGN_S, stdin=data.decode(), env=UTC_ZONE)
    if done.exit_code or done.timed_out or not done.stdout:
        raise ApprovalInvalid.of_key(
            f"{key} did not sign: {_words(done)}",
            resolution=f"A key with a passphrase goes into the agent first: ssh-add {key}",
        )
    return done.stdout.encode()


def _words(done: Finished) -> str:
    said = [line for line in done.stderr.splitlines() if line and line != "Signing data on standard input"]
    return f"no answer within {SIGN_S:.0f} s." if done.timed_out else "; ".join(said[-2:]) or "ssh-keygen said nothing."


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """Asks ssh-keygen about signatures, of one reading of who may sign."""

    signers: Signers

    def is_good(self, data: bytes, signature: bytes, *, signer: Signer, at: datetime) -> bool:
        """Return whether the signer signed these bytes for a plan, with a key that held at that time."""
        return self._verified(data, signature, signer, at=at, revoked=None)

    def is_revoked(self, data: bytes, signature: bytes, *, signer: Signer, at: datetime) -> bool:
        """Return whether a signature that is good otherwise was made with a revoked key."""
        revoked = self.signers.revoked
        return revoked is not None and not self._verified(data, signature, signer, at=at, revoked=revoked)

    def _verified(self, data: bytes, signature: bytes, signer: Signer, *, at: datetime, revoked: bytes | None) -> bool:
        with tempfile.TemporaryDirectory(prefix="olmis-release-") as name:
            folder = Path(name)
            argv = [PROGRAM, "-Y", "verify", "-n", NAMESPACE, "-I", signer.person, f"-Overify-time={at:%Y%m%d%H%M%S}"]
            argv += ["-f", _kept(folder / "allowed", self.signers.allowed)]
            argv += ["-s", _kept(folder / "signature", signature)]
            argv += ["-r", _kept(folder / "revoked", revoked)] if revoked is not None else []
            done = run(argv, timeout_s=VERIFY_S, stdin=data.decode("utf-8", "replace"), env=UTC_ZONE)
        return done.exit_code == 0 and not done.timed_out


def _kept(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return str(path)


def own_keys() -> tuple[Path, ...]:
    """Return the keys that ssh itself would try, in its order."""
    folder = Path(os.environ.get("HOME", "/")) / ".ssh"
    names = ("id_ed25519_sk", "id_ed25519", "id_ecdsa_sk", "id_ecdsa", "id_rsa")
    return tuple(path for path in (folder / name for name in names) if path.is_file())


def public_blob(key: Path) -> bytes | None:
    """Return the public half that lies beside a private key, or is the file itself; None where there is none."""
    path = key if key.suffix == ".pub" else key.with_name(f"{key.name}.pub")
    try:
        return base64.b64decode(path.read_text(encoding="utf-8").split()[1], validate=True)
    except (OSError, UnicodeDecodeError, IndexError, binascii.Error):
        return None
