"""From an instance and a release to a plan."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from olmis_release import clock
from olmis_release.errors import BadInput, TargetUnreachable, UsageError
from olmis_release.events import Progress
from olmis_release.instance.config import InstanceConfig
from olmis_release.instance.ports import ContainerStatus, Slot, WallState
from olmis_release.manifest.emergency import Impact, Route, Urgency
from olmis_release.manifest.lock import canonical
from olmis_release.manifest.model import ReleaseManifest
from olmis_release.manifest.patching import PatchOrder, patched
from olmis_release.plan.codes import sha256
from olmis_release.plan.make import make_plan
from olmis_release.plan.model import Action, StepKind, WayBack
from olmis_release.plan.terms import Wishes
from tests.fakes.inputs import STANDARD
from tests.fakes.instance import a_container
from tests.fakes.plan import changed, with_tag
from tests.fakes.plan_estate import OLD, REQUISITION_FILES, Estate

ADDED = {**REQUISITION_FILES, "20190301000000000__status.sql": b"alter table a add status text;"}


def test_a_first_deploy_has_no_way_back(estate: Estate) -> None:
    estate.database.all.clear()
    estate.release(OLD)
    plan = estate.plan("3.4.1+mw1")
    assert (plan.way_back, plan.previous, plan.previous_plan) == (WayBack.NONE, None, None)
    assert {change.action for change in plan.changes} == {Action.ADD}


def test_what_runs_already_needs_no_plan(serving: Estate) -> None:
    assert serving.make("3.4.1+mw1") is None


def test_the_newest_release_is_meant_when_none_is_named(serving: Estate, newer: ReleaseManifest) -> None:
    serving.release(newer)
    assert serving.plan().release == "3.5.0+mw1"


def test_pending_changes_come_from_the_images_own_files(serving: Estate, newer: ReleaseManifest) -> None:
    serving.files["openlmis/requisition:7.1.1"] = ADDED
    serving.release(newer)
    plan = serving.plan()
    (moved,) = plan.changed
    assert [one.name for one in moved.pending] == ["status"]
    assert plan.way_back is WayBack.DATABASE
    assert StepKind.TAKE_ROLLBACK_POINT in [step.kind for step in plan.steps]
    assert (plan.previous, plan.release) == ("3.4.1+mw1", "3.5.0+mw1")


def test_a_plan_whose_database_may_go_back_names_the_slots_that_are_made_anew(
    serving: Estate, newer: ReleaseManifest
) -> None:
    slot = Slot(name="debezium", plugin="pgoutput", database="open_lmis")
    serving.database.in_the_way = replace(serving.database.in_the_way, slots=(slot,))
    serving.files["openlmis/requisition:7.1.1"] = ADDED
    serving.release(newer)
    assert any("made anew: debezium (pgoutput)" in note for note in serving.plan().notes)


def test_giving_up_the_database_takes_no_copy_and_says_so_in_words(serving: Estate, newer: ReleaseManifest) -> None:
    serving.files["openlmis/requisition:7.1.1"] = ADDED
    serving.release(newer)
    made = make_plan(serving.workspace, serving.site, None, author="M. Banda", give_up_database=True)
    assert made is not None
    kinds = [step.kind for step in made.plan.steps]
    assert (made.plan.way_back, made.plan.gives_up_database) == (WayBack.IMAGES, True)
    assert (StepKind.RAISE_WALL in kinds, StepKind.TAKE_ROLLBACK_POINT in kinds) == (True, False)
    assert "the changes of the database stay" in made.plan.data_cost
    assert made.plan.notes[0].startswith("--no-db-rollback: no copy of the database is taken.")


def test_giving_up_the_database_changes_nothing_where_nothing_migrates(serving: Estate, newer: ReleaseManifest) -> None:
    serving.release(newer)
    made = make_plan(serving.workspace, serving.site, None, author="M. Banda", give_up_database=True)
    assert made is not None
    assert made.plan.gives_up_database is False


def test_a_plan_of_an_emergency_release_says_why_it_could_not_wait(serving: Estate) -> None:
    order = PatchOrder(
        release="3.4.1+mw2",
        tags=[("requisition", "7.1.1")],
        ticket="MW-812",
        impact=Impact.EXTENSIVE,
        urgency=Urgency.CRITICAL,
    )
    serving.files["openlmis/requisition:7.1.1"] = REQUISITION_FILES
    serving.release(patched(OLD, order, digest_of=lambda _: "sha256:" + "a" * 64))
    plan = serving.plan()
    assert plan.patch is not None
    assert (plan.patch.ticket, plan.patch.priority) == ("MW-812", "Blocker")


def test_the_image_is_pulled_to_be_read_and_that_is_told(serving: Estate, newer: ReleaseManifest) -> None:
    serving.release(newer)
    serving.plan()
    told = [event.activity for event in serving.reporter.events if isinstance(event, Progress)]
    assert "pulling requisition to read its database changes (1 of 1)" in told


def test_no_pending_change_means_that_only_images_go_back(serving: Estate, newer: ReleaseManifest) -> None:
    serving.files["openlmis/requisition:7.1.1"] = REQUISITION_FILES
    serving.release(newer)
    assert serving.plan().way_back is WayBack.IMAGES


def test_an_image_that_would_not_start_is_refused_with_its_rows(serving: Estate, newer: ReleaseManifest) -> None:
    edited = {**REQUISITION_FILES, "20190201000000000__more.sql": b"select 2;"}
    serving.files["openlmis/requisition:7.1.1"] = edited
    serving.release(newer)
    with pytest.raises(BadInput, match=r"requisition .* would not start.*20190201000000000 was applied with other"):
        serving.plan()


def test_an_offline_candidate_is_never_planned(serving: Estate) -> None:
    image = OLD.components["ui"].image.model_copy(update={"digest": None})
    unpinned = changed(OLD, "3.5.0+mw1", ui=OLD.components["ui"].model_copy(update={"image": image}))
    serving.write("manifests/candidates/3.5.0+mw1/rc1.yml", canonical(unpinned))
    with pytest.raises(BadInput, match="made offline: no digest is known for ui") as refused:
        serving.plan("3.5.0+mw1")
    assert refused.value.exit_code == 15


def test_what_this_workspace_did_not_deploy_has_no_way_back_and_is_refused(estate: Estate) -> None:
    estate.release(OLD)
    estate.engine.all["x"] = a_container("requisition")
    with pytest.raises(BadInput, match="no record of a deploy to uat") as refused:
        estate.plan()
    assert "plans/ folder" in refused.value.resolution
    assert refused.value.problems[0].code == "E-NOT-OURS"


def test_the_compose_files_lie_beside_the_plan_with_their_hashes(serving: Estate, newer: ReleaseManifest) -> None:
    serving.release(newer)
    made = serving.make()
    assert made is not None
    assert made.plan.compose == sha256((made.folder / "compose.yml").read_bytes())
    assert made.plan.previous_compose == sha256((made.folder / "previous.yml").read_bytes())


def test_the_compose_files_mean_the_same_in_a_copy_of_the_workspace(serving: Estate, newer: ReleaseManifest) -> None:
    serving.release(newer)
    made = serving.make()
    assert made is not None
    text = (made.folder / "compose.yml").read_text()
    assert ".olmis-release/uat/settings/" in text
    assert str(serving.root) not in text


def test_planning_twice_gives_the_same_plan(
    serving: Estate, newer: ReleaseManifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving.release(newer)
    first = serving.make()
    later = clock.now() + timedelta(hours=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    second = serving.make()
    assert first is not None
    assert first == second


def test_changed_settings_are_named_and_their_values_are_nowhere(serving: Estate) -> None:
    serving.settings("MAIL_HOST=relay\nPOSTGRES_PASSWORD=close-sesame\n")
    made = serving.make("3.4.1+mw1")
    assert made is not None
    assert "Settings that changed (values are not shown): MAIL_HOST, POSTGRES_PASSWORD." in made.plan.notes
    everything = "".join(path.read_text() for path in made.folder.iterdir())
    assert "sesame" not in everything
    assert "relay" not in everything


def test_a_stopped_container_is_started_again(serving: Estate) -> None:
    ui = serving.engine.all["id-of-ui"]
    serving.engine.all["id-of-ui"] = replace(ui, status=ContainerStatus.EXITED, exit_code=137)
    (moved,) = serving.plan("3.4.1+mw1").changed
    assert (moved.component, moved.action) == ("ui", Action.REPLACE)
    assert moved.reasons == ("it is not running (exited with 137)",)


def test_a_wall_left_closed_is_something_to_do(serving: Estate) -> None:
    serving.wall.now = WallState.CLOSED
    plan = serving.plan("3.4.1+mw1")
    assert plan.changed == ()
    assert plan.steps[-1].kind is StepKind.LOWER_WALL


def test_a_release_that_is_gone_is_brought_up_again_like_a_first_deploy(serving: Estate) -> None:
    serving.engine.all.clear()
    plan = serving.plan("3.4.1+mw1")
    assert plan.way_back is WayBack.NONE
    assert plan.changes[0].reasons == ("none of its containers is there any more",)


def test_another_release_waits_until_what_should_run_is_up_again(serving: Estate, newer: ReleaseManifest) -> None:
    serving.release(newer)
    serving.engine.all.clear()
    with pytest.raises(BadInput, match="none of its containers is there any more"):
        serving.plan()


def test_a_new_database_image_waits_for_a_release_without_migrations(serving: Estate, newer: ReleaseManifest) -> None:
    serving.files["openlmis/requisition:7.1.1"] = ADDED
    database = with_tag(OLD.components["db"], "12-debezium.1")
    serving.release(changed(newer, "3.5.0+mw1", db=database))
    with pytest.raises(BadInput, match=r"db would be replaced .* in which requisition changes the database"):
        serving.plan()


def test_another_major_version_of_the_database_is_refused(serving: Estate) -> None:
    serving.release(changed(OLD, "3.5.0+mw1", db=with_tag(OLD.components["db"], "14-debezium")))
    with pytest.raises(BadInput, match="another major version of PostgreSQL"):
        serving.plan()


def test_the_estimate_comes_from_earlier_runs_with_its_source(serving: Estate, newer: ReleaseManifest) -> None:
    serving.files["openlmis/requisition:7.1.1"] = REQUISITION_FILES
    serving.deploy(newer)
    plan = serving.plan("3.4.1+mw1")
    assert plan.offline_s == 31.5
    assert "last 1 run with this way back took on uat: 32 s (3.5.0+mw1)" in plan.offline_basis


def test_without_earlier_runs_the_bound_is_said(serving: Estate, newer: ReleaseManifest) -> None:
    serving.release(newer)
    plan = serving.plan()
    assert plan.offline_s is None
    assert "Not known: no run like this one is on record. Components get 10 min 00 s" in plan.offline_basis


def test_a_change_of_screens_alone_says_that_nobody_is_shut_out(serving: Estate) -> None:
    serving.release(changed(OLD, "3.4.1+mw2", ui=with_tag(OLD.components["ui"], "1.2.0")))
    basis = serving.plan().offline_basis
    assert basis.startswith("Users are not shut out; what does not answer meanwhile is: ui. Not known:")


def test_a_database_that_was_left_closed_is_copied_before_it_is_opened(serving: Estate) -> None:
    serving.database.close(timeout_s=1)
    plan = serving.plan("3.4.1+mw1")
    assert plan.way_back is WayBack.DATABASE
    taken = next(step for step in plan.steps if step.kind is StepKind.TAKE_ROLLBACK_POINT)
    assert taken.reason.startswith("The database is closed now")
    assert any(note.startswith("The database could not be read") for note in plan.notes)


def test_a_database_that_does_not_answer_may_be_changed_by_any_new_image(
    serving: Estate, newer: ReleaseManifest
) -> None:
    serving.release(newer)
    serving.database.fails["facts"] = TargetUnreachable("The database does not answer.", resolution="Start it.")
    plan = serving.plan()
    assert [change.migrations_known for change in plan.changed] == [False]
    assert plan.way_back is WayBack.DATABASE


def test_a_plan_of_what_runs_that_is_gone_is_named(serving: Estate, newer: ReleaseManifest) -> None:
    serving.release(newer)
    (plan,) = serving.workspace.plans.glob("*/plan.json")
    plan.unlink()
    with pytest.raises(BadInput, match=r"3\.4\.1\+mw1 runs on uat, but its plan cannot be used") as refused:
        serving.plan()
    assert f"plans/{plan.parent.name}/" in refused.value.resolution


def for_production(estate: Estate, **values: object) -> None:
    windows = [{"days": ["sat"], "from": "20:00", "to": "22:00"}]
    described = {**estate.config.model_dump(by_alias=True), "purpose": "production", "windows": windows, **values}
    estate.config = InstanceConfig.model_validate(described)


def test_a_production_plan_holds_what_people_gave_and_keeps_their_file(serving: Estate, newer: ReleaseManifest) -> None:
    for_production(serving, languages=["en", "fr"])
    serving.release(newer)
    file = serving.write("inputs.yml", STANDARD)
    made = make_plan(serving.workspace, serving.site, None, author="M. Banda", wishes=Wishes(inputs=file))
    assert made is not None
    plan = made.plan
    assert plan.inputs is not None
    assert (plan.route, plan.assessment and plan.assessment.priority) == (Route.STANDARD, "Minor")
    assert plan.window is not None
    assert plan.schedule[-1].owner == "M. Banda"
    assert "no run that went back is on record" in plan.rollback_basis
    assert (made.folder / "inputs.yml").read_text(encoding="utf-8") == STANDARD
    names = {path.name for path in made.folder.iterdir()}
    assert {"plan.en.html", "plan.fr.html", "plan.fr.md", "plan.html", "plan.ics"} <= names


def test_the_same_wishes_make_the_same_plan(serving: Estate, newer: ReleaseManifest) -> None:
    for_production(serving, languages=["en", "fr"])
    serving.release(newer)
    wishes = Wishes(inputs=serving.write("inputs.yml", STANDARD))
    codes = {
        made.code
        for made in (make_plan(serving.workspace, serving.site, None, author=who, wishes=wishes) for who in ("A", "B"))
        if made is not None
    }
    assert len(codes) == 1


def test_a_plan_stays_the_same_when_a_row_of_its_schedule_becomes_overdue(
    serving: Estate, newer: ReleaseManifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    for_production(serving, languages=["en", "fr"])
    serving.release(newer)
    saturday = clock.now() + timedelta(days=(5 - clock.now().weekday()) % 7 + 28)
    wishes = Wishes(inputs=serving.write("inputs.yml", STANDARD), window=f"{saturday:%Y-%m-%d} 20:00")
    first = make_plan(serving.workspace, serving.site, None, author="A", wishes=wishes)
    later = clock.now() + timedelta(days=15)
    monkeypatch.setattr(clock, "now", lambda: later)
    second = make_plan(serving.workspace, serving.site, None, author="A", wishes=wishes)
    assert first is not None
    assert second is not None
    assert first.code == second.code


def test_a_production_plan_without_inputs_is_refused_before_the_target_is_asked(
    serving: Estate, newer: ReleaseManifest
) -> None:
    for_production(serving)
    serving.release(newer)
    serving.reporter.events.clear()
    with pytest.raises(UsageError, match="asks for what only people know"):
        make_plan(serving.workspace, serving.site, None, author="M. Banda")
    assert serving.reporter.events == []


def test_a_plan_names_the_configuration_keys_that_come_and_go(serving: Estate) -> None:
    old = OLD.components["requisition"]
    body = {"env_file": ["settings.env"], "environment": {"NEW_KEY": "1"}}
    moved = with_tag(old, "7.1.1").model_copy(update={"compose": body})
    serving.release(changed(OLD, "3.5.0+mw1", requisition=moved))
    (change,) = serving.plan().changed
    assert (change.keys_added, change.keys_removed) == (("NEW_KEY",), ())
