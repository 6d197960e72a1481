"""Certificates for an engine and its client, from an authority that lives as long as a test."""

from __future__ import annotations

import subprocess
from pathlib import Path


def make_certificates(folder: Path, address: str) -> None:
    """Make ``server/`` and ``client/``, each with ``ca.pem``, ``cert.pem`` and ``key.pem`` (mode 0600).

    Args:
        folder: Where to.
        address: The engine's IP address, which its certificate is for.
    """
    authority = folder / "authority"
    authority.mkdir()
    openssl(authority, "req", "-x509", *FRESH, "-keyout", "key.pem", "-out", "ca.pem", "-subj", "/CN=lab")
    make_one(folder / "server", authority, f"subjectAltName=IP:{address}\nextendedKeyUsage=serverAuth\n")
    make_one(folder / "client", authority, "extendedKeyUsage=clientAuth\n")


FRESH = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")


def make_one(folder: Path, authority: Path, extensions: str) -> None:
    """Make one key with its certificate."""
    folder.mkdir()
    (folder / "extensions").write_text(extensions, encoding="utf-8")
    openssl(folder, "req", "-new", *FRESH[:-2], "-keyout", "key.pem", "-out", "request", "-subj", f"/CN={folder.name}")
    signed = ("-CA", f"{authority}/ca.pem", "-CAkey", f"{authority}/key.pem", "-CAcreateserial", "-days", "2")
    openssl(folder, "x509", "-req", "-in", "request", *signed, "-extfile", "extensions", "-out", "cert.pem")
    (folder / "ca.pem").write_bytes((authority / "ca.pem").read_bytes())
    (folder / "key.pem").chmod(0o600)


def openssl(folder: Path, *arguments: str) -> None:
    """Run openssl in a folder."""
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=60)
