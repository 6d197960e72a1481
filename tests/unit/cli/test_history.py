from collections.abc import Callable

from olmis_release.plan.model import Outcome, PlanPurpose
from olmis_release.plan.records import write_run
from tests.fakes.cli import Desk, a_run

PROMISED = {"code", "release", "outcome", "way_back", "started", "ended", "outage_s", "exit_code"}


def two_runs(desk: Desk) -> str:
    first = desk.deployed()
    later = a_run(
        first.code,
        run="20261129t060000",
        kind=PlanPurpose.ROLLBACK,
        release="3.4.1+mw1",
        outcome=Outcome.ROLLED_BACK,
        started="2026-11-29T06:00:00Z",
        ended="2026-11-29T06:00:09Z",
        outage_s=0.0,
        exit_code=9,
    )
    write_run(desk.workspace, later)
    return first.code


def test_every_run_is_shown_newest_first_in_the_instances_time(desk: Desk, golden: Callable[[str, str], None]) -> None:
    code = two_runs(desk)
    told = desk.type("history", "uat")
    assert told.status == 0
    golden("cli/history.txt", told.out.replace(code, "F7DS-JEEJ"))


def test_scripts_get_every_promised_key(desk: Desk) -> None:
    two_runs(desk)
    runs = desk.type("history", "uat", "--json").json["runs"]
    assert [run["outcome"] for run in runs] == ["rolled-back", "deployed"]
    assert all(set(run) >= PROMISED for run in runs)


def test_without_an_instance_all_are_shown(desk: Desk) -> None:
    desk.instance("prod")
    two_runs(desk)
    told = desk.type("history")
    assert told.status == 0
    assert told.out.count("F") >= 2
    assert "STATE: nothing was touched." in told.out


def test_no_run_is_said_so(desk: Desk) -> None:
    told = desk.type("history", "uat")
    assert told.status == 0
    assert "No run is recorded" in told.out
    assert desk.type("history", "uat", "--json").json["runs"] == []


def test_a_damaged_record_ends_with_16_and_still_a_state(desk: Desk) -> None:
    run = desk.deployed()
    (desk.workspace.plan(run.code) / "record.json").write_text("{", encoding="utf-8")
    told = desk.type("history", "uat")
    assert told.status == 16
    assert "STATE uat: untouched; its records cannot be read." in told.err


def test_a_refused_run_says_nothing_of_what_serves(desk: Desk) -> None:
    run = desk.deployed(outcome=Outcome.NOT_RESTORED, exit_code=10)
    refused = a_run(run.code, run="later", outcome=Outcome.REFUSED, started="2026-11-30T06:00:00Z", exit_code=6)
    write_run(desk.workspace, refused)
    assert "not verified" in desk.type("history", "uat").out
