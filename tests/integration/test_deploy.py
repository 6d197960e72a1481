"""Deploys that touch little: what does not change keeps running, and users are disturbed only where they must be."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.estate import Estate
from tests.integration.trial import deploy, new_release, require, runs, watched

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]


def containers(estate: Estate, *names: str) -> dict[str, str]:
    return {name: estate.container(name) for name in names}


def test_what_runs_already_needs_nothing(small: Estate) -> None:
    require(deploy(small))
    release = new_release(small)
    before = len(runs(small))
    for command in (["deploy", small.instance, "--release", release], ["plan", release, "--to", small.instance]):
        assert "nothing to do" in require(small.tool(*command)).stdout
    assert len(runs(small)) == before


def test_new_screens_come_without_a_wall_and_without_touching_anything_else(small: Estate) -> None:
    require(deploy(small))
    before = containers(small, "auth", "requisition", "nginx", "consul", "db", "hapifhir")
    release = new_release(small, reference_ui="5.1.4")
    seen = watched(small, ("requisition", "hapifhir"), "deploy", small.instance, "--release", release)
    require(seen.done)
    assert containers(small, *before) == before
    assert runs(small)[0]["way_back"] == "IMAGES"
    for verdict in seen.verdicts.values():
        assert verdict.holds
        assert verdict.kept_in_doubt == 0


def test_a_new_front_is_replaced_behind_the_wall(small: Estate) -> None:
    require(deploy(small))
    before = containers(small, "auth", "requisition", "db", "nginx")
    seen = watched(small, ("requisition",), "deploy", small.instance, "--release", new_release(small, nginx="5"))
    require(seen.done)
    after = containers(small, *before)
    assert {name for name in after if after[name] != before[name]} == {"nginx"}
    assert runs(small)[0]["way_back"] == "IMAGES"
    assert seen.verdicts["requisition"].holds
    assert 0 not in seen.outage.statuses, "a connection was refused or cut"


def test_a_replaced_consul_gets_every_registration_back(small: Estate) -> None:
    small.change({("components", "consul", "set"): '{ports: [], labels: {lab.try: "1"}}'})
    require(deploy(small))
    assert [small.status(path) for path in ("/", "/auth", "/requisition", "/hapifhir")] == [200] * 4


def test_a_pre_deploy_hook_that_says_no_stops_before_anything_is_touched(small: Estate, hooks: Path) -> None:
    before = containers(small, "auth", "requisition", "nginx")
    write_hook(hooks / "pre-deploy.d" / "10-no", "echo not today; exit 1")
    done = require(deploy(small, auth="4.1.1"), exit_code=6)
    assert "not today" in done.stdout + done.stderr
    assert containers(small, *before) == before


def test_hooks_get_the_event_and_a_failing_one_afterwards_changes_nothing(small: Estate, hooks: Path) -> None:
    write_hook(
        hooks / "pre-deploy.d" / "10-note", 'cat > hooks/event.json; echo "$OLMIS_RELEASE_INSTANCE" > hooks/name'
    )
    write_hook(hooks / "post-deploy.d" / "10-fails", "echo cannot reach the logbook; exit 3")
    done = require(deploy(small, auth="4.1.1"))
    assert "cannot reach the logbook" in done.stdout + done.stderr
    assert (hooks / "name").read_text().strip() == small.instance
    assert '"moment": "pre-deploy"' in (hooks / "event.json").read_text()
    assert small.version("auth") == "4.1.1"


def write_hook(path: Path, script: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
