"""A component on its way through the merge: its values, each with the note of where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from olmis_release.errors import Where
from olmis_release.manifest import bodies
from olmis_release.manifest.layers import Add, CoreComponent
from olmis_release.manifest.model import Component, ComposeBody, ComposeValue, ImageRef, Role
from olmis_release.manifest.provenance import Note, Said
from olmis_release.text import safe

FIELDS = ("role", "consul", "schema_name", "reports_version")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One component.

    Attributes:
        identity: The Core id (or the id it was added under) by which statements address it.
        name: Its Compose name; differs from the identity after ``replace … as``.
        image: None while only Core builds it; `build` then says from what.
        removed: Why and by whom it is left out, None while it is in.
        notes: For each value's path where it comes from; "" is the component as a whole.
    """

    identity: str
    name: str
    notes: Mapping[str, Note]
    image: ImageRef | None = None
    build: str = ""
    role: Role = Role.SERVICE
    consul: str | None = None
    schema_name: str | None = None
    reports_version: str | None = None
    provides: str | None = None
    replaces: str | None = None
    host: str | None = None
    compose: ComposeBody = field(default_factory=dict)
    removed: Note | None = None

    def where(self, path: str = "") -> Where:
        """Return the place of a value, or of the nearest value around it."""
        while path and path not in self.notes:
            path = path.rpartition(".")[0]
        return self.notes[path].where

    def with_note(self, path: str, note: Note, *, beaten: str | None = None) -> Draft:
        """Return the draft with a value's note; `beaten` is the value that stood there before."""
        kept = note if beaten is None else note.beating(self.notes.get(path), beaten)
        return replace(self, notes={**self.notes, path: kept})

    def component(self) -> Component:
        """Return the finished component; it must have an image."""
        assert self.image is not None  # noqa: S101 - the merge has refused drafts without image before
        return Component(
            image=self.image,
            role=self.role,
            consul=self.consul,
            schema_name=self.schema_name,
            reports_version=self.reports_version,
            provides=self.provides,
            replaces=self.replaces,
            host=self.host,
            compose=self.compose,
            origin={path: note.origin for path, note in self.notes.items() if path},
        )


def read_image(text: str, said: Said) -> ImageRef | None:
    """Read the image that a statement names; an unreadable one is noted as an error."""
    try:
        return ImageRef.parse(text)
    except ValueError:
        message = (
            f"{safe(repr(text))} is not an image: repository:tag, with @sha256: and 64 lower-case hex digits at most."
        )
        said.findings.error("E-IMAGE", message, where=said.at("image"), do="Write it as in openlmis/requisition:7.1.0.")
        return None


def start(name: str, what: CoreComponent | Add, said: Said) -> Draft:
    """Return the draft of a component that a layer brings in."""
    image = read_image(what.image, said) if what.image is not None else None
    built = (what.build or "") if isinstance(what, CoreComponent) else ""
    notes = {"": said.note()}
    if what.image is not None or built:
        notes["image"] = said.note("build" if what.image is None else "image")
    for field_name in FIELDS:
        if field_name in what.model_fields_set:
            key = field_name.removesuffix("_name")
            notes[key] = said.note(key)
    notes |= {key: said.note() for key in ("role",) if key not in notes}
    draft = Draft(
        identity=name,
        name=name,
        notes=notes,
        image=image,
        build=built,
        role=what.role,
        consul=what.consul,
        schema_name=what.schema_name,
        reports_version=what.reports_version,
    )
    return with_body(draft, what.compose, said.inside("compose"))


def with_body(draft: Draft, body: ComposeBody, said: Said) -> Draft:
    """Return the draft with a Compose body and a note for each of its values; bad keys are noted as errors."""
    for key in body:
        why = bodies.why_not_a_key(key)
        if why:
            said.findings.error("E-COMPOSE-KEY", f"{draft.identity}: {why}", where=said.at(key))
    written = bodies.normalised(body)
    notes = dict(draft.notes)
    for path, _ in bodies.explained_paths(written):
        keys = path.split(".", 2)[1:]
        notes[path] = said.note(*keys) if keys[0] in body else said.note()
    return replace(draft, compose=written, notes=notes)


def with_set_value(draft: Draft, path: str, value: ComposeValue, *, note: Note) -> Draft:
    """Return the draft with one value of its body changed, and the note of who changed it.

    Raises:
        ValueError: The path leads through something that is no mapping.
    """
    said_about = "compose." + ".".join(bodies.split(path)[:2])
    return with_changed_body(draft, bodies.with_value(draft.compose, path, value), note, said_about=said_about)


def with_changed_body(draft: Draft, body: ComposeBody, note: Note, *, said_about: str = "") -> Draft:
    """Return the draft with another body; every value that differs, or was `said_about`, gets the note."""
    body = bodies.normalised(body)
    before, after = dict(bodies.explained_paths(draft.compose)), dict(bodies.explained_paths(body))
    touched = [path for path, value in after.items() if before.get(path) != value or path == said_about]
    kept = {path: old for path, old in draft.notes.items() if not path.startswith("compose.") or path in after}
    olds = {path: bodies.shown(before[path]) for path in touched if path in before}
    won = {path: note.beating(draft.notes.get(path), olds[path]) if path in olds else note for path in touched}
    return replace(draft, compose=body, notes=kept | won)
