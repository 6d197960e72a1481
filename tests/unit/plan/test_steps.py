"""Which steps a plan has, in which order, and why users are shut out."""

from __future__ import annotations

from dataclasses import replace

from olmis_release.manifest.model import ReleaseManifest, Role
from olmis_release.plan.model import Migration, StepKind, WayBack
from olmis_release.plan.planner import plan_changes
from olmis_release.plan.steps import Route, plan_steps, wall_reason
from olmis_release.plan.way_back import way_back_of
from tests.fakes.plan import a_component, a_release, changed, going, with_tag

K = StepKind
OLD = a_release("3.4.1+mw1")
MIGRATION = Migration(version="20190101", name="add column", checksum=1)
NEW_REQUISITION = with_tag(OLD.components["requisition"], "7.1.1")


def route(before: ReleaseManifest | None, after: ReleaseManifest, *, migrating: str = "") -> Route:
    changes = tuple(
        change.model_copy(update={"pending": (MIGRATION,)}) if change.component == migrating else change
        for change in plan_changes(going(before, after))
    )
    way_back = way_back_of(changes, first_deploy=before is None)
    return Route(changes=changes, release=after, previous=before, way_back=way_back, front="nginx")


def told(made: Route) -> list[tuple[StepKind, tuple[str, ...]]]:
    return [(step.kind, step.components) for step in plan_steps(made)]


EVERY = tuple(sorted(OLD.components))
PROVED = [(K.AWAIT_READY, EVERY), (K.SMOKE_TEST, ()), (K.ACCEPT, ())]


def test_a_migration_closes_the_instance_and_copies_the_database() -> None:
    made = route(OLD, changed(OLD, "3.5.0+mw1", requisition=NEW_REQUISITION), migrating="requisition")
    assert told(made) == [
        (K.PULL_IMAGES, ("requisition",)),
        (K.PROVE_OLD, ()),
        (K.RAISE_WALL, ()),
        (K.STOP_COMPONENTS, ("requisition",)),
        (K.TAKE_ROLLBACK_POINT, ()),
        (K.START_COMPONENTS, ("requisition",)),
        *PROVED,
        (K.LOWER_WALL, ()),
    ]
    assert wall_reason(made) == "The database changes; no entry may fall between its copy and the new release."


def test_the_copy_says_whose_database_changes_it_is_for() -> None:
    made = route(OLD, changed(OLD, "3.5.0+mw1", requisition=NEW_REQUISITION), migrating="requisition")
    taken = next(step for step in plan_steps(made) if step.kind is K.TAKE_ROLLBACK_POINT)
    assert taken.reason == "Database changes: requisition (1)."


def test_migrations_that_cannot_be_read_are_expected() -> None:
    made = route(OLD, changed(OLD, "3.5.0+mw1", requisition=NEW_REQUISITION))
    unread = tuple(
        change.model_copy(update={"migrations_known": change.component != "requisition"}) for change in made.changes
    )
    made = replace(made, changes=unread, way_back=way_back_of(unread, first_deploy=False))
    taken = next(step for step in plan_steps(made) if step.kind is K.TAKE_ROLLBACK_POINT)
    assert taken.reason == "Whether it changes the database cannot be known beforehand: requisition."


def test_a_user_interface_alone_shuts_nobody_out() -> None:
    made = route(OLD, changed(OLD, "3.4.1+mw2", ui=with_tag(OLD.components["ui"], "1.2.0")))
    assert made.way_back is WayBack.IMAGES
    assert told(made) == [
        (K.PULL_IMAGES, ("ui",)),
        (K.PROVE_OLD, ()),
        (K.STOP_COMPONENTS, ("ui",)),
        (K.START_COMPONENTS, ("ui",)),
        *PROVED,
    ]


