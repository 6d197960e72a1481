"""Whether what a country says about a Compose body has a form that Compose takes; Core's own was seen at its import."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from olmis_release.errors import Problem, Where
from olmis_release.manifest.bodies import why_not_a_key
from olmis_release.manifest.defects.compose_shape import form_faults
from olmis_release.manifest.draft import Draft
from olmis_release.manifest.findings import Findings
from olmis_release.manifest.importers.nodes import Node, TextNode, new_list, new_map
from olmis_release.manifest.importers.scalars import meaning
from olmis_release.manifest.model import ComposeBody, ComposeValue
from olmis_release.manifest.provenance import CORE

KindOf: TypeAlias = Callable[[str], str]
_CHECKED_ELSEWHERE = frozenset({"environment"})


def check_forms(draft: Draft, findings: Findings) -> None:
    """Note every value that another layer than Core gave and that Compose would refuse, at its place."""
    said = {path.split(".")[1] for path, note in draft.notes.items() if _is_ours(path, note.origin.layer)}
    body = {key: value for key, value in draft.compose.items() if key in said and key not in _CHECKED_ELSEWHERE}
    body = {key: value for key, value in body.items() if not why_not_a_key(key)}
    if not body:
        return
    as_text, as_read = (_faults(draft, body, kind_of) for kind_of in (_text, _read))
    for key in as_text.keys() & as_read.keys():
        findings.note(as_text[key])


def _faults(draft: Draft, body: ComposeBody, kind_of: KindOf) -> dict[tuple[Where | None, str], Problem]:
    """Return what Compose would refuse, by place and path."""
    here = draft.where()
    services = new_map({draft.name: _body(draft, body, kind_of)}, {draft.name: here}, here)
    found = form_faults(new_map({"services": services}, {"services": here}, here))
    return {(problem.where, problem.message.split(" must ")[0]): problem for problem in found}


def _text(text: str) -> str:
    del text
    return "text"


def _read(text: str) -> str:
    """Return what YAML takes a text for that stands without quotes: our files do not tell whether it did."""
    return meaning(text)[0]


def _is_ours(path: str, layer: str) -> bool:
    return layer != CORE and path.startswith("compose.")


def _body(draft: Draft, body: ComposeBody, kind_of: KindOf) -> Node:
    keys = {key: draft.where(f"compose.{key}") for key in body}
    return new_map(
        {key: _key(draft, key, value, kind_of=kind_of) for key, value in body.items() if value != ""},
        keys,
        draft.where(),
    )


def _key(draft: Draft, key: str, value: ComposeValue, *, kind_of: KindOf) -> Node:
    where = draft.where(f"compose.{key}")
    if not isinstance(value, dict):
        return _node(value, where, kind_of)
    places = {inner: draft.where(f"compose.{key}.{inner}") for inner in value}
    return new_map(
        {inner: _node(one, places[inner], kind_of) for inner, one in value.items() if one != ""}, places, where
    )


def _node(value: ComposeValue, where: Where, kind_of: KindOf) -> Node:
    """Return a value as a node. What is empty may be null or text, nobody knows which, so it is not judged."""
    if isinstance(value, str):
        return TextNode(text=value, where=where, kind=kind_of(value))
    if isinstance(value, list):
        return new_list(tuple(_node(item, where, kind_of) for item in value), where)
    inside = {key: _node(item, where, kind_of) for key, item in value.items() if item != ""}
    return new_map(inside, dict.fromkeys(inside, where), where)
