"""Going back after a release was accepted, and out of a run that was cut off."""

from __future__ import annotations

import os
import signal
import time

import pytest

from lab.estate import Estate
from tests.integration.trial import deploy, new_release, require, runs, write_row

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]


def test_a_rollback_keeps_what_was_written_since(small: Estate) -> None:
    before = small.version("requisition")
    require(deploy(small, requisition="7.1.1-hotfix.1"))
    write_row(small, "requisition", "since the hotfix")
    require(small.tool("rollback", small.instance))
    assert small.version("requisition") == before
    assert "since the hotfix" in small.rows("requisition")
    assert runs(small)[0]["kind"] == "rollback"


def test_a_rollback_restores_the_data_where_a_person_asks_for_it_by_name(small: Estate) -> None:
    before = small.version("requisition")
    write_row(small, "requisition", "before hotfix 2")
    require(deploy(small, requisition="7.1.1-hotfix.2"))
    write_row(small, "requisition", "lost with hotfix 2")
    require(small.tool("rollback", small.instance, "--data", "restore", "--no-input"), exit_code=2)
    assert small.version("requisition") == "7.1.1-hotfix.2"
    require(small.tool("rollback", small.instance, "--data", "restore", "--confirm", small.instance))
    assert small.version("requisition") == before
    rows = small.rows("requisition")
    assert ("before hotfix 2" in rows, "lost with hotfix 2" in rows) == (True, False)


def test_a_run_killed_in_the_middle_is_taken_back_by_rollback(small: Estate) -> None:
    before = small.version("requisition")
    write_row(small, "requisition", "before the kill")
    release = new_release(small, requisition="7.1.1-hotfix.2-never-listens")
    with small.started("deploy", small.instance, "--release", release) as process:
        wait_for_the_copy(small)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    assert small.status("/auth") == 503
    require(small.tool("deploy", small.instance), exit_code=10)
    require(small.tool("rollback", small.instance))
    assert small.version("requisition") == before
    assert "before the kill" in small.rows("requisition")
    assert runs(small)[0]["outcome"] == "rolled-back"


def wait_for_the_copy(estate: Estate) -> None:
    """Return once the rollback point of the running deploy is ready and the new release starts on the original."""
    known = set(copies(estate))
    end = time.monotonic() + 60
    while not set(copies(estate)) - known:
        assert time.monotonic() < end, "no rollback point was taken"
        time.sleep(0.2)
    time.sleep(1)


def copies(estate: Estate) -> list[str]:
    return estate.psql("SELECT datname FROM pg_database WHERE datname LIKE '%before%'", database="postgres")
