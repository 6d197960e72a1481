"""The main promise: whatever was acknowledged is there afterwards, once, whether a release stays or goes."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.integration.conftest import Upgraded
from tests.integration.trial import BAD, GOOD, WRITTEN_TO, Watched, likeness, require, runs, watched

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600)]

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
class TakenBack:
    """A bad release that was deployed and taken back while clients wrote."""

    upgraded: Upgraded
    watched: Watched
    before: dict[str, list[str]]
    after: dict[str, list[str]]


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
