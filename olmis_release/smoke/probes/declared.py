"""Do the requests that the instance file declares get the answers it declares?"""

from __future__ import annotations

import json
from collections.abc import Iterator

from olmis_release.instance.config import SmokeCheck
from olmis_release.instance.ports import Answer
from olmis_release.smoke.asking import ask, no_answer
from olmis_release.smoke.model import Probe, ProbeResult, Scene

_ABSENT = object()


def declared(scene: Scene) -> Iterator[ProbeResult]:
    """Send each declared request and compare status, JSON values and time."""
    for check in scene.site.config.smoke:
        limit_s = check.within_s if "within_s" in check.model_fields_set else scene.site.config.timeouts.smoke_s
        answer = ask(scene.site.front, check.method, check.path, body=check.body, timeout_s=limit_s)
        wrong = _wrong(check, answer, limit_s=limit_s)
        message = f"{check.method} {check.path}: {'; '.join(wrong) or answer.status}"
        yield ProbeResult(name=check.name, ok=not wrong, message=message, elapsed_s=answer.elapsed_s)


def value_at(document: object, path: str) -> str | None:
    """Return the value at a dotted path (``content.0.code``) as JSON writes it, text without quotes; None if absent."""
    found = document
    for step in path.split("."):
        found = _inside(found, step)
    if found is _ABSENT:
        return None
    return found if isinstance(found, str) else json.dumps(found)


def _inside(document: object, step: str) -> object:
    if isinstance(document, dict):
        return document.get(step, _ABSENT)
    if isinstance(document, list) and step.isdecimal() and int(step) < len(document):
        return document[int(step)]
    return _ABSENT


def _wrong(check: SmokeCheck, answer: Answer, *, limit_s: float) -> list[str]:
    """Return everything that is not as declared."""
    if not answer.status:
        return [f"{no_answer(answer)}; allowed are {limit_s:g} s"]
    wrong = []
    if answer.status != check.expect_status:
        wrong.append(f"got {answer.status}, expected {check.expect_status}")
    for path, expected in check.expect_json.items():
        if (seen := value_at(answer.json, path)) != expected:
            wrong.append(f"{path} is {'absent' if seen is None else seen}, expected {expected}")
    if answer.elapsed_s > limit_s:
        wrong.append(f"took {answer.elapsed_s:.1f} s, allowed are {limit_s:g} s")
    return wrong


PROBE = Probe(name="declared checks", run=declared)
