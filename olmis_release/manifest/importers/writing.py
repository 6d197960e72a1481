"""Writing imported manifests: what an earlier import wrote may be written over, what a person changed may not."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from olmis_release.errors import BadInput
from olmis_release.yamlio import write_yaml

_MARK = re.compile(r"# Content [0-9a-f]{16}: [^\n]*\n")


class Outcome(StrEnum):
    """What became of a manifest's file."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"
    KEPT = "kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A manifest to be written.

    Attributes:
        kind: ``core`` or ``extension``, which is also the name of its schema.
        said: What it is, for the reader of the file.
        data: Its content.
    """

    kind: str
    said: str
    data: Mapping[str, Any]

    def text(self) -> str:
        """Return the file: the editor's schema, what it is, a mark by which a change is noticed, the content."""
        body = _with_gaps(write_yaml(self.data))
        head = f"# yaml-language-server: $schema=../schemas/{self.kind}.json\n# {self.said}\n"
        return f"{head}# Content {_digest(body)}: an import writes over this file only while nobody changed it.\n{body}"


def _with_gaps(text: str) -> str:
    """Put an empty line before each section and each component."""
    return re.sub(
        r"(?<!components:)\n(?=(?:variables|volumes|replace_volumes|networks|components):|  [\w-]+:\n    )",
        "\n\n",
        text,
    )


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:16]


def write(path: Path, manifest: Manifest, *, replace: bool = False) -> Outcome:
    """Write a manifest unless its file was changed by a person.

    Raises:
        BadInput: The folder cannot be written to.
    """
    text = manifest.text()
    present = _present(path)
    if present == text:
        return Outcome.UNCHANGED
    if present is not None and not replace and not is_untouched(present):
        return Outcome.KEPT
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f".{path.name}.{os.getpid()}")
        aside.write_text(text, encoding="utf-8", newline="")
        aside.replace(path)
    except OSError as error:
        raise BadInput.one(
            f"{path} cannot be written: {error.strerror}.",
            resolution="Check the folder's rights and the room on its disk.",
            code="E-UNWRITABLE",
        ) from error
    return Outcome.WRITTEN


def is_untouched(text: str) -> bool:
    """Return whether a file is as an import wrote it."""
    match = _MARK.search(text)
    return match is not None and match.group().startswith(f"# Content {_digest(text[match.end() :])}:")


def _present(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        return None
