"""Refuse a secret that stands in a file which is committed, where only a reference to it belongs."""

from __future__ import annotations

from collections.abc import Mapping

from olmis_release.errors import Where
from olmis_release.manifest.findings import Findings
from olmis_release.manifest.masking import masked
from olmis_release.redaction import MIN_SECRET_LENGTH

UNMISTAKABLE_LENGTH = 12
"""Of a secret that no ordinary text holds by chance."""


def refuse_secrets(
    findings: Findings, path: str, text: str, *, secrets: Mapping[str, str], where: Where | None
) -> None:
    """Add a problem for every secret whose very value stands in a text; the value is not said.

    Args:
        findings: Where the problem goes.
        path: Dotted path of the text.
        text: As it was written, before variables are filled in.
        secrets: Secret settings by name.
        where: Place of the text.
    """
    for name, value in secrets.items():
        if _is_written(path, text, value):
            message = f"{path} holds the value of {name}, a secret of the settings file."
            do = f"Write ${{{name}}} there, declare it under `variables`, and leave the value in the settings file."
            findings.error("E-SECRET-WRITTEN", message, where=where, do=do)


def _is_written(path: str, text: str, value: str) -> bool:
    """Return whether a secret stands in a text; a short one only where a secret is expected.

    A weak password may well be an ordinary word elsewhere.
    """
    if len(value) < MIN_SECRET_LENGTH or value not in text:
        return False
    return len(value) >= UNMISTAKABLE_LENGTH or value not in masked(path, text)
