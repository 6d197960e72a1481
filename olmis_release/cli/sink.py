"""The one way out: everything that is printed or logged is made harmless and rid of secrets here."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TextIO

import click

from olmis_release.redaction import NOTHING_SECRET
from olmis_release.text import safe


class Sink:
    """Writes results to standard output and talk to standard error.

    Attributes:
        color: Per stream (``out``, ``err``) whether colours are wanted; decided by `terminal`.
    """

    def __init__(self) -> None:
        """Begin with no secrets and no colour."""
        self.color_out = False
        self.color_err = False
        self._redactor = NOTHING_SECRET

    def hide(self, values: Iterable[str]) -> None:
        """Never show these values from now on."""
        self._redactor = self._redactor.also(values)

    def clean(self, text: str) -> str:
        """Return text without control characters and secrets; line ends stay."""
        return safe(self.redact(text), multiline=True)

    def redact(self, text: str) -> str:
        """Return text with every secret blotted out."""
        return self._redactor.redact(text)

    def out(self, text: str, *, style: str = "") -> None:
        """Write to standard output."""
        self._write(sys.stdout, text, style=style, color=self.color_out)

    def err(self, text: str, *, style: str = "") -> None:
        """Write to standard error."""
        self._write(sys.stderr, text, style=style, color=self.color_err)

    def ask(self, text: str) -> None:
        """Write to standard error without ending the line, for a question."""
        self._echo(sys.stderr, self.clean(text), color=False, end="")

    def json(self, data: object) -> None:
        """Write one JSON object to standard output, in ASCII so that no terminal can be deceived by it."""
        self._echo(sys.stdout, self._as_json(data, indent=2), color=False)

    def json_line(self, data: Mapping[str, object]) -> None:
        """Write one JSON object as one line to standard error."""
        self._echo(sys.stderr, self._as_json(data, indent=None), color=False)

    def _as_json(self, data: object, *, indent: int | None) -> str:
        return json.dumps(self._clean_values(data), indent=indent).replace("\x7f", "\\u007f")

    def _clean_values(self, value: object) -> object:
        """Take secrets out before quotation marks in them are escaped and they are no longer found."""
        match value:
            case str():
                return self.redact(value)
            case Mapping():
                return {self.redact(str(key)): self._clean_values(entry) for key, entry in value.items()}
            case list() | tuple():
                return [self._clean_values(entry) for entry in value]
            case bool() | int() | float() | None:
                return value
            case _:
                return self.redact(str(value))

    def _write(self, stream: TextIO, text: str, *, style: str, color: bool) -> None:
        text = self.clean(text)
        self._echo(stream, click.style(text, fg=style) if style and color else text, color=color)

    @staticmethod
    def _echo(stream: TextIO, text: str, *, color: bool, end: str = "\n") -> None:
        try:
            click.echo(text + end, file=stream, color=color, nl=False)
        except OSError:
            _silence(stream)


def _silence(stream: TextIO) -> None:
    """Go on without a reader (``| head``, a lost terminal): work must not stop because nobody listens any more."""
    with suppress(OSError, ValueError), Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())
