import pytest

from olmis_release.errors import TargetUnreachable
from olmis_release.events import Note, Progress
from olmis_release.preflight.checks import CHECKS
from olmis_release.preflight.model import Check, Finding, Subject, failed, passed, warned
from olmis_release.preflight.runner import run_checks
from tests.fakes.preflight import Place


def raising(error: Exception) -> Check:
    def ask(_: Subject) -> Finding:
        raise error

    return Check(id="breaks", question="Does it hold?", ask=ask)


def saying(finding: Finding) -> Check:
    return Check(id="says", question="Is it so?", ask=lambda _: finding)


WELL = saying(passed("All is well."))
DOUBT = saying(warned("Hm.", resolution="Look."))
NO = saying(failed("No.", resolution="Mend it."))


def test_every_check_has_a_name_and_a_question_of_its_own() -> None:
    assert len({check.id for check in CHECKS}) == len(CHECKS)
    assert len({check.question for check in CHECKS}) == len(CHECKS)
    assert all(check.question.endswith("?") for check in CHECKS)
    assert all(check.id == check.id.lower().replace("_", "-") for check in CHECKS)


def test_all_checks_run_whatever_the_others_say(place: Place) -> None:
    report = run_checks(place.subject, checks=[NO, raising(ValueError("x")), DOUBT, WELL])
    assert [result.status for result in report.results] == ["fail", "fail", "warn", "ok"]
    assert (report.failed, report.warned, report.ok, report.refused) == (2, 1, 1, True)


def test_a_warning_does_not_refuse(place: Place) -> None:
    assert not run_checks(place.subject, checks=[DOUBT, WELL]).refused


def test_an_error_becomes_an_answer_with_its_resolution(place: Place) -> None:
    error = TargetUnreachable("The engine does not answer.", resolution="Start it.", details="dial unix")
    (result,) = run_checks(place.subject, checks=[raising(error)]).results
    assert (result.status, result.resolution) == ("fail", "Start it.")
    assert result.message == "The engine does not answer.\ndial unix"


def test_a_fault_in_a_check_is_told_as_such(place: Place) -> None:
    (result,) = run_checks(place.subject, checks=[raising(KeyError("x"))]).results
    assert (result.status, "KeyError" in result.message) == ("fail", True)


def test_progress_and_warnings_are_reported(place: Place) -> None:
    run_checks(place.subject, checks=[WELL, NO, DOUBT])
    assert [type(event) for event in place.reporter.events] == [Progress, Progress, Progress, Note]
    assert place.reporter.events[-1] == Note(message="says: Hm. Look.", warning=True)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_no_check_speaks_of_failure_without_a_way_out(place: Place, check: Check) -> None:
    place.engine.all.clear()
    place.database.free = 0
    place.compose.configuration = {"services": {}}
    (result,) = run_checks(place.subject, checks=[check]).results
    assert result.status == "ok" or result.resolution
