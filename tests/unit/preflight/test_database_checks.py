"""database-reachable, database-rights, rollback-point-room and nothing-in-the-way."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from olmis_release.instance.ports import Blockers, DatabaseState, RollbackPoint, Slot
from olmis_release.plan.model import PlannedStep, PlanPurpose, StepKind
from olmis_release.preflight.checks.database_reachable import database_is_reachable
from olmis_release.preflight.checks.database_rights import role_may_clone
from olmis_release.preflight.checks.nothing_in_the_way import nothing_is_in_the_way
from olmis_release.preflight.checks.rollback_point_room import rollback_point_has_room
from olmis_release.preflight.databases import version_text
from olmis_release.preflight.model import Finding, Subject
from tests.fakes.preflight import FACTS, GIB, NOTHING, SERVER, Place

CHECKS = [database_is_reachable, role_may_clone, rollback_point_has_room, nothing_is_in_the_way]


@dataclass(frozen=True)
class PlanPart:
    """The part of a plan that these checks read."""

    purpose: PlanPurpose = PlanPurpose.DEPLOY
    steps: tuple[PlannedStep, ...] = ()


def with_step(kind: StepKind, purpose: PlanPurpose = PlanPurpose.DEPLOY) -> PlanPart:
    return PlanPart(purpose=purpose, steps=(PlannedStep(kind=kind, subject="", reason=""),))


IMAGES_ONLY = PlanPart()


@pytest.mark.parametrize("check", CHECKS)
def test_a_database_in_good_order_passes(place: Place, check: Any) -> None:
    assert check(place.subject).status == "ok"


@pytest.mark.parametrize("check", CHECKS)
def test_a_first_deploy_brings_its_own_database(place: Place, check: Any) -> None:
    place.engine.all.clear()
    place.database.broken = AssertionError("nobody to ask")
    finding: Finding = check(place.subject)
    assert (finding.status, "this release brings up the database" in finding.message) == ("ok", True)


@pytest.mark.parametrize("check", CHECKS)
def test_a_server_without_the_database_is_refused(place: Place, check: Any) -> None:
    place.database.all.clear()
    finding: Finding = check(place.subject)
    assert (finding.status, "`database.name`" in finding.resolution) == ("fail", True)


@pytest.mark.parametrize(
    ("version", "status"),
    [
        (170_002, "ok"),
        (150_006, "ok"),
        (150_005, "warn"),
        (140_011, "ok"),
        (120_017, "warn"),
        (110_022, "warn"),
        (90_624, "warn"),
        (90_405, "fail"),
    ],
)
def test_servers_that_may_lose_a_clone_are_told(place: Place, version: int, status: str) -> None:
    place.database.about = replace(SERVER, version_number=version)
    assert database_is_reachable(place.subject).status == status


def test_a_server_version_is_said_as_people_know_it() -> None:
    assert (version_text(150_008), version_text(90_624)) == ("15.8", "9.6.24")


@pytest.mark.parametrize(
    ("owned", "create", "status"), [(True, True, "ok"), (False, True, "fail"), (True, False, "fail")]
)
def test_without_superuser_it_takes_the_owner_who_may_create(
    place: Place, owned: bool, create: bool, status: str
) -> None:
    place.database.about = replace(SERVER, role="tool", superuser=False, create_database=create)
    place.database.change(owned=owned)
    assert role_may_clone(place.subject).status == status


def test_missing_rights_name_the_statement_that_gives_them(place: Place) -> None:
    place.database.about = replace(SERVER, role="tool", superuser=False, create_database=False)
    place.database.change(owned=False)
    finding = role_may_clone(place.subject)
    assert finding.message == "tool is not the owner of open_lmis (postgres is) and may not create databases."
    assert "ALTER ROLE tool CREATEDB; GRANT postgres TO tool" in finding.resolution


def test_the_rollback_point_needs_the_size_and_a_reserve(place: Place) -> None:
    place.database.free = int(2 * GIB * 1.15) + GIB
    assert rollback_point_has_room(place.subject).status == "ok"
    place.database.free -= 1
    finding = rollback_point_has_room(place.subject)
    assert (finding.status, "3.5 GB" in finding.message) == ("fail", True)


def test_points_kept_from_earlier_deploys_are_named_when_room_is_short(place: Place) -> None:
    kept = RollbackPoint(database="open_lmis__before_1", run="1", of_oid=FACTS.oid, state=DatabaseState.ACCEPTED)
    place.database.kept, place.database.free = [kept], 0
    assert "open_lmis__before_1" in rollback_point_has_room(place.subject).resolution


def test_room_for_the_point_that_cannot_be_measured_is_told(place: Place) -> None:
    place.database.free = None
    assert rollback_point_has_room(place.subject).status == "warn"


def test_a_plan_without_a_rollback_point_needs_no_room(place: Place) -> None:
    place.plan, place.database.free = IMAGES_ONLY, 0
    assert rollback_point_has_room(place.subject).status == "ok"


OBSTACLES = [
    ({"prepared": ("gid-7",)}, "gid-7", "ROLLBACK PREPARED"),
    ({"subscriptions": ("from_hq",)}, "from_hq", "subscription"),
    ({"base_backups": ("pid 12",)}, "pid 12", "Wait"),
]


@pytest.mark.parametrize(("held", "named", "remedy"), OBSTACLES)
def test_what_holds_the_database_refuses(place: Place, held: dict[str, Any], named: str, remedy: str) -> None:
    place.database.in_the_way = replace(place.database.in_the_way, **held)
    finding = nothing_is_in_the_way(place.subject)
    assert (finding.status, named in finding.message, remedy in finding.resolution) == ("fail", True, True)


@pytest.mark.parametrize("values", [{"connection_limit": -2}, {"open": False}], ids=str)
def test_a_database_in_no_state_for_a_clone_refuses(place: Place, values: dict[str, Any]) -> None:
    place.database.change(**values)
    assert nothing_is_in_the_way(place.subject).status == "fail"


def test_obstacles_only_warn_where_nothing_is_cloned(place: Place) -> None:
    place.plan = IMAGES_ONLY
    place.database.in_the_way = Blockers(prepared=("gid-7",), subscriptions=(), slots=(), base_backups=())
    assert nothing_is_in_the_way(place.subject).status == "warn"


def test_a_changed_collation_library_is_told(place: Place) -> None:
    place.database.change(collation_matches=False)
    assert nothing_is_in_the_way(place.subject).status == "warn"


def test_a_rollback_may_start_from_what_an_unfinished_run_left(place: Place) -> None:
    point = RollbackPoint(database="open_lmis__before_1", run="1", of_oid=FACTS.oid, state=DatabaseState.READY)
    place.database.kept = [point]
    place.database.change(open=False)
    assert nothing_is_in_the_way(place.subject).status == "fail"
    place.plan = with_step(StepKind.SWAP_DATABASE, PlanPurpose.ROLLBACK)
    assert nothing_is_in_the_way(place.subject).status == "ok"


def test_a_swap_is_stopped_by_what_stops_a_rename(place: Place) -> None:
    place.plan = with_step(StepKind.SWAP_DATABASE, PlanPurpose.ROLLBACK)
    place.database.in_the_way = replace(NOTHING, prepared=("gid-7",))
    assert nothing_is_in_the_way(place.subject).status == "fail"


def test_a_plan_that_takes_a_point_is_held_to_it(place: Place) -> None:
    place.plan, place.database.free = with_step(StepKind.TAKE_ROLLBACK_POINT), 0
    assert rollback_point_has_room(place.subject).status == "fail"


def slot(database: str = "open_lmis", **changes: Any) -> Slot:
    return replace(Slot(name="debezium", plugin="pgoutput", database=database), **changes)


@pytest.mark.parametrize(
    ("found", "status", "said"),
    [
        (slot(), "warn", "A rollback makes these replication slots anew: debezium (pgoutput)."),
        (slot(active=True), "fail", "Replication slots are in use: debezium."),
        (slot(wal_status="lost"), "warn", "lost what they had not sent yet: debezium."),
        (slot("open_lmis__failed_1", active=True), "warn", "put aside keep the server's log from being freed"),
    ],
)
def test_slots_are_named_with_what_they_mean(place: Place, found: Slot, status: str, said: str) -> None:
    place.database.in_the_way = replace(NOTHING, slots=(found,))
    finding = nothing_is_in_the_way(place.subject)
    assert (finding.status, said in finding.message) == (status, True)


def test_a_role_that_may_not_make_slots_is_told_what_it_needs(place: Place) -> None:
    place.database.about = replace(SERVER, role="tool", superuser=False)
    place.database.in_the_way = replace(NOTHING, slots=(slot(),))
    finding = nothing_is_in_the_way(place.subject)
    assert (finding.status, finding.resolution) == ("warn", "As an administrator: ALTER ROLE tool REPLICATION.")


def test_slots_that_an_earlier_rollback_could_not_make_are_told(place: Place) -> None:
    place.database.in_the_way = replace(NOTHING, lost_slots=("debezium",))
    finding = nothing_is_in_the_way(place.subject)
    assert (finding.status, "could not make" in finding.message) == ("warn", True)


@pytest.mark.parametrize(("state", "status"), [(DatabaseState.READY, "fail"), (DatabaseState.ACCEPTED, "ok")])
def test_only_the_point_of_a_run_that_never_ended_refuses(place: Place, state: DatabaseState, status: str) -> None:
    point = RollbackPoint(database="open_lmis__before_1", run="1", of_oid=FACTS.oid, state=state)
    place.database.kept = [point]
    place.database.all.append(replace(FACTS, name="open_lmis__before_1", oid=2))
    assert nothing_is_in_the_way(place.subject).status == status


@pytest.mark.parametrize(
    "leftover",
    [
        replace(FACTS, name="open_lmis__failed_1", oid=2),
        replace(FACTS, name="open_lmis__before_1", oid=2),
        replace(FACTS, name="scratch", oid=2, connection_limit=-2),
    ],
    ids=lambda one: one.name,
)
def test_databases_of_earlier_runs_are_told(place: Place, leftover: Any) -> None:
    place.database.all.append(leftover)
    finding = nothing_is_in_the_way(place.subject)
    assert (finding.status, leftover.name in finding.message) == ("warn", True)


def test_the_database_is_asked_once_for_all_checks(place: Place) -> None:
    subject: Subject = place.subject
    assert subject.database is subject.database
