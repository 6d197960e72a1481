"""What the records say should run now."""

from __future__ import annotations

from pathlib import Path

import pytest

from olmis_release.errors import JournalDamaged
from olmis_release.plan.model import Outcome, PlanPurpose, Run
from olmis_release.plan.records import in_effect, last_good, runs, write_run
from tests.fakes.plan import a_run, a_workspace


def history(*entries: tuple[str, str, Outcome]) -> list[Run]:
    return [
        a_run(started=f"2026-11-{day:02d}T18:02:11Z", kind=PlanPurpose(kind), release=release, outcome=outcome)
        for day, (kind, release, outcome) in enumerate(entries, 1)
    ]


def standing(*entries: tuple[str, str, Outcome]) -> list[str]:
    return [run.release for run in in_effect(history(*entries))]


GOOD, BACK = Outcome.DEPLOYED, Outcome.ROLLED_BACK


def test_deploys_stand_on_each_other() -> None:
    assert standing(("deploy", "A", GOOD), ("deploy", "B", GOOD)) == ["A", "B"]


@pytest.mark.parametrize("outcome", [BACK, Outcome.REFUSED, Outcome.NOT_RESTORED, Outcome.RUNNING])
def test_a_run_that_did_not_deploy_changes_nothing(outcome: Outcome) -> None:
    assert standing(("deploy", "A", GOOD), ("deploy", "B", outcome)) == ["A"]


def test_a_rollback_takes_away_what_lay_above() -> None:
    assert standing(("deploy", "A", GOOD), ("deploy", "B", GOOD), ("rollback", "A", GOOD)) == ["A"]


def test_a_rollback_that_failed_leaves_the_newer_release() -> None:
    assert standing(("deploy", "A", GOOD), ("deploy", "B", GOOD), ("rollback", "A", BACK)) == ["A", "B"]


def test_runs_come_oldest_first_and_only_of_the_instance(tmp_path: Path) -> None:
    workspace = a_workspace(tmp_path)
    late, early = a_run("AAAA-AAAA", started="2026-11-29T18:02:11Z"), a_run("ZZZZ-ZZZZ", started="2026-11-28T18:02:11Z")
    for run in (late, early, a_run("BBBB-BBBB", instance="prod")):
        workspace.plan(run.code).mkdir(parents=True)
        write_run(workspace, run)
    assert runs(workspace, "uat") == (early, late)
    assert last_good(workspace, "uat") == late
    assert last_good(workspace, "training") is None


def test_a_run_is_rewritten_in_place_when_it_ends(tmp_path: Path) -> None:
    workspace = a_workspace(tmp_path)
    workspace.plan("F7DS-JEEJ").mkdir(parents=True)
    write_run(workspace, a_run(outcome=Outcome.RUNNING, ended=None))
    write_run(workspace, a_run())
    assert runs(workspace, "uat") == (a_run(),)
    assert sorted(path.name for path in workspace.plan("F7DS-JEEJ").iterdir()) == ["record.json"]


def test_a_damaged_record_is_named_and_nothing_decided(tmp_path: Path) -> None:
    workspace = a_workspace(tmp_path)
    workspace.plan("F7DS-JEEJ").mkdir(parents=True)
    (workspace.plan("F7DS-JEEJ") / "record.json").write_text('{"runs": [')
    with pytest.raises(JournalDamaged, match=r"plans/F7DS-JEEJ/record\.json") as refused:
        last_good(workspace, "uat")
    assert "pydantic" not in refused.value.details
