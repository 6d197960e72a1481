"""What the tool refuses, with which status, and that nothing is touched then."""

from __future__ import annotations

import subprocess
from pathlib import Path

import docker
import pytest

from lab.estate import Estate
from tests.integration.trial import deploy, new_release, require, runs

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]


def everything(estate: Estate) -> list[tuple[str, str]]:
    """Name what runs, to see that nothing was touched."""
    found = docker.from_env().containers.list(all=True)
    return sorted((str(one.name), str(one.id)) for one in found if str(one.name).startswith(estate.project))


def test_a_plan_is_stale_once_a_container_was_recreated_by_hand(small: Estate) -> None:
    plan(small, nginx="5")
    recreate(small, "nginx")
    before = everything(small)
    done = require(small.tool("deploy", small.instance), exit_code=5)
    assert "nginx" in done.stderr
    assert everything(small) == before
    require(deploy(small))


def test_a_plan_is_stale_once_the_settings_changed(small: Estate) -> None:
    plan(small, auth="4.1.2")
    text = small.settings.read_text()
    small.settings.write_text(f"{text}MAIL_REPLY=helpdesk\n")
    before = everything(small)
    done = require(small.tool("deploy", small.instance), exit_code=5)
    small.settings.write_text(text)
    assert "settings" in done.stderr
    assert everything(small) == before


def test_a_plan_runs_once(small: Estate) -> None:
    require(deploy(small, hapifhir="1.0.0"))
    used = runs(small)[0]["code"]
    done = require(small.tool("deploy", small.instance, "--plan", used), exit_code=5)
    assert "a plan runs once" in done.stderr


def test_of_two_deploys_at_once_one_is_refused(small: Estate) -> None:
    release = new_release(small, auth="4.1.2")
    with (
        small.started("deploy", small.instance, "--release", release) as one,
        small.started("deploy", small.instance, "--release", release) as other,
    ):
        ends = [process.communicate() for process in (one, other)]
    assert sorted((one.returncode, other.returncode)) == [0, 8], ends
    assert small.version("auth") == "4.1.2"


def test_settings_that_others_may_read_are_refused(small: Estate) -> None:
    before = everything(small)
    small.settings.chmod(0o644)
    try:
        done = require(small.tool("preflight", small.instance), exit_code=6)
        require(deploy(small, auth="4.1.1"), exit_code=6)
    finally:
        small.settings.chmod(0o600)
    assert "chmod 600" in done.stdout + done.stderr
    assert everything(small) == before


def test_a_profile_without_production_is_refused_for_it_would_wipe_the_data(small: Estate) -> None:
    before, text = everything(small), small.settings.read_text()
    small.settings.write_text(text.replace("spring_profiles_active=production", "spring_profiles_active=refresh-db"))
    try:
        done = require(deploy(small, auth="4.1.1"), exit_code=6)
    finally:
        small.settings.write_text(text)
    assert "production" in done.stderr
    assert everything(small) == before


def test_preflight_passes_where_all_is_well(small: Estate) -> None:
    require(small.tool("preflight", small.instance))
    require(small.tool("smoke", small.instance))


def test_smoke_alone_says_what_fails(small: Estate) -> None:
    small.change({("smoke",): "[{name: nobody home, path: /nowhere}]"})
    try:
        done = require(small.tool("smoke", small.instance), exit_code=11)
    finally:
        small.change({("smoke",): "[{name: requisitions are listed, path: /api/requisition/records?count=1}]"})
    assert "nobody home" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (["deploy", "nowhere"], 15),
        (["plan", "9.9.9+small1", "--to", "{instance}"], 15),
        (["candidate", "not-a-version"], 15),
        (["candidate", "3.5.0+small99", "--set", "nobody=1.0.0"], 15),
        (["candidate", "3.5.0+small99", "--set", "auth=0.0.0-missing"], 15),
        (["deploy", "{instance}", "--plan", "AAAA-AAAA"], 15),
        (["rollback", "{instance}", "--to", "1.0.0+small1"], 12),
        (["deploy"], 2),
    ],
)
def test_a_wrong_name_is_told_and_touches_nothing(small: Estate, arguments: list[str], exit_code: int) -> None:
    before = everything(small)
    named = [one.format(instance=small.instance) for one in arguments]
    done = require(small.tool(*named), exit_code=exit_code)
    assert "Traceback" not in done.stderr
    assert "STATE" in done.stdout + done.stderr
    assert everything(small) == before


def test_broken_yaml_is_told_with_its_line(small: Estate) -> None:
    extension = small.folder / "manifests" / "extensions" / "small.yml"
    text = extension.read_text()
    extension.write_text(text.replace("  cce: {remove", "  cce: {remov"))
    try:
        done = require(small.tool("candidate", "3.5.0+small99"), exit_code=15)
    finally:
        extension.write_text(text)
    assert "small.yml:10" in done.stderr
    assert not Path(small.folder / "manifests" / "candidates" / "3.5.0+small99").exists()


def plan(estate: Estate, **pins: str) -> None:
    require(estate.tool("plan", new_release(estate, **pins), "--to", estate.instance))


def recreate(estate: Estate, component: str) -> None:
    """Put another container in a component's place, as somebody on the host might."""
    newest = max(estate.folder.glob("plans/*/compose.yml"), key=lambda file: file.stat().st_mtime)
    compose = ["docker", "compose", "--project-directory", str(estate.folder), "-f", str(newest)]
    argv = [*compose, "up", "-d", "--force-recreate", "--no-deps", component]
    subprocess.run(argv, check=True, capture_output=True, timeout=120)
