"""Going back: to what, with which configuration, and what it costs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from olmis_release.errors import RollbackRefused
from olmis_release.instance.config import RollbackMethod
from olmis_release.manifest.model import ReleaseManifest
from olmis_release.plan.make import make_rollback_plan
from olmis_release.plan.model import Action, Outcome, PlanPurpose, Run, StepKind, WayBack
from tests.fakes.fallback import FakeFallback
from tests.fakes.plan import changed, with_tag
from tests.fakes.plan_estate import OLD, REQUISITION_FILES, Estate

ADDED = {**REQUISITION_FILES, "20190301000000000__status.sql": b"alter table a add status text;"}


@pytest.fixture
def migrated(serving: Estate, newer: ReleaseManifest) -> tuple[Estate, Run]:
    """Return an instance that went from 3.4.1+mw1 to 3.5.0+mw1 with a database change, and the run."""
    serving.files["openlmis/requisition:7.1.1"] = ADDED
    run = serving.deploy(newer)
    serving.migrated("requisition", ADDED)
    return serving, run


def with_point(estate: Estate, run: Run) -> str:
    """Let the run have taken a copy of the database, which was accepted."""
    database, point = estate.database, f"open_lmis__before_{run.run}"
    database.clone(point, run=run.run) if not database._live.facts.open else _clone_open(estate, point, run)
    database.accept(point)
    return point


def _clone_open(estate: Estate, point: str, run: Run) -> None:
    estate.database.close(timeout_s=1)
    estate.database.clone(point, run=run.run)
    estate.database.open()


def test_it_goes_to_the_release_before_with_its_stored_configuration(migrated: tuple[Estate, Run]) -> None:
    estate, run = migrated
    made = estate.go_back()
    plan = made.plan
    assert (plan.purpose, plan.release, plan.previous) == (PlanPurpose.ROLLBACK, "3.4.1+mw1", "3.5.0+mw1")
    assert plan.previous_plan == run.code
    first = next(path for path in estate.workspace.plans.glob("*/plan.json") if b'"previous":null' in path.read_bytes())
    assert (made.folder / "compose.yml").read_bytes() == (first.parent / "compose.yml").read_bytes()


def test_data_that_is_kept_names_what_the_older_release_does_not_know(migrated: tuple[Estate, Run]) -> None:
    plan = migrated[0].go_back().plan
    (moved,) = plan.changed
    assert moved.unknown_rows == ("20190301000000000__status.sql",)
    assert (plan.way_back, moved.action) == (WayBack.IMAGES, Action.REPLACE)
    assert "No entry is lost: the data stays." in plan.data_cost
    assert "requisition (1 change)" in plan.data_cost


def test_an_older_release_that_would_not_start_is_refused(serving: Estate, newer: ReleaseManifest) -> None:
    serving.files["openlmis/requisition:7.1.1"] = ADDED
    serving.deploy(newer)
    between = {**ADDED, "20190115000000000__between.sql": b"select 3;"}
    serving.migrated("requisition", between)
    with pytest.raises(RollbackRefused) as refused:
        serving.go_back()
    assert "20190115000000000 was applied, but the image no longer has it" in refused.value.details
    assert "--data restore" in refused.value.resolution
    assert refused.value.exit_code == 12


def test_restoring_data_swaps_the_copy_in_and_names_what_is_lost(migrated: tuple[Estate, Run]) -> None:
    estate, run = migrated
    point = with_point(estate, run)
    plan = estate.go_back(restore_data=True).plan
    swap = next(step for step in plan.steps if step.kind is StepKind.SWAP_DATABASE)
    assert swap.parameters == {"point": point}
    assert plan.way_back is WayBack.DATABASE
    assert "opened to them (Fri 28 Nov 2025 20:02 CAT (18:02 UTC)) is lost" in plan.data_cost


def test_restoring_data_takes_the_dump_where_that_is_what_there_is(migrated: tuple[Estate, Run]) -> None:
    estate, run = migrated
    point = f"open_lmis__before_{run.run}"
    dumps = FakeFallback(calls=[f"take {point}"])
    site = replace(estate.site, fallbacks={RollbackMethod.DUMP: dumps})
    plan = make_rollback_plan(estate.workspace, site, to=None, restore_data=True, author="M. Banda").plan
    swap = next(step for step in plan.steps if step.kind is StepKind.SWAP_DATABASE)
    assert swap.parameters == {"point": point}


def test_restoring_without_a_copy_is_refused(migrated: tuple[Estate, Run]) -> None:
    with pytest.raises(RollbackRefused, match=r"The copy open_lmis__before_.* is not there any more"):
        migrated[0].go_back(restore_data=True)


def test_restoring_after_a_deploy_that_took_no_copy_is_refused(serving: Estate) -> None:
    serving.deploy(changed(OLD, "3.4.1+mw2", ui=with_tag(OLD.components["ui"], "1.2.0")))
    with pytest.raises(RollbackRefused, match="changed nothing in the database, so it took no copy"):
        serving.go_back(restore_data=True)


def test_a_copy_belongs_to_the_release_before_it_only(migrated: tuple[Estate, Run], newer: ReleaseManifest) -> None:
    estate, _ = migrated
    estate.deploy(changed(newer, "3.5.0+mw2", ui=with_tag(newer.components["ui"], "1.2.0")))
    with pytest.raises(RollbackRefused, match=r"of the time before 3\.5\.0\+mw2, not of 3\.4\.1\+mw1"):
        estate.go_back("3.4.1+mw1", restore_data=True)


def test_the_first_release_has_none_before_it(serving: Estate) -> None:
    with pytest.raises(RollbackRefused, match=r"3\.4\.1\+mw1 is the first release on uat"):
        serving.go_back()


def test_nothing_deployed_is_nothing_to_go_back_to(estate: Estate) -> None:
    with pytest.raises(RollbackRefused, match="Nothing was deployed to uat yet"):
        estate.go_back()


def test_a_release_that_never_ran_is_refused_and_those_that_did_are_named(migrated: tuple[Estate, Run]) -> None:
    with pytest.raises(RollbackRefused, match=r"3\.3\.0 never ran well on uat") as refused:
        migrated[0].go_back("3.3.0")
    assert "Releases that did: 3.4.1+mw1." in refused.value.resolution


def test_a_second_rollback_goes_further_back_and_not_forth(migrated: tuple[Estate, Run]) -> None:
    estate, _ = migrated
    estate.carry_out(estate.go_back())
    with pytest.raises(RollbackRefused, match="is the first release on uat"):
        estate.go_back()
    assert estate.go_back("3.5.0+mw1").plan.release == "3.5.0+mw1"


def test_after_a_run_that_did_not_end_well_it_goes_to_the_last_good_release(
    serving: Estate, newer: ReleaseManifest
) -> None:
    serving.release(newer)
    made = serving.make()
    assert made is not None
    serving.carry_out(made, outcome=Outcome.NOT_RESTORED)
    plan = serving.go_back().plan
    assert (plan.release, plan.previous) == ("3.4.1+mw1", "3.4.1+mw1")
    assert StepKind.PROVE_OLD not in [step.kind for step in plan.steps]
    assert plan.notes[0].startswith("The last run did not end well")


def test_settings_that_are_gone_are_named(migrated: tuple[Estate, Run]) -> None:
    estate, _ = migrated
    for copy in (estate.root / ".olmis-release/uat/settings").iterdir():
        copy.unlink()
    estate.settings("MAIL_HOST=other\n")
    with pytest.raises(RollbackRefused, match="The settings that it ran with are gone"):
        estate.go_back()


def test_a_release_file_that_was_changed_since_is_refused(migrated: tuple[Estate, Run]) -> None:
    estate, _ = migrated
    estate.release(changed(OLD, "3.4.1+mw1", ui=with_tag(OLD.components["ui"], "9.9.9")))
    with pytest.raises(RollbackRefused, match=r"manifests/releases/3\.4\.1\+mw1\.yml was changed since"):
        estate.go_back()
