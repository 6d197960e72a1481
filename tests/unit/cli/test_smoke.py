from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from olmis_release.smoke.model import ProbeResult, SmokeReport
from tests.fakes.cli import Desk

GOOD = ProbeResult(name="version of auth", ok=True, message="4.0.0", elapsed_s=0.25)
BAD = ProbeResult(name="screens open", ok=False, message='got <500> "oops" \x00', elapsed_s=1.5)


@pytest.fixture
def report(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> list[ProbeResult]:
    desk.deployed()
    results = [GOOD]
    monkeypatch.setattr("olmis_release.smoke.runner.run_smoke", lambda *_: SmokeReport(results=tuple(results)))
    return results


def test_all_tests_passed(desk: Desk, report: list[ProbeResult]) -> None:
    told = desk.type("smoke", "uat")
    assert told.status == 0
    assert told.out.splitlines()[:3] == [
        "RESULT    TEST             TOOK    SEEN",
        "ok        version of auth  0.25 s  4.0.0",
        "1 of 1 smoke tests passed.",
    ]


def test_a_failing_test_ends_with_11_and_the_table_on_standard_output(desk: Desk, report: list[ProbeResult]) -> None:
    report.append(BAD)
    told = desk.type("smoke", "uat")
    assert told.status == 11
    assert "FAIL      screens open" in told.out
    assert "error: 1 of 2 smoke tests passed. [E-SMOKE]" in told.err
    assert "Next: olmis-release rollback uat" in told.err
    assert [one["ok"] for one in desk.type("smoke", "uat", "--json").json["tests"]] == [True, False]


def test_junit_is_written(desk: Desk, report: list[ProbeResult], tmp_path: Path) -> None:
    report.append(BAD)
    desk.type("smoke", "uat", "--junit", str(tmp_path / "smoke.xml"))
    suite = ET.parse(tmp_path / "smoke.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert [failure.get("message") for failure in suite.iter("failure")] == ['got <500> "oops" \\x00']


def test_junit_in_a_folder_that_is_not_there_is_a_usage_error(desk: Desk, report: list[ProbeResult]) -> None:
    assert desk.type("smoke", "uat", "--junit", "/nowhere/smoke.xml").status == 2
