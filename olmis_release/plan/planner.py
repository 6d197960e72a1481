"""Decide what happens to each component, and why: values in, values out.

A component stays only if it runs with the very image and the very configuration that the release wants: the digest by
which the engine made its container, and the configuration label that `manifest.render` put on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from olmis_release.manifest.model import Component, ComposeBody, ReleaseManifest
from olmis_release.plan.composed import config_of, differences
from olmis_release.plan.model import Action, Change

CONSUL = "consul"
"""The component that holds every registration in memory only."""

UNCHANGED = "unchanged"
UNKNOWN_CONFIGURATION = "its configuration is unknown to olmis-release"
LOSES_REGISTRATIONS = "Consul loses its registrations"


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What the engine has of one component.

    Attributes:
        image: What its container was made from, as ``repository:tag``.
        config: Its configuration label, None when this tool did not start it.
        in_place: It does what it should: it runs, or it is a one-shot that ended well.
        state: Docker's word for it, for people.
    """

    image: str
    digest: str | None
    config: str | None
    in_place: bool = True
    state: str = "running"


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """All that the decision is made from.

    Attributes:
        manifest: The release that is wanted; `wanted` are the bodies of its rendered Compose file.
        previous: The release that should run now, None for a first deploy; `deployed` are the bodies of the Compose
            file by which it was started.
        running: What the engine has, by component, stopped containers too.
        first_reason: Why everything is started when nothing runs.
    """

    manifest: ReleaseManifest
    wanted: Mapping[str, ComposeBody]
    previous: ReleaseManifest | None
    deployed: Mapping[str, ComposeBody]
    running: Mapping[str, Running]
    first_reason: str = "first deploy"


def plan_changes(situation: Situation) -> tuple[Change, ...]:
    """Return what happens to every component of the release, and to every container that it leaves out, by name."""
    names = sorted(situation.manifest.components.keys() | situation.running.keys())
    changes = [_change(name, situation) for name in names]
    return tuple(_without_registration(changes)) if _loses_registrations(changes, situation) else tuple(changes)


def _change(name: str, situation: Situation) -> Change:
    component = situation.manifest.components.get(name)
    running = situation.running.get(name)
    if component is None:
        return _removal(name, situation)
    action, reasons = _decide(name, component, situation)
    return Change(
        component=name,
        action=action,
        before=_image_before(name, situation) if action is not Action.ADD else None,
        before_digest=running.digest if running and action is not Action.ADD else None,
        after=str(component.image),
        after_digest=component.image.digest,
        reasons=reasons,
        consul=component.consul,
        schema_name=component.schema_name,
    )


def _removal(name: str, situation: Situation) -> Change:
    old = situation.previous.components.get(name) if situation.previous else None
    return Change(
        component=name,
        action=Action.REMOVE,
        before=_image_before(name, situation),
        before_digest=situation.running[name].digest,
        reasons=(f"release {situation.manifest.version} leaves it out",),
        consul=old.consul if old else None,
        schema_name=old.schema_name if old else None,
    )


def _decide(name: str, component: Component, situation: Situation) -> tuple[Action, tuple[str, ...]]:
    running, previous = situation.running.get(name), situation.previous
    if previous is None:
        left_over = "a deploy that failed left its container behind"
        return Action.ADD, (left_over if running else situation.first_reason,)
    if running is None and name in previous.components:
        return Action.REPLACE, (f"release {previous.version} has it, but it has no container",)
    if running is None:
        return Action.ADD, (f"new in release {situation.manifest.version}",)
    reasons = tuple(_reasons(name, component, situation))
    return (Action.REPLACE, reasons) if reasons else (Action.KEEP, (UNCHANGED,))


def _reasons(name: str, component: Component, situation: Situation) -> Iterator[str]:
    """Yield why a component that exists cannot stay as it is; nothing when it can."""
    running = situation.running[name]
    if not running.in_place:
        yield f"it is not running ({running.state})"
    if running.digest is None or running.digest != component.image.digest:
        yield _image_reason(_image_before(name, situation), str(component.image))
        yield from _given_reason(name, component, situation)
    yield from _config_reasons(name, running, situation)


def _given_reason(name: str, component: Component, situation: Situation) -> Iterator[str]:
    """Yield why the country wants this image, where that is not why it wanted the last one."""
    given, old = component.origin.get("image"), situation.previous
    before = old.components[name].origin.get("image") if old and name in old.components else None
    if given and given.reason and (before is None or before.reason != given.reason):
        yield given.reason


def _image_before(name: str, situation: Situation) -> str | None:
    """Return the image as the manifest named it where that is what runs, so that no mirror's name is shown."""
    running = situation.running.get(name)
    old = situation.previous.components.get(name) if situation.previous else None
    if old and (running is None or running.digest == old.image.digest):
        return str(old.image)
    return running.image if running else None


def _image_reason(before: str | None, after: str) -> str:
    if before == after:
        return f"image {after}: same tag, other content"
    old, _, old_tag = (before or "").rpartition(":")
    new, _, new_tag = after.rpartition(":")
    return f"image {old_tag} -> {new_tag}" if old == new else f"image {before or 'unknown'} -> {after}"


def _config_reasons(name: str, running: Running, situation: Situation) -> Iterator[str]:
    wanted = situation.wanted[name]
    if running.config is None:
        yield UNKNOWN_CONFIGURATION
    elif running.config != config_of(wanted):
        yield from _named_differences(name, running, situation)
        yield from _module_reasons(name, situation)


def _named_differences(name: str, running: Running, situation: Situation) -> tuple[str, ...]:
    deployed = situation.deployed.get(name)
    if deployed is None or config_of(deployed) != running.config:
        return ("it does not run with the configuration that was deployed last",)
    return differences(deployed, situation.wanted[name])


def _module_reasons(name: str, situation: Situation) -> Iterator[str]:
    """Name the extension modules whose new image is why the host's volume differs."""
    old = situation.previous.components if situation.previous else {}
    for module, component in situation.manifest.components.items():
        if component.host == name and module in old and old[module].image != component.image:
            yield f"its extension module {module} {_image_reason(str(old[module].image), str(component.image))}"


def _loses_registrations(changes: list[Change], situation: Situation) -> bool:
    moved = {change.component for change in changes if change.action in {Action.REPLACE, Action.ADD}}
    return situation.previous is not None and CONSUL in moved


def _without_registration(changes: list[Change]) -> Iterator[Change]:
    """Turn what would stay into a restart: services register themselves only when they start."""
    for change in changes:
        if change.action is Action.KEEP and change.consul:
            yield change.model_copy(update={"action": Action.RESTART, "reasons": (LOSES_REGISTRATIONS,)})
        else:
            yield change
