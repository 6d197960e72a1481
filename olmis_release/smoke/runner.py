"""Run every smoke test; a failing one does not stop the rest."""

from __future__ import annotations

from collections.abc import Iterator

from olmis_release.errors import ReleaseError
from olmis_release.events import Note, Progress
from olmis_release.instance.ports import Container
from olmis_release.instance.site import Site
from olmis_release.manifest.model import ReleaseManifest
from olmis_release.smoke.model import Probe, ProbeResult, Scene, SmokeReport, containers_of
from olmis_release.smoke.probes import PROBES

__all__ = ["SmokeReport", "run_smoke"]


def run_smoke(site: Site, manifest: ReleaseManifest) -> SmokeReport:
    """Return every test's result; a failure is also told as a note at once."""
    scene = Scene(site=site, manifest=manifest, before=_first_look(site))
    results: list[ProbeResult] = []
    for probe in PROBES:
        for result in _carry_out(probe, scene):
            results.append(result)
            _tell(site, result, count=len(results))
    return SmokeReport(results=tuple(results))


def _first_look(site: Site) -> dict[str, Container]:
    try:
        return containers_of(site)
    except ReleaseError:
        return {}  # the probe of the containers asks again and tells what is wrong


def _carry_out(probe: Probe, scene: Scene) -> Iterator[ProbeResult]:
    try:
        yield from probe.run(scene)
    except ReleaseError as error:
        yield ProbeResult(name=probe.name, ok=False, message=f"{error.message} {error.resolution}")
    except Exception as error:  # noqa: BLE001 - a test that breaks down is a failed test, and the others still run
        yield ProbeResult(name=probe.name, ok=False, message=f"broke down: {type(error).__name__}: {error}")


def _tell(site: Site, result: ProbeResult, *, count: int) -> None:
    site.reporter.report(Progress(activity=f"smoke test {result.name}", done=float(count), unit="tests"))
    if not result.ok:
        site.reporter.report(Note(message=f"Smoke test {result.name} failed: {result.message}", warning=True))
