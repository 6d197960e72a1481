"""Does a browser get a page?"""

from __future__ import annotations

from collections.abc import Iterator

from olmis_release.instance.ports import Answer
from olmis_release.manifest.model import Role
from olmis_release.smoke.asking import ask, no_answer
from olmis_release.smoke.model import Probe, ProbeResult, Scene


def ui_answers(scene: Scene) -> Iterator[ProbeResult]:
    """Ask for the start page, in a release that has a user interface."""
    if all(one.role is not Role.UI for one in scene.manifest.components.values()):
        return
    answer = ask(scene.site.front, "GET", "/", timeout_s=scene.site.config.timeouts.smoke_s)
    wrong = _wrong(answer)
    yield ProbeResult(
        name="user interface", ok=not wrong, message=wrong or f"{answer.status}", elapsed_s=answer.elapsed_s
    )


def _wrong(answer: Answer) -> str:
    """Return what is wrong with the start page, nothing when all is well; a redirect (to the login) is well."""
    if not answer.status:
        return f"GET / got {no_answer(answer)}"
    if not 200 <= answer.status < 400:
        return f"GET / got {answer.status}, expected a page"
    if answer.status < 300 and "<html" not in answer.text.lower():
        return f"GET / got {answer.status}, but no HTML page"
    return ""


PROBE = Probe(name="user interface", run=ui_answers)
