"""What each verb of an extension does to a component's draft; each is strict and touches nothing else."""

from __future__ import annotations

from dataclasses import replace

from olmis_release.manifest import bodies
from olmis_release.manifest.draft import Draft, read_image, with_changed_body, with_set_value
from olmis_release.manifest.edges import with_edge
from olmis_release.manifest.layers import Attach, Replace
from olmis_release.manifest.model import ComposeValue, ImageRef, Role
from olmis_release.manifest.provenance import Said
from olmis_release.version import Order, compare_tags


def replaced(draft: Draft, verb: Replace, said: Said) -> Draft:
    """Put another image in the component's place, under its name or another; its body stays."""
    image = read_image(verb.image, said)
    changed = replace(
        draft,
        name=verb.as_name or draft.name,
        image=image,
        build="",
        consul=verb.consul if verb.consul is not None else draft.consul,
        reports_version=verb.reports_version,
        provides=verb.provides,
        replaces=draft.identity if verb.as_name and verb.as_name != draft.identity else None,
    ).with_note("image", said.note("image"), beaten=_image_text(draft))
    for field in ("consul", "reports_version", "provides", "as"):
        if field in verb.model_dump(by_alias=True, exclude_none=True):
            key = "replaces" if field == "as" else field
            old = {"consul": draft.consul, "reports_version": draft.reports_version}.get(field)
            changed = changed.with_note(key, said.note(field), beaten=old)
    _check_provides(draft, verb, said)
    return changed


def _image_text(draft: Draft) -> str:
    return str(draft.image) if draft.image else f"built from {draft.build}"


def _check_provides(draft: Draft, verb: Replace, said: Said) -> None:
    """Compare what a fork says it stands in for with what Core has there."""
    if verb.provides is None or draft.image is None:
        return
    component, _, version = verb.provides.partition(" ")
    if component != draft.identity or not version:
        message = f"`provides` says {verb.provides!r}, but it stands in for {draft.identity}."
        said.findings.error("E-PROVIDES", message, where=said.at("provides"), do=f"Write `{draft.identity} <version>`.")
    elif compare_tags(draft.image.tag, version) not in {Order.SAME, Order.UP}:
        message = f"it provides {verb.provides}, but this Core release has {draft.image}."
        said.findings.warn(
            "W-PROVIDES", message, where=said.at("provides"), do="Bring the fork up to Core, then say so here."
        )


def pinned(draft: Draft, tag: str, said: Said) -> Draft:
    """Take another tag of the component's own repository."""
    if draft.image is None:
        message = f"{draft.identity} is built by Core from {draft.build}; there is no image to pin."
        said.findings.error("E-BUILT", message, where=said.at(), do="Replace it with an image.")
        return draft
    if tag == draft.image.tag:
        said.findings.warn(
            "W-PIN-SAME", f"{draft.identity} is {tag} in Core already.", where=said.at(), do="Remove the pin."
        )
    image = ImageRef(repository=draft.image.repository, tag=tag)
    if draft.provides:
        claimed = f"{draft.image} was said to provide {draft.provides} in {draft.where('provides')}"
        message = f"{claimed}; nobody says so of {image}, and constraints are held against it all the same."
        said.findings.warn("W-PROVIDES", message, where=said.at(), do="State image and `provides` in the extension.")
    note = said.note().beating(draft.notes.get("image"), str(draft.image))
    return replace(draft, image=image, reports_version=None, notes={**draft.notes, "image": note})


def with_sets(draft: Draft, values: dict[str, ComposeValue], said: Said) -> Draft:
    """Set values of the component's body; lists are replaced whole, never appended to."""
    for path, value in values.items():
        here = said.inside(path)
        why = bodies.why_not_a_key(bodies.split(path)[0]) or (
            "" if all(path.split(".")) else f"{path!r} has an empty part."
        )
        if why:
            said.findings.error("E-COMPOSE-KEY", f"{draft.identity}: {why}", where=here.at())
            continue
        try:
            draft = with_set_value(draft, path, value, note=here.note())
        except ValueError as error:
            said.findings.error(
                "E-SET", f"{draft.identity}: {error}.", where=here.at(), do="Set the whole of it instead."
            )
    return draft


def with_unsets(draft: Draft, paths: tuple[str, ...], said: Said) -> Draft:
    """Take values out of the component's body; each must be there."""
    for index, path in enumerate(paths):
        try:
            body = bodies.without_value(draft.compose, path)
        except ValueError as error:
            do = "Remove the line, or correct the path."
            said.findings.error("E-UNSET", f"{draft.identity}: {error}.", where=said.at(index), do=do)
            continue
        draft = with_changed_body(draft, body, said.inside(index).note())
    return draft


def attached(host: Draft, verb: Attach, said: Said) -> tuple[Draft, Draft]:
    """Return the host, now mounting the module's volume and waiting for it, and the module itself."""
    mount = f"{verb.module}:{verb.mount}"
    note = said.note("module")
    module = Draft(
        identity=verb.module,
        name=verb.module,
        notes={"": said.note(), "image": said.note("image"), "role": note, "host": note, "compose.volumes": note},
        image=read_image(verb.image, said),
        role=Role.EXTENSION,
        host=host.name,
        compose={"volumes": [mount]},
    )
    mounts = host.compose.get("volumes", [])
    body = {**host.compose, "volumes": [*(mounts if isinstance(mounts, list) else []), mount]}
    return with_changed_body(host, with_edge(body, verb.module), note), module
