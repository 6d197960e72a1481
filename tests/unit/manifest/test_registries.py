"""Mirrors of registries: the workspace's file and the command line's entries."""

from pathlib import Path

import pytest

from olmis_release.errors import BadInput
from olmis_release.manifest.registries import parse_mirrors, workspace_mirrors
from olmis_release.workspace import Workspace


def write(root: Path, text: str) -> Workspace:
    (root / "manifests").mkdir()
    (root / "manifests/registries.yml").write_text(text, encoding="utf-8")
    return Workspace(root=root)


def test_a_workspace_without_the_file_has_no_mirrors(tmp_path: Path) -> None:
    assert workspace_mirrors(Workspace(root=tmp_path)) == {}


def test_the_file_names_a_mirror_for_each_registry(tmp_path: Path) -> None:
    workspace = write(tmp_path, 'kind: registries\nmirrors: {docker.io: "127.0.0.1:5790", quay.io: m.example/q}\n')
    assert workspace_mirrors(workspace) == {"docker.io": "127.0.0.1:5790", "quay.io": "m.example/q"}


@pytest.mark.parametrize("host", ["http://m:5000", "-x", "m 1", "m:port", ""])
def test_what_is_no_host_is_refused_at_its_place(tmp_path: Path, host: str) -> None:
    workspace = write(tmp_path, f'kind: registries\nmirrors: {{docker.io: "{host}"}}\n')
    with pytest.raises(BadInput, match=r"manifests/registries\.yml:2:22: .* is not a registry host"):
        workspace_mirrors(workspace)


def test_entries_of_the_command_line_are_read_alike() -> None:
    assert parse_mirrors(["docker.io=m:5000"], shown_as="--mirror") == {"docker.io": "m:5000"}
    with pytest.raises(BadInput, match=r"--mirror: 'docker\.io' is not REGISTRY=HOST"):
        parse_mirrors(["docker.io"], shown_as="--mirror")
