"""`.env` files as Compose reads them: quotes, escapes, comments, `export`, references to earlier variables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from olmis_release.errors import BadInput, Where
from olmis_release.manifest.findings import Findings
from olmis_release.manifest.importers.interpolation import fill
from olmis_release.manifest.importers.model import Variable
from olmis_release.text import safe
from olmis_release.yamlio import guard

LIMIT_LINES = 50_000
LIMIT_VARIABLES = 5_000
LIMIT_TOTAL = 4 * 1024 * 1024

_KEY = re.compile(r"[ \t]*(?:export[ \t]+)?(?P<name>[^=:\s#][^=:\n]*?)[ \t]*(?P<mark>[=:]|(?=\n)|\Z)")
_NAME = re.compile(r"[A-Za-z0-9_.\-\[\]]+\Z")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A line of an `.env` file: `raw` is without quotes; `fills` says whether variables in it count."""

    name: str
    raw: str
    where: Where
    fills: bool


def read_environment(data: bytes, *, shown_as: str, findings: Findings, known: dict[str, Variable]) -> None:
    """Add the variables of a file to those known; later ones win, duplicates inside the file are noted."""
    try:
        text = guard.decode(data, shown_as=shown_as).replace("\r\n", "\n")
    except BadInput as error:
        for problem in error.problems:
            findings.error("E-ENV", problem.message, where=problem.where, do=error.resolution)
        return
    if text.count("\n") > LIMIT_LINES:
        message = f"more than {LIMIT_LINES:,} lines in one file."
        findings.error("E-ENV", message, where=Where(file=shown_as), do="Is it the right file?")
        return
    first: dict[str, Where] = {}
    total = 0
    for number, one in enumerate(_Reader(text, shown_as, findings).assignments()):
        if number >= LIMIT_VARIABLES:
            message = f"more than {LIMIT_VARIABLES:,} variables in one file."
            findings.error("E-ENV", message, where=one.where, do="Is it the right file?")
            return
        if one.name in first:
            message = (
                f"{one.name} is defined twice; the first one is on line {first[one.name].line}, and this one wins."
            )
            findings.warn("W-DUPLICATE-VARIABLE", message, where=one.where, do="Keep one of the two.")
        first.setdefault(one.name, one.where)
        value = _value(one, known, findings)
        total += len(value)
        if total > LIMIT_TOTAL:
            findings.error("E-ENV", "the variables grow beyond all use.", where=one.where, do="Write them out.")
            return
        known[one.name] = Variable(name=one.name, value=value, where=one.where)


def _value(one: Assignment, known: dict[str, Variable], findings: Findings) -> str:
    if not one.fills or "$" not in one.raw:
        return one.raw
    filled = fill(one.raw, {name: variable.value for name, variable in known.items()})
    if filled.wrong:
        findings.error("E-INTERPOLATION", f"{one.name}: {safe(filled.wrong)}.", where=one.where)
    for reference in filled.references:
        if not reference.defined and reference.default is None:
            message = f"{one.name}: variable {reference.name} is not defined."
            findings.error("E-UNDEFINED-VARIABLE", message, where=one.where, do="Define it before; $$ is a literal $.")
    return filled.text.replace("$${", "${")


class _Reader:
    """Goes through a file from assignment to assignment."""

    def __init__(self, text: str, shown_as: str, findings: Findings) -> None:
        self.text = text
        self.shown_as = shown_as
        self.findings = findings
        self.position = 0
        self.line = 1
        self.line_start = 0

    def assignments(self) -> Iterator[Assignment]:
        while self.position < len(self.text):
            end = self._end_of_line()
            line = self.text[self.position : end].strip()
            if not line or line.startswith("#"):
                self._go_to(end + 1)
                continue
            one = self._assignment(end)
            if one:
                yield one

    def _assignment(self, end: int) -> Assignment | None:
        match = _KEY.match(self.text, self.position, end)
        start = self.position + len(self.text[self.position : end]) - len(self.text[self.position : end].lstrip())
        name = match["name"] if match else self.text[start:end].strip()
        if match:
            start = match.start("name")
        where = Where(file=self.shown_as, line=self.line, column=start - self.line_start + 1)
        if not match or not _NAME.match(name):
            message = f"{safe(repr(name[:60]))} is no name of a variable; a line is NAME=value."
            self.findings.error("E-ENV", message, where=where, do="Correct the line, or make it a comment with #.")
            self._go_to(end + 1)
            return None
        if not match["mark"]:
            self._go_to(end + 1)  # a name alone takes the value of the shell that runs Compose: none here
            return None
        return self._with_value(name, match.end(), where)

    def _with_value(self, name: str, start: int, where: Where) -> Assignment | None:
        end = self.text.find("\n", start)
        end = len(self.text) if end < 0 else end
        while start < end and self.text[start] in " \t":
            start += 1
        quote = self.text[start : start + 1] if start < end else ""
        if quote in {"'", '"'} and quote:
            return self._quoted(name, start, where, quote=quote)
        value = self.text[start:end]
        value = value.partition(" #")[0]  # at its beginning, or after a tab, Compose takes # for a part of it
        self._go_to(end + 1)
        return Assignment(name=name, raw=value.strip(), where=where, fills=True)

    def _quoted(self, name: str, start: int, where: Where, *, quote: str) -> Assignment | None:
        position = start + 1
        while position < len(self.text) and self.text[position] != quote:
            position += 2 if self.text[position] == "\\" else 1
        if position >= len(self.text):
            self.findings.error("E-ENV", f"{name}: the quote is never closed.", where=where, do="Close it.")
            self._go_to(self._end_of_line() + 1)
            return None
        value = self.text[start + 1 : position]
        self._go_to(position)
        rest = self.text[position + 1 : self._end_of_line()].strip()
        self._go_to(self._end_of_line() + 1)
        if rest and not rest.startswith("#"):
            message = f"{name}: {safe(rest[:40])!r} follows the closing quote."
            self.findings.error("E-ENV", message, where=where, do="Put all of the value inside the quotes.")
        value = _ESCAPE.sub(_unescaped, value) if quote == '"' else value.replace("\\'", "'")
        return Assignment(name=name, raw=value, where=where, fills=quote == '"')

    def _end_of_line(self) -> int:
        end = self.text.find("\n", self.position)
        return len(self.text) if end < 0 else end

    def _go_to(self, position: int) -> None:
        passed = self.text.count("\n", self.position, position)
        if passed:
            self.line += passed
            self.line_start = self.text.rfind("\n", self.position, position) + 1
        self.position = position


def _unescaped(match: re.Match[str]) -> str:
    letter = match[1]
    if letter == "$":
        return "$$"
    return _ESCAPED.get(letter, match.group())
