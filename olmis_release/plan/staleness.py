"""What a plan was made from, and what of it has moved since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from olmis_release.instance.config import InstanceConfig
from olmis_release.instance.ports import Container
from olmis_release.instance.settings import read_settings
from olmis_release.instance.settings_key import fingerprint_key
from olmis_release.instance.site import Site
from olmis_release.instance.state import Observed, fingerprint_history, observe
from olmis_release.manifest.lock import sha256_of
from olmis_release.manifest.model import ReleaseManifest
from olmis_release.manifest.render import CONFIG_LABEL
from olmis_release.plan.approval.signers import digests
from olmis_release.plan.codes import sha256
from olmis_release.plan.hook_files import hook_files
from olmis_release.plan.model import Base
from olmis_release.workspace import Workspace


def read_base(workspace: Workspace, site: Site, manifest: ReleaseManifest) -> Base:
    """Read everything that a plan towards a release depends on; changes nothing."""
    config = site.config
    settings = read_settings(workspace.root / config.settings, shown_as=config.settings, key=fingerprint_key(site))
    return base_of(workspace, config, observe(site), manifest=manifest, settings=settings.fingerprint)


def base_of(
    workspace: Workspace, config: InstanceConfig, observed: Observed, *, manifest: ReleaseManifest, settings: str
) -> Base:
    """Return the base of a plan from what was read already."""
    return Base(
        engine_id=observed.engine.id,
        containers={name: _stands_for(one) for name, one in sorted(observed.containers.items())},
        settings=settings,
        histories={f"{one.schema}.{one.table}": fingerprint_history(one) for one in observed.histories},
        hooks=hook_digests(workspace.hooks),
        instance_file=sha256(workspace.instance(config.name).read_bytes()),
        manifest=sha256_of(manifest),
        signers=digests(workspace) if config.policy.roles else {},
    )


def _stands_for(container: Container) -> str:
    """Return what a plan takes a container for: one that stopped since is not what was planned on."""
    return "/".join((container.image_id, container.labels.get(CONFIG_LABEL, ""), container.status))


def hook_digests(folder: Path) -> dict[str, str]:
    """Return every executable that a moment of a deploy may run, with its SHA-256."""
    return {str(path.relative_to(folder)): sha256(path.read_bytes()) for path in hook_files(folder)}


def differences(old: Base, new: Base) -> tuple[str, ...]:
    """Return a sentence for each thing that moved from one base to the other, none when nothing did."""
    return tuple(_differences(old, new))


def _differences(old: Base, new: Base) -> Iterator[str]:
    if old.engine_id != new.engine_id:
        yield f"The engine is another one: {old.engine_id} then, {new.engine_id} now."
    for component, before, after in _moved(old.containers, new.containers):
        yield _about_container(component, before, after)
    if old.settings != new.settings:
        yield "The settings file has other values."
    for table, before, after in _moved(old.histories, new.histories):
        yield f"Migration history {table}: {_what_happened(before, after)}."
    yield from _files(old, new)


def _files(old: Base, new: Base) -> Iterator[str]:
    for hook, before, after in _moved(old.hooks, new.hooks):
        yield f"Hook {hook}: {_what_happened(before, after)}."
    if old.instance_file != new.instance_file:
        yield "The instance file was changed."
    if old.manifest != new.manifest:
        yield "The release manifest was changed."
    for file, before, after in _moved(old.signers, new.signers):
        yield f"{file}, by which approvals are judged: {_what_happened(before, after)}."


def _moved(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[tuple[str, str | None, str | None]]:
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            yield name, old.get(name), new.get(name)


def _what_happened(before: str | None, after: str | None) -> str:
    if before is None:
        return "new since then"
    return "gone since then" if after is None else "changed since then"


def _about_container(component: str, before: str | None, after: str | None) -> str:
    if before is None or after is None:
        return f"Container of {component}: {_what_happened(before, after)}."
    (old_image, old_config, old_status), (new_image, new_config, new_status) = before.split("/"), after.split("/")
    if old_image != new_image:
        return f"{component} runs another image: {_short(old_image)} then, {_short(new_image)} now."
    if old_config == new_config:
        return f"{component} was {old_status} then and is {new_status} now."
    return (
        f"{component} runs with another configuration: {old_config or 'unknown'} then, {new_config or 'unknown'} now."
    )


def _short(image_id: str) -> str:
    return image_id.removeprefix("sha256:")[:12]
