"""Carrying out an extension's statement about one component: which verbs go together, and what each needs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeAlias

from olmis_release.manifest.draft import Draft, start
from olmis_release.manifest.layers import Statement
from olmis_release.manifest.provenance import Said
from olmis_release.manifest.verbs import attached, pinned, replaced, with_sets, with_unsets
from olmis_release.text import did_you_mean, listed, safe

Drafts: TypeAlias = dict[str, Draft]

# A component's image is decided once: by one of these. `set` and `attach` change its body and may come along with the
# first two; an added component's body is written in full, and one left out has none.
_IMAGE_VERBS = ("replace", "pin", "add", "remove")
_BODY_VERBS = ("unset", "set", "attach")


def changed_by(drafts: Drafts, name: str, statement: Statement, *, said: Said) -> Drafts:
    """Return the drafts that one statement changes; what is wrong with it is noted, and it then changes nothing."""
    verbs = [verb for verb in (*_IMAGE_VERBS, *_BODY_VERBS) if getattr(statement, verb)]
    if not _go_together(verbs, name, said):
        return {}
    if statement.add:
        return _added(drafts, name, statement, said=said)
    draft = drafts.get(name)
    if draft is None:
        if not statement.optional:
            _unknown(drafts, name, said)
        return {}
    if statement.remove:
        _want_reason(said, f"{name} is left out")
        return {name: replace(draft, removed=said.note("remove"))}
    draft = _with_image(draft, statement, said)
    draft = with_unsets(draft, statement.unset, said.inside("unset"))
    draft = with_sets(draft, statement.set, said.inside("set"))
    return {name: draft} | _with_module(drafts, draft, statement, said=said)


def _go_together(verbs: list[str], name: str, said: Said) -> bool:
    deciding = [verb for verb in verbs if verb in _IMAGE_VERBS]
    if not verbs:
        message = f"the statement about {name} says nothing."
        said.findings.error(
            "E-NO-VERB", message, where=said.at(), do="Say one of replace, pin, add, remove, unset, set, attach."
        )
    elif len(deciding) > 1:
        message = f"{' and '.join(deciding)} cannot both hold for {name}."
        said.findings.error(
            "E-VERBS",
            message,
            where=said.at(deciding[1]),
            do=f"Keep one; the other stands in {said.at(deciding[0])}.",
        )
    elif deciding and deciding[0] in {"add", "remove"} and len(verbs) > 1:
        message = f"{deciding[0]} ({said.at(deciding[0])}) and {verbs[-1]} do not go together for {name}."
        way = "Write the body inside `add`." if deciding[0] == "add" else "What is left out has no body."
        said.findings.error("E-VERBS", message, where=said.at(verbs[-1]), do=way)
    else:
        return True
    return False


def _added(drafts: Drafts, name: str, statement: Statement, *, said: Said) -> Drafts:
    assert statement.add is not None  # noqa: S101 - the caller asked
    if name in drafts:
        message = f"{name} cannot be added: {drafts[name].where()} has it already."
        said.findings.error(
            "E-EXISTS", message, where=said.at("add"), do="Say replace, pin or set instead, or take another name."
        )
        return {}
    return {name: start(name, statement.add, said.inside("add"))}


def _with_image(draft: Draft, statement: Statement, said: Said) -> Draft:
    if statement.replace:
        return replaced(draft, statement.replace, said.inside("replace"))
    if statement.pin:
        _want_reason(said, f"{draft.identity} is pinned against Core")
        return pinned(draft, statement.pin, said.inside("pin"))
    return draft


def _with_module(drafts: Drafts, host: Draft, statement: Statement, *, said: Said) -> Drafts:
    if statement.attach is None:
        return {}
    place = said.inside("attach")
    if statement.attach.module in drafts:
        first = drafts[statement.attach.module].where()
        message = f"module {statement.attach.module} cannot be attached: {first} has that name already."
        said.findings.error(
            "E-EXISTS", message, where=place.at("module"), do="Attach it once; set `volumes` of further components."
        )
        return {}
    host, module = attached(host, statement.attach, place)
    return {host.identity: host, module.identity: module}


def _want_reason(said: Said, what: str) -> None:
    if not said.reason.strip():
        said.findings.warn("W-REASON", f"{what} without a reason.", where=said.at(), do="Add `reason:`.")


def _unknown(drafts: Drafts, name: str, said: Said) -> None:
    renamed = next((draft for draft in drafts.values() if draft.name == name), None)
    if renamed:
        message = f"{name} is the new name of {renamed.identity}, given in {renamed.where('image')}."
        said.findings.error("E-UNKNOWN-COMPONENT", message, where=said.at(), do=f"State it under `{renamed.identity}`.")
        return
    unknown_target(name, drafts, said)


def unknown_target(name: str, known: Iterable[str], said: Said) -> None:
    """Note that a statement is about a component that does not exist, with those that do."""
    every = sorted(known)
    advice = f"{did_you_mean(name, every)} There are: {listed(every)}.".strip()
    said.findings.error("E-UNKNOWN-COMPONENT", f"there is no component {safe(name)}.", where=said.at(), do=advice)
