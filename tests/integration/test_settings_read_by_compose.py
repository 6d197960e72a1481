from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from olmis_release.instance.settings import keep_copy, read_settings
from olmis_release.workspace import Workspace

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
