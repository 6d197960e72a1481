import pytest

from olmis_release.errors import TargetUnreachable
from olmis_release.events import Note
from olmis_release.instance.ports import Container
from olmis_release.smoke.model import SmokeReport
from olmis_release.smoke.runner import run_smoke
from tests.fakes.instance import an_answer
from tests.fakes.preflight import Place


@pytest.fixture
def working(place: Place) -> Place:
    place.front.prepare("GET", "/auth", an_answer(json={"version": "4.0.0"}))
    place.front.prepare("GET", "/requisition", an_answer(json={"version": "7.1.0"}))
    place.front.prepare("GET", "/", an_answer(text="<html></html>"))
    return place


def test_a_working_release_passes_every_test(working: Place) -> None:
    report = run_smoke(working.site, working.manifest)
    assert report.ok
    assert [result.name for result in report.results][:4] == [
        "version of auth",
        "version of requisition",
        "user interface",
        "container of auth",
    ]


def test_a_failing_test_is_told_and_the_others_still_run(working: Place) -> None:
    working.front.prepare("GET", "/auth", an_answer(404))
    report = run_smoke(working.site, working.manifest)
    assert [result.name for result in report.failed] == ["version of auth"]
    notes = [event for event in working.reporter.events if isinstance(event, Note)]
    assert [note.message for note in notes] == [
        "Smoke test version of auth failed: expected 4.0.0 at /auth, got 404",
    ]


def test_an_engine_that_does_not_answer_is_a_failed_test(working: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_: str) -> tuple[Container, ...]:
        raise TargetUnreachable("The engine does not answer.", resolution="Start it.")

    monkeypatch.setattr(working.engine, "containers", gone)
    (result,) = run_smoke(working.site, working.manifest).failed
    assert (result.name, result.message) == ("containers", "The engine does not answer. Start it.")


def test_a_test_that_breaks_down_is_a_failed_test(place: Place) -> None:
    place.front.prepare("GET", "/", an_answer(text="<html></html>"))
    (result,) = run_smoke(place.site, place.manifest).failed
    assert (result.name, "Unprepared" in result.message) == ("versions", True)


def test_no_test_at_all_is_not_a_pass() -> None:
    assert not SmokeReport(results=()).ok
