"""A plan's code covers everything that will run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from olmis_release.errors import BadInput, PlanStale
from olmis_release.plan.codes import ALPHABET, code_from, read_code
from olmis_release.plan.model import Outcome
from olmis_release.plan.records import write_run
from olmis_release.plan.sets import PlanSet, code_of, load_plan, open_plans, write_plan
from olmis_release.workspace import Workspace
from tests.fakes.plan import a_plan, a_run, a_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return a_workspace(tmp_path)


def written(workspace: Workspace, **fields: object) -> PlanSet:
    return write_plan(workspace, a_plan(**fields), compose_text="compose", previous_text=None)  # type: ignore[arg-type]


def test_a_code_is_the_first_forty_bits_of_the_hash() -> None:
    assert code_from("0" * 64) == "0000-0000"
    assert code_from("ff" * 32) == "ZZZZ-ZZZZ"
    assert code_from("08421084210" + "0" * 53) == "1111-1111"


def test_a_code_uses_no_letters_that_are_misread() -> None:
    assert not set("ILOU") & set(ALPHABET)


@pytest.mark.parametrize("typed", ["F7DS-JEE0", "f7ds-jee0", "F7DSJEEO", " f7ds-jeeo "])
def test_a_typed_code_is_understood(typed: str) -> None:
    assert read_code(typed) == "F7DS-JEE0"


@pytest.mark.parametrize("typed", ["", "F7DS", "F7DS-JEE0-X", "../../etc", "F7DU-JEE0"])
def test_what_is_no_code_is_none(typed: str) -> None:
    assert read_code(typed) is None


def test_a_written_plan_is_read_back_as_it_was(workspace: Workspace) -> None:
    plan_set = written(workspace)
    assert load_plan(workspace, plan_set.code) == plan_set
    assert load_plan(workspace, f"plans/{plan_set.code}/plan.json") == plan_set
    assert re.fullmatch(r"[0-9A-Z]{4}-[0-9A-Z]{4}", plan_set.code)


def test_writing_the_same_plan_again_changes_nothing(workspace: Workspace) -> None:
    assert written(workspace) == written(workspace)
    assert sorted(path.name for path in workspace.plans.iterdir()) == [written(workspace).code]


def test_every_field_is_in_the_code() -> None:
    plan = a_plan()
    others = [plan.model_copy(update={"compose": "0" * 64}), plan.model_copy(update={"steps": plan.steps[1:]})]
    assert len({code_of(one) for one in (plan, *others)}) == 3


def test_a_plan_that_was_edited_is_refused(workspace: Workspace) -> None:
    plan_set = written(workspace)
    file = plan_set.folder / "plan.json"
    file.write_text(file.read_text().replace("M. Banda", "N. Body"))
    with pytest.raises(PlanStale, match="was changed after the plan was made") as refused:
        load_plan(workspace, plan_set.code)
    assert refused.value.code == "E-PLAN-ALTERED"


def test_a_compose_file_that_was_edited_is_refused(workspace: Workspace) -> None:
    plan_set = written(workspace)
    (plan_set.folder / "compose.yml").write_text("compose ")
    with pytest.raises(PlanStale, match=r"compose\.yml was changed"):
        load_plan(workspace, plan_set.code)


def test_an_unknown_code_names_the_nearest(workspace: Workspace) -> None:
    code = written(workspace).code
    with pytest.raises(BadInput, match=f"Did you mean `{code}`"):
        load_plan(workspace, code[:-1] + ("0" if code[-1] != "0" else "1"))


def test_compose_files_are_private(workspace: Workspace) -> None:
    assert (written(workspace).folder / "compose.yml").stat().st_mode & 0o777 == 0o600


def test_open_plans_are_those_that_never_ran(workspace: Workspace) -> None:
    first = written(workspace, created="2026-11-28T18:00:00Z")
    second = written(workspace, created="2026-11-28T19:00:00Z")
    written(workspace, instance="prod")
    assert open_plans(workspace, "uat") == (first, second)
    write_run(workspace, a_run(second.code, started="2026-11-28T19:30:11Z", outcome=Outcome.ROLLED_BACK))
    assert open_plans(workspace, "uat") == (first,)


def test_a_good_deploy_overtakes_the_plans_made_before_it(workspace: Workspace) -> None:
    written(workspace, created="2026-11-28T18:00:00Z")
    second = written(workspace, created="2026-11-28T19:00:00Z")
    write_run(workspace, a_run(second.code, started="2026-11-28T19:30:11Z"))
    assert open_plans(workspace, "uat") == ()


def test_a_damaged_plan_of_the_instance_is_named(workspace: Workspace) -> None:
    plan_set = written(workspace)
    (plan_set.folder / "plan.json").write_text("{")
    with pytest.raises(PlanStale, match=f"plans/{plan_set.code}/plan.json"):
        open_plans(workspace, "uat")


def test_a_damaged_plan_of_another_instance_is_no_hindrance(workspace: Workspace) -> None:
    other = written(workspace, instance="prod")
    file = other.folder / "plan.json"
    file.write_text(file.read_text().replace("M. Banda", "N. Body"))
    assert open_plans(workspace, "uat") == ()


def test_a_copy_that_somebody_put_aside_is_no_plan(workspace: Workspace) -> None:
    plan_set = written(workspace)
    plan_set.folder.rename(workspace.plans / f"{plan_set.code}.old")
    assert open_plans(workspace, "uat") == ()


def test_a_place_that_cannot_be_written_to_is_named_and_nothing_left(workspace: Workspace) -> None:
    workspace.plans.write_text("a file where the folder should be")
    with pytest.raises(BadInput, match="plans/ cannot be written: File exists"):
        written(workspace)
