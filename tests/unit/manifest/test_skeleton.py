"""What `init` writes."""

from pathlib import Path

import pytest

from olmis_release.errors import BadInput
from olmis_release.instance.config import InstanceConfig
from olmis_release.manifest.candidate import make_candidate
from olmis_release.manifest.skeleton import planned_files, write_skeleton
from olmis_release.workspace import Workspace
from olmis_release.yamlio import read_model, read_yaml

ROOT = Path(__file__).resolve().parents[3]


def test_a_new_workspace_has_every_folder_and_example(tmp_path: Path) -> None:
    written = write_skeleton(tmp_path / "deep" / "new")
    assert written == planned_files()
    for folder in ("core", "extensions", "instances", "candidates", "releases"):
        assert (tmp_path / "deep/new/manifests" / folder).is_dir()
    assert (tmp_path / "deep/new/plans").is_dir()
    assert (tmp_path / "deep/new/hooks/README.md").exists()


def test_what_is_there_is_kept_and_not_listed(tmp_path: Path) -> None:
    mine = tmp_path / "manifests/instances/uat.yml"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine\n", encoding="utf-8")
    assert Path("manifests/instances/uat.yml") not in write_skeleton(tmp_path)
    assert mine.read_text(encoding="utf-8") == "mine\n"
    assert write_skeleton(tmp_path) == ()


def test_the_examples_make_a_candidate_as_they_are(tmp_path: Path) -> None:
    write_skeleton(tmp_path)
    made = make_candidate(Workspace(root=tmp_path), "3.5.0+example1", digest_of=None)
    assert made.number == 1
    assert "ftp" in made.manifest.dropped


def test_the_example_instance_is_a_good_one(tmp_path: Path) -> None:
    write_skeleton(tmp_path)
    document = read_yaml(tmp_path / "manifests/instances/uat.yml", shown_as="uat.yml")
    assert read_model(InstanceConfig, document).name == "uat"


@pytest.mark.parametrize(
    ("before", "added"),
    [
        (None, [".olmis-release/", "settings/"]),
        ("*.pyc", [".olmis-release/", "settings/"]),
        ("/settings\n", [".olmis-release/"]),
        (".olmis-release\nsettings/\n", []),
    ],
)
def test_git_ignores_private_files_besides_what_it_ignored_before(
    tmp_path: Path, before: str | None, added: list[str]
) -> None:
    path = tmp_path / ".gitignore"
    if before is not None:
        path.write_text(before, encoding="utf-8")
    write_skeleton(tmp_path)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [
        line for line in lines if line.strip("/") in {".olmis-release", "settings"} and line not in (before or "")
    ] == added
    assert (before or "").splitlines() == lines[: len((before or "").splitlines())]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "manifests").write_text("a file in the way", encoding="utf-8")
    with pytest.raises(BadInput, match=r"manifests.* cannot be written"):
        write_skeleton(tmp_path)


def test_the_packaged_core_manifest_is_that_of_this_workspace() -> None:
    packaged = ROOT / "olmis_release/manifest/templates/manifests/core/3.5.0.yml"
    assert packaged.read_text(encoding="utf-8") == (ROOT / "manifests/core/3.5.0.yml").read_text(encoding="utf-8")
