"""The command lines that Compose gets, through a `docker` of our own on the PATH that notes them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from olmis_release.errors import EffectUnknown, StepFailed, TargetUnreachable
from olmis_release.instance.compose import ComposeCli, up_arguments
from olmis_release.instance.config import Docker

FILE = Path("/w/compose.yml")


@pytest.fixture
def docker_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a `docker` on the PATH that notes arguments and environment and prints the file `says`."""
    program = tmp_path / "docker"
    program.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" >{tmp_path}/argv\nenv >{tmp_path}/env\n'
        f"cat {tmp_path}/says; cat {tmp_path}/complains >&2; exit $(cat {tmp_path}/code)\n"
    )
    program.chmod(0o755)
    for name, text in {"says": "", "complains": "", "code": "0"}.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


def compose(docker: Docker | None = None) -> ComposeCli:
    return ComposeCli("uat", docker or Docker(), Path("/w"))


def test_up_names_project_folder_file_and_components_and_pulls_builds_and_adds_nothing(docker_says: Path) -> None:
    compose(Docker(host="unix:///uat.sock")).up(FILE, ["auth", "requisition"], timeout_s=5)
    assert (docker_says / "argv").read_text().split("\n")[:-1] == [
        *("--host", "unix:///uat.sock", "compose", "--ansi", "never", "--progress", "plain"),
        *("--project-name", "uat", "--project-directory", "/w", "--env-file", "/dev/null", "--file", "/w/compose.yml"),
        *("up", "--detach", "--no-deps", "--no-build", "--pull", "never", "auth", "requisition"),
    ]


def test_the_users_compose_variables_change_nothing(docker_says: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPOSE_PROFILES", "evil")
    monkeypatch.setenv("COMPOSE_PARALLEL_LIMIT", "1000")
    compose().up(FILE, ["auth"], timeout_s=5)
    seen = [line for line in (docker_says / "env").read_text().splitlines() if line.startswith("COMPOSE_")]
    assert sorted(seen) == ["COMPOSE_IGNORE_ORPHANS=1", "COMPOSE_PARALLEL_LIMIT=8"]


def test_up_without_components_is_a_bug_and_not_everything() -> None:
    with pytest.raises(ValueError, match="everything"):
        up_arguments(())


def test_a_failed_up_shows_what_compose_said(docker_says: Path) -> None:
    (docker_says / "complains").write_text("port is already allocated\n")
    (docker_says / "code").write_text("1")
    with pytest.raises(StepFailed, match=r"Compose failed to start auth \(exit 1\)") as error:
        compose().up(FILE, ["auth"], timeout_s=5)
    assert error.value.details == "port is already allocated"


def test_an_engine_that_is_lost_on_the_way_may_have_started_something(docker_says: Path) -> None:
    (docker_says / "complains").write_text("Cannot connect to the Docker daemon at unix:///x. Is it running?\n")
    (docker_says / "code").write_text("1")
    with pytest.raises(EffectUnknown, match="start auth"):
        compose().up(FILE, ["auth"], timeout_s=5)


def test_an_up_that_hangs_is_given_up_at_its_deadline_and_may_have_started_something(docker_says: Path) -> None:
    (docker_says / "docker").write_text("#!/bin/sh\nsleep 60\n")
    with pytest.raises(EffectUnknown, match="did not start auth within"):
        compose().up(FILE, ["auth"], timeout_s=0.3)


def test_config_is_read_as_json(docker_says: Path) -> None:
    (docker_says / "says").write_text(json.dumps({"name": "uat", "services": {}}))
    assert compose().config(FILE) == {"name": "uat", "services": {}}


@pytest.mark.parametrize(("said", "version"), [("2.26.1-4\n", "2.26.1-4"), ("v2.39.2\n", "2.39.2")])
def test_the_version_is_told_without_ornament(docker_says: Path, said: str, version: str) -> None:
    (docker_says / "says").write_text(said)
    assert compose().version() == version


def test_a_docker_without_compose_2_says_what_to_install(docker_says: Path) -> None:
    (docker_says / "complains").write_text("docker: 'compose' is not a docker command.\n")
    (docker_says / "code").write_text("1")
    with pytest.raises(TargetUnreachable) as error:
        compose().version()
    assert "Compose plugin" in error.value.resolution
