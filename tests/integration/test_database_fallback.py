"""Whole deploys whose database goes back by a dump, or, because that was typed, not at all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.estate import Estate
from tests.integration.trial import deploy, likeness, new_release, require, runs, watched, write_row

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]


@pytest.fixture
def dumping(own_estate: Estate) -> Iterator[Estate]:
    require(deploy(own_estate))
    own_estate.change({("database",): "{component: db, rollback: {methods: [dump]}}"})
    yield own_estate
    own_estate.change({("database",): "{component: db}"})
    require(deploy(own_estate))


def test_a_bad_release_goes_back_by_its_dump_with_every_write_that_was_acknowledged(dumping: Estate) -> None:
    version, before = dumping.version("requisition"), likeness(dumping)
    bad = new_release(dumping, requisition="7.1.1-hotfix.1-drops-column")
    seen = watched(dumping, ("requisition",), "deploy", dumping.instance, "--release", bad)
    require(seen.done, exit_code=9)
    assert dumping.version("requisition") == version
    after = likeness(dumping)
    for aspect in before:
        assert sorted(after[aspect]) == sorted(before[aspect])
    assert seen.verdicts["requisition"].holds
    assert runs(dumping)[0]["way_back"] == "DATABASE"
    assert "sha256" in seen.done.stderr


def test_a_good_release_keeps_what_is_written_after_its_dump_until_a_person_restores_it(dumping: Estate) -> None:
    write_row(dumping, "requisition", "before the dump")
    require(deploy(dumping, requisition="7.1.1-hotfix.1"))
    write_row(dumping, "requisition", "after the dump")
    assert "after the dump" in dumping.rows("requisition")
    require(dumping.tool("rollback", dumping.instance, "--data", "restore", "--confirm", dumping.instance))
    rows = dumping.rows("requisition")
    assert ("before the dump" in rows, "after the dump" in rows) == (True, False)


def test_what_cannot_take_the_database_back_is_typed_told_and_recorded(own_estate: Estate) -> None:
    require(deploy(own_estate))
    release = new_release(own_estate, requisition="7.1.1-hotfix.2")
    require(own_estate.tool("plan", release, "--to", own_estate.instance, "--no-db-rollback"))
    require(own_estate.tool("deploy", own_estate.instance, "--release", release), exit_code=2)
    done = require(own_estate.tool("deploy", own_estate.instance, "--release", release, "--no-db-rollback"))
    assert "cannot be taken back" in done.stdout
    assert (runs(own_estate)[0]["no_db_rollback"], runs(own_estate)[0]["way_back"]) == (True, "IMAGES")
