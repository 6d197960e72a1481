"""Which method a plan takes to make the database able to go back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from olmis_release.errors import BadInput
from olmis_release.instance.config import DatabaseConfig, DatabaseRollback, RollbackMethod
from olmis_release.instance.ports import Fallback, ServerFacts
from olmis_release.instance.site import Site
from olmis_release.manifest.model import ReleaseManifest
from olmis_release.plan.model import StepKind
from olmis_release.plan.rollback_method import choose_method, clone_needs
from olmis_release.plan.steps import method_in
from tests.fakes.database import some_facts
from tests.fakes.fallback import FakeFallback
from tests.fakes.plan_estate import REQUISITION_FILES, Estate

CLONE, DUMP, HOOK = RollbackMethod
FACTS = some_facts("open_lmis", size_bytes=10 * 1024**3)


def site(estate: Estate, *methods: RollbackMethod, **fallbacks: Fallback) -> Site:
    database = DatabaseConfig(component="db", rollback=DatabaseRollback(methods=methods))
    config = estate.site.config.model_copy(update={"database": database})
    return replace(estate.site, config=config, fallbacks={RollbackMethod(key): one for key, one in fallbacks.items()})


def test_a_clone_is_taken_where_there_is_room_for_it(serving: Estate) -> None:
    serving.database.free = clone_needs(FACTS.size_bytes)
    assert choose_method(site(serving, CLONE, DUMP), FACTS).method is CLONE
    serving.database.free = None
    assert choose_method(site(serving, CLONE, DUMP), FACTS).method is CLONE


def test_without_room_for_a_clone_the_next_is_taken_and_the_plan_says_why(serving: Estate) -> None:
    serving.database.free = clone_needs(FACTS.size_bytes) - 1
    choice = choose_method(site(serving, CLONE, DUMP, dump=FakeFallback()), FACTS)
    assert choice.method is DUMP
    assert choice.why.startswith("clone: a copy needs 13")


def test_the_order_is_the_instances_own(serving: Estate) -> None:
    assert choose_method(site(serving, DUMP, CLONE, dump=FakeFallback()), FACTS).method is DUMP


def test_a_role_that_may_not_create_databases_leaves_only_the_hook(serving: Estate) -> None:
    serving.database.facts_of_server = ServerFacts(
        version_number=150008, role="tool", superuser=False, create_database=False
    )
    ways = {"dump": FakeFallback(), "hook": FakeFallback(beside=False)}
    assert choose_method(site(serving, CLONE, DUMP, HOOK, **ways), FACTS).method is HOOK


def test_where_every_method_lacks_something_all_of_it_is_told(serving: Estate) -> None:
    serving.database.free = 0
    ways = {"hook": FakeFallback(lack="there is no executable hooks/database-snapshot")}
    with pytest.raises(BadInput) as refused:
        choose_method(site(serving, CLONE, DUMP, HOOK, **ways), FACTS)
    for said in ("clone: a copy needs", "dump: no component", "hook: there is no executable"):
        assert said in refused.value.message
    assert "--no-db-rollback" in refused.value.resolution


def test_the_method_stands_in_the_step_and_a_step_that_does_not_say_it_means_the_clone(
    serving: Estate, newer: ReleaseManifest
) -> None:
    serving.files["openlmis/requisition:7.1.1"] = {
        **REQUISITION_FILES,
        "20190301000000000__status.sql": b"alter table a add status text;",
    }
    serving.release(newer)
    steps = serving.plan().steps
    (step,) = (one for one in steps if one.kind is StepKind.TAKE_ROLLBACK_POINT)
    assert step.parameters == {"method": "clone"}
    assert method_in([step.model_copy(update={"parameters": {}})]) is CLONE
    assert method_in([step.model_copy(update={"parameters": {"method": "dump"}})]) is DUMP
    assert method_in([]) is CLONE
