from pathlib import Path

import pytest

from tests.fakes.cli import Desk


def test_a_workspace_is_made_and_named(desk: Desk, tmp_path: Path) -> None:
    told = desk.type("init", str(tmp_path / "malawi"))
    assert told.status == 0
    assert (tmp_path / "malawi" / "manifests" / "instances").is_dir()
    assert f"Workspace in {tmp_path}/malawi; wrote:" in told.out
    assert "STATE: no instance was touched." in told.out
    assert f"Next: cd {tmp_path}/malawi && olmis-release candidate RELEASE" in told.out


def test_what_is_there_is_kept(desk: Desk, tmp_path: Path) -> None:
    desk.type("init", str(tmp_path / "malawi"))
    readme = next((tmp_path / "malawi").rglob("*.yml"))
    readme.write_text("mine", encoding="utf-8")
    told = desk.type("init", str(tmp_path / "malawi"), "--json")
    assert told.json["written"] == []
    assert readme.read_text("utf-8") == "mine"


def test_here_is_where_it_is_run(tmp_path: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    told = desk.type("init", ".", "-q")
    assert told.out == f"{tmp_path}/here\n"


def test_a_folder_that_cannot_be_written_is_bad_input(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    told = desk.type("init", str(tmp_path / "file" / "below"))
    assert told.status == 15
    assert "[E-UNWRITABLE]" in told.err


def test_a_new_workspace_answers_the_first_commands(desk: Desk, tmp_path: Path) -> None:
    desk.type("init", str(tmp_path / "malawi"))
    told = desk.type("--repo", str(tmp_path / "malawi"), "history")
    assert told.status == 0
