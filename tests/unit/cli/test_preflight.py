from collections.abc import Callable

import pytest

from olmis_release.preflight.model import CheckResult, Report, Status, Subject
from tests.fakes.cli import Desk

GOOD = CheckResult(check="disk", question="Is there room?", status=Status.OK, message="61 GB free", resolution="")
BAD = CheckResult(
    check="settings-file",
    question="Is it there?",
    status=Status.FAIL,
    message="settings/uat.env may be read by others\nmode 0644",
    resolution="chmod 600 settings/uat.env",
)


@pytest.fixture
def moved(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What moved since plans were made; nothing at first."""
    sentences: list[str] = []
    for module in ("plan.staleness", "deploy.gatekeeping"):
        monkeypatch.setattr(f"olmis_release.{module}.read_base", lambda *_: None)
        monkeypatch.setattr(f"olmis_release.{module}.differences", lambda *_: tuple(sentences))
    return sentences


@pytest.fixture
def subjects(desk: Desk, moved: list[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Subject]]:
    """Let the checks answer this; returns what they were asked about."""

    def prepare(*results: CheckResult) -> list[Subject]:
        asked: list[Subject] = []

        def run_checks(subject: Subject) -> Report:
            asked.append(subject)
            return Report(results=results)

        monkeypatch.setattr("olmis_release.preflight.runner.run_checks", run_checks)
        return asked

    return prepare


def test_the_one_open_plan_is_checked(desk: Desk, subjects: Callable[..., list[Subject]]) -> None:
    plan_set = desk.plan()
    asked = subjects(GOOD)
    told = desk.type("preflight", "uat")
    assert told.status == 0
    assert asked[0].plan == plan_set.plan
    assert asked[0].compose_file == plan_set.folder / "compose.yml"
    assert told.out.splitlines()[:3] == [
        "Preflight of 3.5.0+mw1 on uat",
        "  ok    disk: 61 GB free",
        "1 ok, 0 warned, 0 failed.",
    ]


def test_of_several_open_plans_one_must_be_named_for_the_preflight(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("olmis_release.cli.choosing.is_fresh", lambda *_: True)
    desk.plan()
    other = desk.plan(created="2026-11-28T17:30:00Z", author="C. Phiri")
    told = desk.type("preflight", "uat")
    assert told.status == 2
    assert f"Next: olmis-release preflight uat --plan {other.code}" in told.err


def test_a_stale_plan_is_not_what_would_be_deployed(
    desk: Desk, subjects: Callable[..., list[Subject]], moved: list[str]
) -> None:
    plan_set, asked = desk.plan(), subjects(GOOD)
    moved.append("auth runs another image.")
    assert desk.type("preflight", "uat").status == 0
    assert asked[0].plan is None
    told = desk.type("preflight", "uat", "--plan", plan_set.code)
    assert told.status == 5
    assert "  ok    disk: 61 GB free" in told.out
    assert "  auth runs another image." in told.err
    assert "Next: olmis-release plan 3.5.0+mw1 --to uat" in told.err


def test_a_failure_says_what_to_do_and_ends_with_6(desk: Desk, subjects: Callable[..., list[Subject]]) -> None:
    plan_set = desk.plan()
    subjects(GOOD, BAD)
    told = desk.type("preflight", "uat", "--plan", plan_set.code)
    assert told.status == 6
    assert "  FAIL  settings-file: settings/uat.env may be read by others\n        mode 0644\n" in told.out
    assert "        fix: chmod 600 settings/uat.env\n" in told.out
    assert "STATE uat: untouched" in told.err
    json = desk.type("preflight", "uat", "--json").json
    assert json["counts"] == {"ok": 1, "warn": 0, "fail": 1}
    assert [check["status"] for check in json["checks"]] == ["ok", "fail"]


def test_without_a_plan_the_newest_release_is_checked(desk: Desk, subjects: Callable[..., list[Subject]]) -> None:
    desk.deployed()
    asked = subjects(GOOD)
    assert desk.type("preflight", "uat").status == 0
    assert asked[0].plan is None
    assert "openlmis/requisition:7.1.0@sha256" in asked[0].compose_file.read_text("utf-8")
    assert asked[0].compose_file.stat().st_mode & 0o777 == 0o600


def test_settings_that_others_may_read_hide_no_other_check(desk: Desk, subjects: Callable[..., list[Subject]]) -> None:
    run = desk.deployed()
    (desk.root / "settings/uat.env").chmod(0o644)
    asked = subjects(GOOD)
    assert desk.type("preflight", "uat").status == 0
    assert asked[0].compose_file == desk.workspace.plan(run.code) / "compose.yml"


def test_nothing_to_check_is_said(desk: Desk) -> None:
    told = desk.type("preflight", "uat")
    assert told.status == 15
    assert "no release" in told.err
