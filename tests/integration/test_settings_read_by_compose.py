from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from olmis_release.instance.compose import ComposeCli
from olmis_release.instance.config import Docker
from olmis_release.instance.settings import Settings, keep_copy, read_settings
from olmis_release.manifest.render import Surroundings, render
from olmis_release.workspace import Workspace
from tests.fakes.manifest import component, release

pytestmark = pytest.mark.docker

VALUES = (
    "plain",
    "two words",
    "p$word ${HOME} $$",
    "it's",
    'a"b',
    "back\\slash\\",
    "\\n is no line break",
    "'$x\\\"",
    "#hash",
    "a=b=c",
    "\\'",
    "é ü ✓",
    "ends with '",
    "`id`",
    "-server -Xmx512m -Dx=\"y z\" -Dq='1'",
    "",
    "{'a': \"b\"}",
    "$(id)",
    "\\$x",
    "\\\\",
)


def test_compose_reads_a_kept_copy_as_the_very_values(tmp_path: Path) -> None:
    file = tmp_path / "uat.env"
    file.touch(mode=0o600)
    file.write_text("".join(f"KEY.{number}={content}\n" for number, content in enumerate(VALUES)))
    settings = read_settings(file, shown_as="uat.env", key=b"k")
    copy = keep_copy(Workspace(root=tmp_path).folder("uat"), settings)
    assert list(settings.values.values()) == list(VALUES)
    assert as_compose_reads(copy, tmp_path) == settings.values


def as_compose_reads(env_file: Path, folder: Path) -> dict[str, str]:
    compose = folder / "compose.json"
    compose.write_text(json.dumps({"name": "x", "services": {"a": {"image": "x", "env_file": [str(env_file)]}}}))
    command = ("docker", "compose", "-f", str(compose), "config", "--format", "json")
    answer = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    read: dict[str, str] = json.loads(answer.stdout)["services"]["a"]["environment"]
    return {name: content.replace("$$", "$") for name, content in read.items()}


def test_a_secret_reaches_compose_from_the_kept_copy_and_no_file_beside_the_plan(tmp_path: Path) -> None:
    file = tmp_path / "uat.env"
    file.touch(mode=0o600)
    secrets = {f"PASSWORD_{number}": content for number, content in enumerate(VALUES) if content}
    file.write_text("".join(f"{name}={content}\n" for name, content in secrets.items()))
    settings = read_settings(file, shown_as="uat.env", key=b"k")
    compose_file = tmp_path / "compose.yml"
    compose_file.write_text(rendered_with(settings, keep_copy(Workspace(root=tmp_path).folder("uat"), settings)))

    config: Any = ComposeCli("uat", Docker(), tmp_path).config(compose_file)

    read = config["services"]["a"]["environment"]
    assert {name: content.replace("$$", "$") for name, content in read.items()} == secrets
    assert "back\\slash" not in compose_file.read_text()


def rendered_with(settings: Settings, copy: Path) -> str:
    around = Surroundings(
        project="uat",
        variables={},
        settings_file=str(copy),
        settings_values=settings.values,
        settings_fingerprint=settings.fingerprint,
        secrets=settings.secrets,
        overrides={},
        mirrors={},
        front="a",
    )
    body = {"environment": {name: f"${{{name}}}" for name in settings.values}}
    manifest = release({"a": component("o/a:1", compose=body)}, variables=dict.fromkeys(settings.values))
    return render(manifest, around).text
