from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from olmis_release.errors import BadInput, PreflightRefused
from olmis_release.instance.settings import Settings, for_compose, keep_copy, read_settings
from olmis_release.workspace import Workspace

KEY = b"k" * 32


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "uat.env"
    path.touch(mode=0o600)
    return path


def read(file: Path, text: str) -> Settings:
    file.write_bytes(text.encode())
    return read_settings(file, shown_as="settings/uat.env", key=KEY)


def problems(file: Path, text: str) -> list[str]:
    with pytest.raises(BadInput) as refused:
        read(file, text)
    return [f"{one.where} {one.code}" for one in refused.value.problems]


def test_values_are_what_stands_behind_the_equals_sign(file: Path) -> None:
    text = "\ufeff# mail\r\n\r\nA=1\r\nPASSWORD=p$a=s'\"\\#x \n spring.datasource.url = jdbc:x \nEMPTY=\n"
    expected = {"A": "1", "PASSWORD": "p$a=s'\"\\#x", "spring.datasource.url": "jdbc:x", "EMPTY": ""}
    assert read(file, text).values == expected


def test_every_bad_line_is_named_at_once(file: Path) -> None:
    text = 'A=1\nA=2\nexport B=1\nB-\u00e9=1\nNOVALUE\nQ="x"\nC=1 # one\nV=a\x07b\n'
    assert problems(file, text) == [
        "settings/uat.env:2 E-SETTINGS-DUPLICATE",
        "settings/uat.env:3 E-SETTINGS-LINE",
        "settings/uat.env:4 E-SETTINGS-KEY",
        "settings/uat.env:5 E-SETTINGS-LINE",
        "settings/uat.env:6 E-SETTINGS-QUOTES",
        "settings/uat.env:7 E-SETTINGS-COMMENT",
        "settings/uat.env:8 E-SETTINGS-VALUE",
    ]


def test_no_value_is_shown_in_a_message(file: Path) -> None:
    with pytest.raises(BadInput) as refused:
        read(file, 'PASSWORD="hunter2"\n')
    assert "hunter2" not in str(refused.value)


def test_a_missing_file_a_folder_and_other_text_are_told(file: Path, tmp_path: Path) -> None:
    for path in (tmp_path / "none.env", tmp_path):
        with pytest.raises(BadInput, match="cannot be read"):
            read_settings(path, shown_as="settings/none.env")
    file.write_bytes(b"A=\xff\n")
    with pytest.raises(BadInput, match="not UTF-8"):
        read_settings(file, shown_as="settings/uat.env")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o606, 0o700])
def test_a_file_that_others_can_read_is_refused_with_the_command_that_helps(file: Path, mode: int) -> None:
    file.chmod(mode)
    with pytest.raises(PreflightRefused) as refused:
        read_settings(file, shown_as="settings/uat.env")
    assert (refused.value.code, refused.value.resolution) == ("E-SETTINGS-MODE", "chmod 600 settings/uat.env")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_somebody_else_is_refused(file: Path) -> None:
    os.chown(file, 12345, -1)
    with pytest.raises(PreflightRefused, match="belongs to user id 12345"):
        read_settings(file, shown_as="settings/uat.env")


def test_the_fingerprint_depends_on_values_and_key_only(file: Path) -> None:
    first = read(file, "A=1\nB=2\n").fingerprint
    assert read(file, "# c\nB=2\nA=1").fingerprint == first
    assert read(file, "A=1\nB=3\n").fingerprint != first
    assert read_settings(file, shown_as="f", key=b"other").fingerprint != first
    assert read_settings(file, shown_as="f").fingerprint == ""


def test_a_copy_is_kept_once_under_its_fingerprint_and_is_private(file: Path, tmp_path: Path) -> None:
    folder = Workspace(root=tmp_path).folder("uat")
    settings = read(file, "B=x y\nA=p$s\n")
    copy = keep_copy(folder, settings)
    assert keep_copy(folder, settings) == copy
    assert copy.name == f"{settings.fingerprint[:12]}.env"
    assert copy.read_text() == "A='p$s'\nB='x y'\n"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert [path.name for path in copy.parent.iterdir()] == [copy.name]


def test_settings_without_a_fingerprint_are_not_kept(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="fingerprint"):
        keep_copy(Workspace(root=tmp_path).folder("uat"), Settings(values={}, fingerprint=""))


def test_a_value_with_quotes_is_escaped_for_compose() -> None:
    assert for_compose("it's $a\\\"") == '"it\'s \\$a\\\\\\""'
