"""Which Core manifest and which extension a release is made of."""

from pathlib import Path

import pytest

from olmis_release.errors import BadInput
from olmis_release.manifest.extension import load_core, load_extension
from olmis_release.version import ReleaseVersion
from olmis_release.workspace import Workspace
from tests.fakes.manifest import CORE


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    for folder in ("core", "extensions"):
        (tmp_path / "manifests" / folder).mkdir(parents=True)
    (tmp_path / "manifests/core/3.5.0.yml").write_text(CORE, encoding="utf-8")
    write(tmp_path, "mw.yml", core=">=3.5.0,<3.6.0")
    write(tmp_path, "mw-3.6.yml", core=">=3.6.0,<3.7.0")
    write(tmp_path, "ao.yml", core=">=3.5.0", name="ao")
    return Workspace(root=tmp_path)


def write(root: Path, file: str, *, core: str, name: str = "mw") -> None:
    text = f'kind: extension\nname: {name}\ncore: "{core}"\ncomponents: {{}}\n'
    (root / "manifests/extensions" / file).write_text(text, encoding="utf-8")


def chosen(workspace: Workspace, version: str) -> str:
    layer = load_extension(workspace, ReleaseVersion.parse(version))
    return layer.document.shown_as.rpartition("/")[2] if layer else ""


def refusal(workspace: Workspace, version: str) -> str:
    with pytest.raises(BadInput) as refused:
        load_extension(workspace, ReleaseVersion.parse(version))
    return str(refused.value)


@pytest.mark.parametrize(
    ("version", "file"), [("3.5.0+mw1", "mw.yml"), ("3.6.2+mw9", "mw-3.6.yml"), ("3.9.0+ao1", "ao.yml"), ("3.5.0", "")]
)
def test_name_and_core_range_decide_which_extension_speaks(workspace: Workspace, version: str, file: str) -> None:
    assert chosen(workspace, version) == file


def test_when_none_fits_every_range_of_that_name_is_shown(workspace: Workspace) -> None:
    told = refusal(workspace, "3.7.0+mw1")
    assert "manifests/extensions/mw.yml:3:7: this extension is for Core >=3.5.0,<3.6.0, not 3.7.0." in told
    assert "manifests/extensions/mw-3.6.yml:3:7:" in told
    assert "ao.yml" not in told


def test_an_unknown_name_is_answered_with_the_files_there_are(workspace: Workspace) -> None:
    with pytest.raises(BadInput, match="no extension is named mww") as refused:
        load_extension(workspace, ReleaseVersion.parse("3.5.0+mww1"))
    assert refused.value.resolution == "Files in manifests/extensions: ao, mw, mw-3.6."


def test_two_that_fit_are_both_shown(workspace: Workspace) -> None:
    write(workspace.root, "mw-too.yml", core=">=3.5.0,<4.0.0")
    told = refusal(workspace, "3.5.0+mw1")
    assert "mw.yml:3:7:" in told
    assert "mw-too.yml:3:7:" in told


def test_a_range_that_cannot_be_read_is_shown_with_an_example(workspace: Workspace) -> None:
    write(workspace.root, "mw.yml", core="^3.5")
    with pytest.raises(BadInput, match=r"mw\.yml:3:7: `core`: '\^3\.5' is not a comparison") as refused:
        load_extension(workspace, ReleaseVersion.parse("3.5.0+mw1"))
    assert "Write a range such as" in refused.value.resolution


def test_the_mistakes_of_another_countrys_extension_are_not_this_releases_business(workspace: Workspace) -> None:
    (workspace.extensions / "ao.yml").write_text("name: ao\nkind: wrong\n", encoding="utf-8")
    assert chosen(workspace, "3.5.0+mw1") == "mw.yml"


def test_an_unknown_core_is_answered_with_those_there_are(workspace: Workspace) -> None:
    with pytest.raises(BadInput, match=r"no manifest of Core 3\.5\.1 .*Did you mean `3\.5\.0`\?") as refused:
        load_core(workspace, ReleaseVersion.parse("3.5.1+mw1"))
    assert refused.value.resolution.startswith("There are: 3.5.0.")


def test_a_core_manifest_under_a_wrong_name_is_refused(workspace: Workspace) -> None:
    workspace.core("3.6.0").write_text(CORE, encoding="utf-8")
    with pytest.raises(BadInput, match=r"core/3\.6\.0\.yml:2:10: the file says version 3\.5\.0, its name says 3\.6\.0"):
        load_core(workspace, ReleaseVersion.parse("3.6.0"))
