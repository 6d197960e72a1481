"""Reading the flat Compose files that this tool rendered."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from olmis_release.instance.settings import read_copy
from olmis_release.manifest.variables import REFERENCE_PREFIX, SETTINGS_KEY, secrets_referred_to
from olmis_release.yamlio import read_yaml


def secret_settings(file: Path, folder: Path) -> Mapping[str, str]:
    """Return what Compose needs in its environment for a rendered file: the secrets that the file refers to.

    Args:
        file: The rendered file.
        folder: Project directory, from which the file names the copy of the settings.

    Raises:
        StepFailed: The copy of the settings that holds them is gone.
    """
    try:
        names = secrets_referred_to(file.read_text(encoding="utf-8"))
    except OSError:
        return {}  # Compose says what is wrong with the file
    if not names:
        return {}
    values = read_copy(folder / str(read_yaml(file, shown_as=str(file)).data[SETTINGS_KEY]))
    return {f"{REFERENCE_PREFIX}{name}": values[name] for name in sorted(names) if name in values}


@lru_cache(maxsize=8)
def _images(file: Path, _modified_ns: int) -> Mapping[str, str]:
    services = read_yaml(file, shown_as=str(file)).data["services"]
    assert isinstance(services, dict)  # noqa: S101 - the tool rendered the file itself
    return {name: body["image"] for name, body in services.items()}


def image_of(file: Path, component: str) -> str:
    """Return the reference by which the engine pulls a component's image: ``repository@digest``.

    The tag is for people; the engine gets the digest only, so that what runs is what was approved.
    """
    return by_digest(_images(file, file.stat().st_mtime_ns)[component])


def by_digest(reference: str) -> str:
    """Return ``repository@digest`` from the ``repository:tag@digest`` of a rendered file."""
    name, _, digest = reference.partition("@")
    head, slash, tail = name.rpartition("/")
    return f"{head}{slash}{tail.partition(':')[0]}@{digest}"
