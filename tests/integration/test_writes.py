"""The main promise: whatever was acknowledged is there afterwards, once, whether a release stays or goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from lab.estate import Estate, Wishes, make_estate, remove_project
from lab.fleet import Fleet
from tests.integration.trial import (
    BOOT_SCALE,
    Finished,
    Watched,
    fresh_name,
    likeness,
    require,
    runs,
    watched,
)

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600)]

FIRST, GOOD, BAD = "3.4.1+mw1", "3.5.0+mw1", "3.5.0+mw2"
#: Services that clients write to; each has a schema of its name.
WRITTEN_TO = ("requisition", "stockmanagement", "hapifhir")
#: What an administrator may have set on a database, and a clone does not carry by itself.
MARKS = (
    "CREATE ROLE reader LOGIN",
    "GRANT CONNECT ON DATABASE open_lmis TO reader",
    "REVOKE TEMPORARY ON DATABASE open_lmis FROM PUBLIC",
    "ALTER DATABASE open_lmis SET statement_timeout = '10min'",
    "ALTER ROLE reader IN DATABASE open_lmis SET work_mem = '8MB'",
    "ALTER DATABASE open_lmis CONNECTION LIMIT 200",
    "COMMENT ON DATABASE open_lmis IS 'ask the ministry before touching'",
    "GRANT SELECT ON requisition.records TO reader",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class First:
    """The full estate and its first deploy."""

    estate: Estate
    done: Finished


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgraded:
    """The full estate after a good deploy that was watched; `before` are containers by component from before it."""

    estate: Estate
    watched: Watched
    before: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """A bad release that was deployed and taken back while clients wrote."""

    upgraded: Upgraded
    watched: Watched
    before: dict[str, list[str]]
    after: dict[str, list[str]]


@pytest.fixture(scope="module")
def first(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[First]:
    """The full estate, deployed for the first time onto nothing."""
    name = fresh_name()
    wishes = Wishes(
        project=f"olmis-{name}", instance=name, registry=fleet.registry, boot_scale=BOOT_SCALE, ready_s=90, steady_s=0
    )
    try:
        estate = make_estate(tmp_path_factory.mktemp("full") / "workspace", wishes)
        require(estate.candidate(FIRST))
        yield First(estate=estate, done=require(estate.tool("deploy", estate.instance)))
    finally:
        remove_project(wishes.project)


@pytest.fixture(scope="module")
def upgraded(first: First) -> Upgraded:
    """The full estate at the good release, deployed while clients wrote."""
    estate = first.estate
    before = {name: estate.container(name) for name in ("redis", "nginx", "consul", "db", "auth")}
    require(estate.candidate(GOOD))
    require(estate.tool("plan", GOOD, "--to", estate.instance))
    return Upgraded(estate=estate, watched=watched(estate, WRITTEN_TO, "deploy", estate.instance), before=before)


@pytest.fixture(scope="module")
def taken_back(upgraded: Upgraded) -> TakenBack:
    estate = upgraded.estate
    for mark in MARKS:
        estate.psql(mark)
    require(estate.candidate(BAD, requisition="7.1.1-hotfix.1-drops-column"))
    require(estate.tool("plan", BAD, "--to", estate.instance))
    before = likeness(estate)
    seen = watched(estate, WRITTEN_TO, "deploy", estate.instance)
    return TakenBack(upgraded=upgraded, watched=seen, before=before, after=likeness(estate))


def test_a_release_comes_up_on_an_empty_host(first: First) -> None:
    assert f"STATE {first.estate.instance}: open, serving {FIRST}" in first.done.stdout
    recorded = next(run for run in runs(first.estate) if run["release"] == FIRST)
    assert (recorded["outcome"], recorded["way_back"], recorded["exit_code"]) == ("deployed", "NONE", 0)


def test_every_row_acknowledged_during_a_good_deploy_is_there_once(upgraded: Upgraded) -> None:
    require(upgraded.watched.done)
    assert {service: verdict.holds for service, verdict in upgraded.watched.verdicts.items()} == dict.fromkeys(
        WRITTEN_TO, True
    )


def test_a_good_deploy_replaces_only_what_changes(upgraded: Upgraded) -> None:
    now = {name: upgraded.estate.container(name) for name in upgraded.before}
    assert {name for name in now if now[name] != upgraded.before[name]} == {"auth"}
    assert upgraded.estate.version("requisition") == "7.1.1-hotfix.1"


def test_users_are_cut_off_once_and_the_record_says_how_long(upgraded: Upgraded) -> None:
    recorded = next(run for run in runs(upgraded.estate) if run["release"] == GOOD)
    assert (recorded["outcome"], recorded["way_back"], recorded["exit_code"]) == ("deployed", "DATABASE", 0)
    assert upgraded.watched.outage.recovered
    assert recorded["outage_s"] == pytest.approx(upgraded.watched.outage.total_s, abs=2.0)
    assert 0 not in upgraded.watched.outage.statuses, "a connection was refused or cut"


def test_every_row_acknowledged_during_a_release_taken_back_is_there_once(taken_back: TakenBack) -> None:
    require(taken_back.watched.done, exit_code=9)
    assert {service: verdict.holds for service, verdict in taken_back.watched.verdicts.items()} == dict.fromkeys(
        WRITTEN_TO, True
    )


def test_a_release_taken_back_leaves_the_database_as_it_was(taken_back: TakenBack) -> None:
    assert taken_back.after == taken_back.before


def test_a_release_taken_back_leaves_the_old_one_serving(taken_back: TakenBack) -> None:
    estate = taken_back.upgraded.estate
    assert f"STATE {estate.instance}: open, serving {GOOD}" in taken_back.watched.done.stdout
    assert estate.version("requisition") == "7.1.1-hotfix.1"
    assert runs(estate)[0]["outcome"] == "rolled-back"
    assert 0 not in taken_back.watched.outage.statuses, "a connection was refused or cut"


def test_the_failed_database_is_kept_closed_for_diagnosis(taken_back: TakenBack) -> None:
    rows = taken_back.upgraded.estate.psql(
        "SELECT datallowconn FROM pg_database WHERE datname LIKE 'open\\_lmis\\_\\_failed\\_%'"
    )
    assert rows == ["f"]
