"""What `status` knows of one instance after asking it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from olmis_release.cli.drift import configured, drift, is_up
from olmis_release.cli.running import last_good_plan
from olmis_release.instance.ports import Container
from olmis_release.instance.site import Site
from olmis_release.manifest.lock import read_release
from olmis_release.manifest.model import ReleaseManifest
from olmis_release.smoke.model import ONE_SHOT, Scene, containers_of
from olmis_release.smoke.probes import versions
from olmis_release.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One instance, as seen now.

    Attributes:
        release: What its last good run left there, None when nothing was deployed from this workspace.
        since: When that run ended, UTC.
        wall: Open, closed or absent; empty when the instance could not be asked.
        components: How many there should be.
        healthy: How many of them run and answer with their version.
        drift: How what runs differs from what the last good run left.
        error: Why the instance could not be asked.
    """

    instance: str
    purpose: str
    release: str | None
    since: str | None
    wall: str = ""
    components: int = 0
    healthy: int = 0
    drift: tuple[str, ...] = ()
    error: str = ""

    @property
    def is_well(self) -> bool:
        """Whether everything runs, unchanged, and users are let in."""
        return self.healthy == self.components > 0 and not self.drift and self.wall == "open" and not self.error


def observe_standing(workspace: Workspace, site: Site) -> Standing:
    """Ask an instance what it runs, and compare that with its last good run."""
    name, containers = site.config.name, containers_of(site)
    found = last_good_plan(workspace, name)
    wall = str(site.wall.state())
    if found is None:
        return Standing(
            instance=name,
            purpose=str(site.config.purpose),
            release=None,
            since=None,
            wall=wall,
            drift=tuple(f"{component} runs; not deployed from this workspace" for component in sorted(containers)),
        )
    run, plan_set = found
    manifest = read_release(workspace.root / plan_set.plan.release_file, shown_as=plan_set.plan.release_file)
    labels = configured(plan_set.folder / "compose.yml", shown_as=f"plans/{plan_set.code}/compose.yml")
    return Standing(
        instance=name,
        purpose=str(site.config.purpose),
        release=run.release,
        since=run.ended,
        wall=wall,
        components=len(manifest.components),
        healthy=_healthy(site, manifest, containers),
        drift=drift(manifest, labels, containers),
    )


def _healthy(site: Site, manifest: ReleaseManifest, containers: Mapping[str, Container]) -> int:
    scene = Scene(site=site, manifest=manifest, before=dict(containers))
    wrong = {result.name.removeprefix("version of ") for result in versions.PROBE.run(scene) if not result.ok}
    return sum(
        name not in wrong and name in containers and is_up(containers[name], one_shot=component.role in ONE_SHOT)
        for name, component in manifest.components.items()
    )
