"""Does every service answer, through the front door, with the version that the manifest names?"""

from __future__ import annotations

from collections.abc import Iterator

from olmis_release.instance.ports import Answer
from olmis_release.manifest.model import Component
from olmis_release.smoke.asking import ask, described, version_in
from olmis_release.smoke.model import Probe, ProbeResult, Scene


def versions(scene: Scene) -> Iterator[ProbeResult]:
    """Ask the version endpoint of every component that has one."""
    for name, component in sorted(scene.manifest.components.items()):
        if component.version_path:
            answer = ask(scene.site.front, "GET", component.version_path, timeout_s=scene.site.config.timeouts.smoke_s)
            yield _judge(name, component, answer)


def _judge(name: str, component: Component, answer: Answer) -> ProbeResult:
    expected, seen = component.expected_version, version_in(answer)
    wrong = f"expected {expected} at {component.version_path}, got {seen or described(answer)}"
    message = expected if seen == expected else wrong
    return ProbeResult(name=f"version of {name}", ok=seen == expected, message=message, elapsed_s=answer.elapsed_s)


PROBE = Probe(name="versions", run=versions)