def test_a_new_front_shuts_users_out_without_a_copy() -> None:
    made = route(OLD, changed(OLD, "3.4.1+mw2", nginx=with_tag(OLD.components["nginx"], "7")))
    assert wall_reason(made) == "Every request passes through or depends on: nginx."
    assert told(made) == [
        (K.PULL_IMAGES, ("nginx",)),
        (K.PROVE_OLD, ()),
        (K.RAISE_WALL, ()),
        (K.STOP_COMPONENTS, ("nginx",)),
        (K.START_COMPONENTS, ("nginx",)),
        *PROVED,
        (K.LOWER_WALL, ()),
    ]


def test_a_new_consul_starts_before_what_registers_there_and_stops_after_it() -> None:
    made = route(OLD, changed(OLD, "3.4.1+mw2", consul=with_tag(OLD.components["consul"], "1.1")))
    assert told(made)[:6] == [
        (K.PULL_IMAGES, ("consul",)),
        (K.PROVE_OLD, ()),
        (K.RAISE_WALL, ()),
        (K.STOP_COMPONENTS, ("requisition", "stockmanagement", "ui", "consul")),
        (K.START_COMPONENTS, ("consul",)),
        (K.START_COMPONENTS, ("requisition", "stockmanagement", "ui")),
    ]


def test_a_first_deploy_starts_what_services_need_and_keeps_the_door_closed() -> None:
    assert told(route(None, OLD)) == [
        (K.PULL_IMAGES, EVERY),
        (K.START_COMPONENTS, ("consul", "db", "nginx")),
        (K.RAISE_WALL, ()),
        (K.START_COMPONENTS, ("requisition", "stockmanagement", "ui")),
        *PROVED,
        (K.LOWER_WALL, ()),
    ]


def test_a_component_that_goes_is_stopped_and_nothing_is_started() -> None:
    made = route(OLD, changed(OLD, "3.4.1+mw2", ui=None))
    assert told(made)[:2] == [(K.PROVE_OLD, ()), (K.STOP_COMPONENTS, ("ui",))]


def test_a_component_that_comes_stops_nothing() -> None:
    made = route(OLD, changed(OLD, "3.4.1+mw2", cce=a_component("openlmis/cce:1.0.0", role=Role.SERVICE)))
    assert [kind for kind, _ in told(made)][:3] == [K.PULL_IMAGES, K.PROVE_OLD, K.START_COMPONENTS]


def test_nothing_to_do_has_no_steps() -> None:
    assert plan_steps(route(OLD, changed(OLD, "3.4.1+mw2"))) == ()


def test_a_wall_left_closed_is_opened_once_everything_is_proved() -> None:
    made = replace(route(OLD, OLD), wall_open=False)
    assert told(made) == [(K.RAISE_WALL, ()), *PROVED, (K.LOWER_WALL, ())]


def test_restoring_data_swaps_the_database_while_old_services_are_down() -> None:
    made = replace(
        route(OLD, changed(OLD, "3.4.1+mw2", requisition=NEW_REQUISITION)),
        restore="open_lmis__before_r1",
        way_back=WayBack.DATABASE,
    )
    steps = plan_steps(made)
    assert [step.kind for step in steps][2:6] == [K.RAISE_WALL, K.STOP_COMPONENTS, K.SWAP_DATABASE, K.START_COMPONENTS]
    assert steps[4].parameters == {"point": "open_lmis__before_r1"}


def test_the_way_out_of_a_broken_state_asks_it_for_no_proof() -> None:
    made = replace(route(OLD, changed(OLD, "3.4.1+mw2", requisition=NEW_REQUISITION)), broken=True)
    assert K.PROVE_OLD not in [kind for kind, _ in told(made)]


def test_an_older_image_proves_itself_on_a_newer_database_before_users_are_let_in() -> None:
    made = route(OLD, changed(OLD, "3.4.1+mw2", requisition=NEW_REQUISITION))
    ignorant = tuple(
        change.model_copy(update={"unknown_rows": ("5__x.sql",)}) if change.component == "requisition" else change
        for change in made.changes
    )
    made = replace(made, changes=ignorant)
    assert made.way_back is WayBack.IMAGES
    assert wall_reason(made) == "It must prove itself on a database with changes that it does not know: requisition."
