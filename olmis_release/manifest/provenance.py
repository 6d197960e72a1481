"""Where every value comes from: the layer, the place, the reason, and what it beat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from olmis_release.errors import Where
from olmis_release.manifest.findings import Findings
from olmis_release.manifest.model import Beaten, Origin
from olmis_release.yamlio import Document

CORE = "core"
COMMAND_LINE = "command line"

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Something that a layer says at a place: the root from which the origins of its values are made.

    Attributes:
        layer: ``core``, the extension's name or ``command line``.
        where: Gives the place of a path in the layer's file.
        path: Where in the file the statement stands.
        reason: What its author gave as the reason.
        findings: Where problems with it are noted.
    """

    findings: Findings
    layer: str
    where: Callable[[KeyPath], Where]
    path: KeyPath = ()
    reason: str = ""

    def at(self, *keys: str | int) -> Where:
        """Return the place of something inside the statement."""
        return self.where((*self.path, *keys))

    def inside(self, *keys: str | int, reason: str = "") -> Said:
        """Return a part of the statement as a statement of its own."""
        # Written out: `replace` takes thrice as long, and a large release has a hundred thousand statements
        return Said(
            findings=self.findings,
            layer=self.layer,
            where=self.where,
            path=(*self.path, *keys),
            reason=reason or self.reason,
        )

    def note(self, *keys: str | int) -> Note:
        """Return origin and place of something inside the statement."""
        place = self.at(*keys)
        origin = Origin(layer=self.layer, file=place.file, line=place.line, reason=self.reason)
        return Note(origin=origin, where=place)


def said_in(document: Document, layer: str, findings: Findings) -> Said:
    """Return the root of what a file says."""
    return Said(layer=layer, where=document.where, findings=findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """An origin as the manifest keeps it, with the exact place for messages."""

    origin: Origin
    where: Where

    def beating(self, earlier: Note | None, value: str) -> Note:
        """Return this note, saying that it won over an earlier value and over what that had beaten."""
        if earlier is None:
            return self
        old = earlier.origin
        beaten = Beaten(layer=old.layer, value=value, file=old.file, line=old.line, reason=old.reason)
        mine = self.origin
        origin = Origin(layer=mine.layer, file=mine.file, line=mine.line, reason=mine.reason, beat=(beaten, *old.beat))
        return Note(origin=origin, where=self.where)
