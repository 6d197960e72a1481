"""After all statements: who is in, under which name, and what becomes of dependencies on who went or was renamed."""

from __future__ import annotations

from dataclasses import dataclass

from olmis_release.manifest.draft import Draft, with_changed_body
from olmis_release.manifest.edges import needs, renamed, without
from olmis_release.manifest.findings import Findings
from olmis_release.manifest.model import Origin, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The components that are in, by Compose name, and what was left out.

    Attributes:
        dropped: Component, or ``component.depends_on.other``, to who left it out or renamed it, and why.
        module_volumes: The volumes that attached modules fill.
    """

    drafts: dict[str, Draft]
    dropped: dict[str, Origin]
    module_volumes: tuple[str, ...]


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
    modules = tuple(draft.name for draft in settled.values() if draft.role is Role.EXTENSION and draft.host)
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
    for wanted in needs(draft.compose):
        edge = f"{draft.name}.depends_on.{wanted}"
        if wanted in gone:
            note = gone[wanted].removed
            assert note is not None  # noqa: S101 - `gone` holds removed drafts only
            draft = with_changed_body(draft, without(draft.compose, wanted), note)
            dropped[edge] = note.origin
        elif wanted in moved:
            target = moved[wanted]
            note = target.notes["replaces"]
            draft = with_changed_body(draft, renamed(draft.compose, wanted, target.name), note)
            dropped[edge] = note.origin.model_copy(update={"reason": f"{wanted} is now {target.name}"})
    return draft
