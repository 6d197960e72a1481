"""The key of the settings' fingerprints: one for all who work on an instance, wherever they do.

A plan names the settings that it was made with by a fingerprint. Whoever reads a plan must not be able to try passwords
against it, so it is made with a random key that no plan and no repository holds: it lies on the instance's own database
server, beside the ledger, where only those can read it who can read the database; each workspace keeps a copy for when
the server does not answer. The first run of an instance brings it there.
"""

from __future__ import annotations

import re
import secrets
from contextlib import suppress
from pathlib import Path

from olmis_release.errors import BadInput, ReleaseError, Where
from olmis_release.instance.ports import Fence
from olmis_release.instance.settings import place
from olmis_release.instance.site import Site

KEY_BYTES = 32
FORM = re.compile(rf"[0-9a-f]{{{2 * KEY_BYTES}}}", re.ASCII)


def fingerprint_key(site: Site) -> bytes:
    """Return the key of an instance: the server's; this workspace's while the server has none, or does not answer.

    Raises:
        BadInput: The file of this workspace holds none.
    """
    with suppress(ReleaseError):
        if (shared := site.database.ledger.settings_key(site.config.name)) and FORM.fullmatch(shared):
            adopt(site, shared)
    return kept_key(site)


def kept_key(site: Site) -> bytes:
    """Return the key as this workspace keeps it, made at first use and readable by its owner only.

    Raises:
        BadInput: The file holds none.
    """
    path = _path(site)
    if not path.exists():
        place(path, secrets.token_hex(KEY_BYTES))
    text = path.read_text(encoding="utf-8", errors="replace")
    if FORM.fullmatch(text):
        return bytes.fromhex(text)
    raise BadInput.one(
        "it does not hold a key in hexadecimal.",
        resolution="Delete it; where the instance's database server has none, open plans become stale.",
        where=Where(file=site.folder.from_workspace(path)),
        code="E-KEY-FILE",
    )


def adopt(site: Site, key: str) -> None:
    """Keep the key that the others use, in place of an own one."""
    path = _path(site)
    if not path.exists() or path.read_text(encoding="utf-8", errors="replace") != key:
        path.unlink(missing_ok=True)
        place(path, key)


def share_key(site: Site, fence: Fence) -> None:
    """Bring the key to the server if that has none; where it cannot be brought now, the next run does."""
    with suppress(ReleaseError):
        site.database.ledger.keep_settings_key(fence, kept_key(site).hex())


def _path(site: Site) -> Path:
    return site.folder.ensure(site.folder.root) / "key"
