"""The Compose CLI understands a rendered release as it was meant."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from olmis_release.manifest.candidate import make_candidate
from olmis_release.manifest.model import ImageRef
from olmis_release.manifest.render import Surroundings, render
from olmis_release.workspace import Workspace
from tests.fakes.manifest import component, release

ROOT = Path(__file__).resolve().parents[2]


def understood(text: str, folder: Path) -> Any:
    file = folder / "compose.yml"
    file.write_text(text, encoding="utf-8")
    command = ["docker", "compose", "--file", str(file), "config", "--format", "json"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, env={"PATH": "/usr/bin:/bin", "X": "shell"}
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def around(folder: Path, **values: str) -> Surroundings:
    settings = folder / "uat.env"
    settings.write_text("FROM_SETTINGS=1\n", encoding="utf-8")
    return Surroundings(
        project="olmis-uat",
        variables={},
        settings_file=str(settings),
        settings_values=values,
        settings_fingerprint="f",
        overrides={},
        mirrors={},
        front="nginx",
    )


@pytest.mark.parametrize("version", ["3.4.1+mw1", "3.5.0+mw1", "3.6.0+mw1"])
def test_compose_accepts_each_release_of_this_workspace(version: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "manifests/core", tmp_path / "manifests/core")
    shutil.copytree(ROOT / "manifests/extensions", tmp_path / "manifests/extensions")

    def digest_of(image: ImageRef) -> str:
        return f"sha256:{sum(str(image).encode()):064x}"

    manifest = make_candidate(Workspace(root=tmp_path), version, digest_of=digest_of).manifest
    config = understood(render(manifest, around(tmp_path, spring_profiles_active="production")).text, tmp_path)
    assert config["name"] == "olmis-uat"
    assert config["services"].keys() == manifest.components.keys()
    assert all("@sha256:" in body["image"] for body in config["services"].values())
    assert config["services"]["hapifhir"]["environment"]["spring_profiles_active"] == "production"
    assert config["services"]["auth"]["environment"]["FROM_SETTINGS"] == "1"


def test_texts_reach_containers_as_they_were_written_whatever_the_shell_holds(tmp_path: Path) -> None:
    written = {"A": "1.10", "B": "no", "C": "$X ${ $(id)", "D": "010", "E": "", "F": "a: b #c", "G": "é '\""}
    body = component("o/a:1", compose={"environment": {**written, "H": "$${X}"}})
    nginx = component("o/nginx:1")
    config = understood(render(release({"a": body, "nginx": nginx}), around(tmp_path)).text, tmp_path)
    # `config` prints what it would interpolate again, so a literal dollar comes out doubled.
    environment = {key: value.replace("$$", "$") for key, value in config["services"]["a"]["environment"].items()}
    assert environment == {**written, "H": "${X}"}


def test_numbers_and_switches_written_as_text_mean_what_they_say(tmp_path: Path) -> None:
    body = component(
        "o/a:1",
        compose={
            "cpus": "2",
            "mem_limit": "1.3G",
            "privileged": "false",
            "init": "true",
            "read_only": "true",
            "tty": "true",
            "stop_grace_period": "30s",
            "pids_limit": "100",
            "ports": [{"target": "80", "published": "8080", "host_ip": "127.0.0.1"}],
            "healthcheck": {"test": ["CMD", "true"], "interval": "30s", "retries": "10", "disable": "false"},
            "logging": {"driver": "json-file", "options": {"max-size": "10m", "max-file": "3"}},
            "ulimits": {"nofile": {"soft": "100", "hard": "200"}},
            "volumes": [{"type": "volume", "source": "data", "target": "/d", "read_only": "true"}],
        },
    )
    made = release({"a": body, "nginx": component("o/nginx:1")}, volumes={"data": {"external": "false"}})
    service = understood(render(made, around(tmp_path)).text, tmp_path)["services"]["a"]
    assert (service["cpus"], service["init"], service["read_only"], service["tty"]) == (2, True, True, True)
    assert service["healthcheck"]["retries"] == 10
    assert service["ports"][0]["target"] == 80
    assert service["ulimits"]["nofile"] == {"soft": 100, "hard": 200}
    assert service["volumes"][0]["read_only"] is True
