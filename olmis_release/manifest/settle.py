"""After all statements: who is in, under which name, and what becomes of dependencies on who went or was renamed."""

from __future__ import annotations

from dataclasses import dataclass

from olmis_release.manifest.draft import Draft, with_changed_body
from olmis_release.manifest.edges import needs, renamed, shares, without
from olmis_release.manifest.findings import Findings
from olmis_release.manifest.model import Origin, Role
from olmis_release.manifest.provenance import Note


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The components that are in, by Compose name, and what was left out.

    Attributes:
        dropped: Component, or ``component.depends_on.other``, to who left it out or renamed it, and why.
        module_volumes: The volumes that attached modules fill, and who attached each.
    """

    drafts: dict[str, Draft]
    dropped: dict[str, Origin]
    module_volumes: tuple[tuple[str, Note], ...]


def settle(drafts: dict[str, Draft], findings: Findings) -> Settled:
    """Return the components under their final names; two of one name are noted as a conflict."""
    gone = {draft.name: draft for draft in drafts.values() if draft.removed}
    moved = {draft.identity: draft for draft in drafts.values() if not draft.removed and draft.name != draft.identity}
    dropped = {name: draft.removed.origin for name, draft in gone.items() if draft.removed}
    settled: dict[str, Draft] = {}
    for draft in drafts.values():
        if draft.removed:
            continue
        _check_name(draft, settled, findings)
        settled[draft.name] = _with_settled_edges(draft, gone=gone, moved=moved, dropped=dropped)
    modules = tuple(
        (draft.name, draft.notes["host"]) for draft in settled.values() if draft.role is Role.EXTENSION and draft.host
    )
    return Settled(drafts=settled, dropped=dropped, module_volumes=modules)


def _check_name(draft: Draft, settled: dict[str, Draft], findings: Findings) -> None:
    other = settled.get(draft.name)
    if other:
        message = f"two components are named {draft.name}; the other one stands in {other.where('image')}."
        findings.error(
            "E-CONFLICT", message, where=draft.where("image"), do="Give one of them another name, or remove one."
        )


def _with_settled_edges(
    draft: Draft, *, gone: dict[str, Draft], moved: dict[str, Draft], dropped: dict[str, Origin]
) -> Draft:
    wanted = dict.fromkeys((*needs(draft.compose), *(name for _, name in shares(draft.compose))))
    for name in wanted:
        note = gone[name].removed if name in gone else None
        if note:
            draft = with_changed_body(draft, without(draft.compose, name), note)
            dropped[f"{draft.name}.depends_on.{name}"] = note.origin
    return _with_new_names(draft, {name: moved[name] for name in wanted if name in moved and name not in gone}, dropped)


def _with_new_names(draft: Draft, moved: dict[str, Draft], dropped: dict[str, Origin]) -> Draft:
    for name, target in moved.items():
        reason = f"{name} is now {target.name}"
        dropped[f"{draft.name}.depends_on.{name}"] = target.notes["replaces"].origin.model_copy(
            update={"reason": reason}
        )
    if not moved:
        return draft
    note = next(iter(moved.values())).notes["replaces"]
    return with_changed_body(draft, renamed(draft.compose, {name: one.name for name, one in moved.items()}), note)
