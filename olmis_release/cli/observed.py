"""What `status` knows of one instance after asking it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict

from olmis_release.cli.drift import Found, drift, is_up
from olmis_release.cli.running import what_was_left
from olmis_release.cli.standing import standing_after
from olmis_release.deploy.gatekeeping import unsettled
from olmis_release.deploy.local_lock import holder
from olmis_release.deploy.lock import is_ours
from olmis_release.deploy.steps.common import CONSUL
from olmis_release.instance.ports import Container
from olmis_release.instance.site import Site
from olmis_release.instance.state import digest_of
from olmis_release.manifest.model import ReleaseManifest
from olmis_release.smoke.model import Scene, containers_of
from olmis_release.smoke.probes import versions
from olmis_release.workspace import Workspace

REGISTERED_WITHIN_S = 30.0
"""Seconds after Consul's start in which a service may have come too early to be heard by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceStatus:
    """One instance, as seen now.

    Attributes:
        release: What its last good run left there, None when nothing was deployed from this workspace.
        since: When that run ended, UTC.
        wall: Open, closed or absent; empty when the instance could not be asked.
        components: How many there should be.
        healthy: How many of them run and answer with their version.
        silent: Which of them run and do not answer so, each with what was seen instead.
        drift: How what runs differs from what the last good run left.
        unsettled: What the last run left open, where it was cut off or needs a person; empty when all is settled.
        going_on: Who carries out the open run just now, empty when nobody does.
        locked: Who else holds the instance, or held it when its machine died; empty when nobody does.
        by_hand: A person holds it, to keep deploys away.
        error: Why the instance could not be asked.
    """

    instance: str
    purpose: str
    release: str | None
    since: str | None
    wall: str = ""
    components: int = 0
    healthy: int = 0
    silent: tuple[str, ...] = ()
    drift: tuple[str, ...] = ()
    unsettled: str = ""
    going_on: str = ""
    locked: str = ""
    by_hand: bool = False
    error: str = ""

    @property
    def is_well(self) -> bool:
        """Whether everything runs, unchanged and settled, and users are let in."""
        complete = self.healthy == self.components > 0 and self.wall == "open"
        return complete and not (self.drift or self.unsettled or self.locked or self.error)


def look_at(workspace: Workspace, site: Site) -> InstanceStatus:
    """Ask an instance what it runs, and compare that with its last good run."""
    containers = containers_of(site)
    left = what_was_left(workspace, site.config.name)
    if left is None:
        return _not_from_here(workspace, site, containers)
    run, standing = left
    found = {name: Found(container=one, digest=digest_of(site.engine, one)) for name, one in containers.items()}
    wrong, up = _wrong(site, standing.manifest, containers), _up(standing.manifest, containers)
    return InstanceStatus(
        instance=site.config.name,
        purpose=str(site.config.purpose),
        release=run.release,
        since=run.ended,
        wall=str(site.wall.state()),
        components=len(standing.manifest.components),
        healthy=len(up - wrong.keys()),
        silent=tuple(_silent(name, seen, containers) for name, seen in wrong.items() if name in up),
        drift=drift(standing.manifest, standing.bodies, found),
        unsettled=_open_end(workspace, site.config.name),
        going_on=holder(site),
        **_held_elsewhere(site),
    )


def _open_end(workspace: Workspace, instance: str) -> str:
    """Return the state that an instance's last run left, where that is not one of the two good ends."""
    left = unsettled(workspace, instance)
    return standing_after(instance, left) if left else ""


class _Lock(TypedDict):
    locked: str
    by_hand: bool


def _held_elsewhere(site: Site) -> _Lock:
    seen = site.lock.look()
    if seen is None or holder(site) or (is_ours(site, seen) and not seen.claim.by_hand):
        return {"locked": "", "by_hand": False}
    return {"locked": str(seen), "by_hand": seen.claim.by_hand}


def _not_from_here(workspace: Workspace, site: Site, containers: Mapping[str, Container]) -> InstanceStatus:
    return InstanceStatus(
        instance=site.config.name,
        purpose=str(site.config.purpose),
        release=None,
        since=None,
        wall=str(site.wall.state()),
        drift=tuple(f"{component} runs; not deployed from this workspace" for component in sorted(containers)),
        unsettled=_open_end(workspace, site.config.name),
        going_on=holder(site),
        **_held_elsewhere(site),
    )


def _wrong(site: Site, manifest: ReleaseManifest, containers: Mapping[str, Container]) -> Mapping[str, str]:
    """Return the components that do not answer with their version, and what was seen instead."""
    scene = Scene(site=site, manifest=manifest, before=dict(containers))
    failed = (result for result in versions.PROBE.run(scene) if not result.ok)
    return {result.name.removeprefix("version of "): result.message for result in failed}


def _up(manifest: ReleaseManifest, containers: Mapping[str, Container]) -> set[str]:
    return {
        name
        for name, component in manifest.components.items()
        if name in containers and is_up(containers[name], component)
    }


def _silent(name: str, seen: str, containers: Mapping[str, Container]) -> str:
    """Say what is wrong with a component that runs; a Consul that started no earlier does not know it, usually.

    Consul holds registrations in memory only, and a service registers once, when it starts: after an engine was
    restarted those that came up before Consul have no route.
    """
    one, consul = containers[name], containers.get(CONSUL)
    told = f"{name} runs, but: {seen}"
    if consul is None or not _may_precede(one, consul):
        return told
    return f"{told}; Consul started no earlier than it and has no route to it, perhaps: docker restart {one.name}"


def _may_precede(one: Container, consul: Container) -> bool:
    if one.started_at is None or consul.started_at is None:
        return False
    return (one.started_at - consul.started_at).total_seconds() < REGISTERED_WITHIN_S
