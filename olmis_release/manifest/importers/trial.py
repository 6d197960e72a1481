"""Trying an extension on a Core manifest in memory: the bodies that its statements make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from olmis_release.errors import Where
from olmis_release.manifest.draft import start
from olmis_release.manifest.findings import Findings
from olmis_release.manifest.image import ComposeBody
from olmis_release.manifest.layers import CoreManifest, Statement
from olmis_release.manifest.provenance import CORE, Said
from olmis_release.manifest.settle import settle
from olmis_release.manifest.statements import Drafts, changed_by

_NOWHERE = Where(file="")


def bodies_after(core: CoreManifest, statements: Mapping[str, Any]) -> dict[str, ComposeBody]:
    """Return the body of every component after the statements, by final name; problems are for the merge to tell."""
    findings = Findings()
    said = Said(layer=CORE, where=lambda _: _NOWHERE, findings=findings)
    drafts: Drafts = {name: start(name, what, said) for name, what in core.components.items()}
    for name, statement in statements.items():
        drafts |= changed_by(drafts, name, Statement.model_validate(statement), said=said)
    return {name: draft.compose for name, draft in settle(drafts, findings).drafts.items()}
