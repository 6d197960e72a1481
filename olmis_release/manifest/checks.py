"""What must hold for a merged release as a whole, so that Compose will not be the first to notice."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from olmis_release.manifest.defects.mutable_tags import mutability_of, shown
from olmis_release.manifest.draft import Draft
from olmis_release.manifest.edges import cycle_in, may_be_absent, needs, shares
from olmis_release.manifest.findings import Findings
from olmis_release.manifest.forms import check_forms
from olmis_release.manifest.model import ComposeBody, ComposeValue, ImageRef
from olmis_release.manifest.policy import code_of
from olmis_release.manifest.settle import Settled
from olmis_release.manifest.variables import malformed_in, names_in, placed_texts
from olmis_release.manifest.volumes import volumes_of
from olmis_release.text import did_you_mean, listed, safe

_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\Z")
_RESERVED = frozenset({"LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG"})


def check(
    settled: Settled,
    *,
    volumes: Mapping[str, ComposeBody],
    variables: Mapping[str, str | None],
    findings: Findings,
    networks: Mapping[str, ComposeBody] | None = None,
) -> frozenset[str]:
    """Note everything that is wrong or doubtful in the merged components.

    Returns:
        The variables that they refer to.
    """
    drafts = settled.drafts
    used: set[str] = set()
    for draft in drafts.values():
        _check_image(draft, findings)
        _check_edges(draft, settled, findings)
        _check_volumes(draft, volumes, findings)
        _check_networks(draft, networks or {}, findings)
        _check_environment(draft, findings)
        check_forms(draft, findings)
        used |= _check_variables(draft, variables, findings)
    _check_cycles(drafts, findings)
    for field, what in (("consul", "registry name"), ("schema_name", "database schema")):
        _check_unique(drafts.values(), field, what=what, findings=findings)
    return frozenset(used)


def why_mutable(image: ImageRef) -> str:
    """Return why a tag may mean another image tomorrow, nothing when it should not."""
    found = mutability_of(image)
    return found[1] if found else ""


def _check_image(draft: Draft, findings: Findings) -> None:
    if draft.image is None:
        if draft.build:
            message = f"{draft.name} is built by Core from {draft.build}; a release needs a finished image."
            findings.error(
                "E-BUILT", message, where=draft.where("image"), do="Replace it with an image in the extension."
            )
        elif "image" not in draft.notes:
            findings.error(
                "E-NO-IMAGE", f"{draft.name} has neither image nor build.", where=draft.where(), do="Add `image:`."
            )
        return
    found = mutability_of(draft.image)
    if found:
        defect, why = found
        message = f"{draft.name}: {shown(draft.image)} is not a fixed image: {why}."
        findings.warn(code_of(defect), message, where=draft.where("image"), do="Name a released tag.")


def _check_edges(draft: Draft, settled: Settled, findings: Findings) -> None:
    wanted = [(f"depends_on.{name}", name) for name in needs(draft.compose) if not may_be_absent(draft.compose, name)]
    for path, name in (*wanted, *shares(draft.compose)):
        if name not in settled.drafts:
            left_out = settled.dropped.get(name)
            why = f"{left_out.file}:{left_out.line} leaves out" if left_out else "is not in the release"
            message = f"{draft.name} depends on {name} (`{path.partition('.')[0]}`), which {why}."
            advice = did_you_mean(name, settled.drafts) or f"There are: {listed(sorted(settled.drafts))}."
            findings.error("E-DEPENDS-ON", message, where=draft.where(f"compose.{path}"), do=advice)


def _check_cycles(drafts: Mapping[str, Draft], findings: Findings) -> None:
    cycle = cycle_in({name: needs(draft.compose) for name, draft in drafts.items()})
    if cycle:
        places = ", ".join(str(drafts[name].where("compose.depends_on")) for name in cycle[1:-1])
        message = f"components wait for each other: {' -> '.join(cycle)}" + (f" (also {places})." if places else ".")
        findings.error(
            "E-CYCLE", message, where=drafts[cycle[0]].where("compose.depends_on"), do="Remove one dependency."
        )


def _check_volumes(draft: Draft, volumes: Mapping[str, ComposeBody], findings: Findings) -> None:
    declared = volumes.keys()
    for name in volumes_of(draft.compose):
        if name not in declared:
            message = f"{draft.name} mounts volume {name}, which nobody declares."
            advice = did_you_mean(name, declared) or f"Add `{name}: {{}}` to the top-level `volumes`."
            findings.error("E-VOLUME", message, where=draft.where("compose.volumes"), do=advice)


def _check_networks(draft: Draft, declared: Mapping[str, ComposeBody], findings: Findings) -> None:
    networks = draft.compose.get("networks", [])
    for name in networks if isinstance(networks, list | dict) else ():
        if name != "default" and name not in declared:
            message = f"{draft.name} joins network {name}, which nobody declares."
            do = did_you_mean(str(name), declared) or "Remove it, or declare it under the top-level `networks`."
            findings.error("E-NETWORK", message, where=draft.where(f"compose.networks.{name}"), do=do)


def _check_environment(draft: Draft, findings: Findings) -> None:
    environment = draft.compose.get("environment", {})
    for key, value in environment.items() if isinstance(environment, dict) else ():
        why = _why_no_variable(key, value)
        if why:
            message = f"{draft.name}: {safe(repr(key))} {why}."
            findings.error("E-ENVIRONMENT", message, where=draft.where(f"compose.environment.{key}"))
    if isinstance(environment, list):
        message = f"{draft.name} takes a variable from the shell that runs Compose (a name without `=`)."
        advice = "Write NAME=${NAME} and declare NAME under `variables`."
        findings.error("E-ENVIRONMENT", message, where=draft.where("compose.environment"), do=advice)


def _why_no_variable(key: str, value: ComposeValue) -> str:
    """Return what is wrong with an environment variable, nothing when it is good."""
    if not _VARIABLE_NAME.match(key):
        return "is no name of an environment variable (letters, digits, `_`, `.`, `-`)"
    if key in _RESERVED or key.startswith("COMPOSE_"):
        return "would change how programs are loaded or which engine is talked to"
    if not isinstance(value, str):
        return "must be text"
    return "holds a line break" if "\n" in value or "\r" in value else ""


def _check_variables(draft: Draft, variables: Mapping[str, str | None], findings: Findings) -> set[str]:
    used: set[str] = set()
    for path, text in placed_texts(draft.compose, "compose"):
        for wrong in malformed_in(text):
            message = f"{draft.name}: `{wrong}` is no variable reference."
            findings.error("E-VARIABLE", message, where=draft.where(path), do="Write ${NAME}; $${ is a literal ${.")
        for name in names_in(text):
            used.add(name)
            if name not in variables:
                message = f"{draft.name}: variable {name} is not defined."
                advice = (
                    did_you_mean(name, variables) or "Declare it under `variables` (null: the instance must give it)."
                )
                findings.error("E-UNDEFINED-VARIABLE", message, where=draft.where(path), do=advice)
    return used


def _check_unique(drafts: Iterable[Draft], field: str, *, what: str, findings: Findings) -> None:
    first: dict[str, Draft] = {}
    for draft in drafts:
        value = getattr(draft, field)
        other = first.setdefault(value, draft) if value else draft
        if other is not draft:
            key = field.removesuffix("_name")
            message = f"{draft.name} has the {what} {value}, and so has {other.name} ({other.where(key)})."
            findings.error("E-CONFLICT", message, where=draft.where(key), do="Remove or rename one of the two.")
