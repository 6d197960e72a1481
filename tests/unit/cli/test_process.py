"""The command as a process: streams, exit status, and what it does not load."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.manifest import CORE, HEAD

SAID = '{set: {environment: {Z: "1", B: "2", a: "3"}}, reason: é ı 中}'
HEAVY = ("docker", "pydantic", "requests", "psycopg", "rich", "yaml", "jinja2", "git")


def run(*words: str, cwd: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "olmis_release", *words],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.parametrize("words", [("--version",), ("--help",), ("-h",), ("deploy", "--help"), ("plan", "-h")])
def test_help_and_version_are_results(tmp_path: Path, words: tuple[str, ...]) -> None:
    finished = run(*words, cwd=tmp_path)
    assert (finished.returncode, finished.stderr) == (0, "")
    assert "olmis-release" in finished.stdout


def test_help_loads_nothing_heavy(tmp_path: Path) -> None:
    look = f"import sys, olmis_release.cli.main; print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    finished = subprocess.run([sys.executable, "-c", look], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert finished.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("words", "status"),
    [((), 2), (("nonsense",), 2), (("status",), 15), (("--repo", "/nowhere", "history"), 15), (("explain", "9"), 0)],
)
def test_the_exit_status_and_the_streams(tmp_path: Path, words: tuple[str, ...], status: int) -> None:
    finished = run(*words, cwd=tmp_path)
    assert finished.returncode == status
    assert bool(finished.stdout) is (status == 0)
    assert "Traceback" not in finished.stderr


def test_a_reader_that_stops_reading_is_no_fault(tmp_path: Path) -> None:
    command = f"{sys.executable} -m olmis_release explain | head -n 1"
    bash = ["bash", "-o", "pipefail", "-c", command]
    finished = subprocess.run(bash, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (finished.returncode, finished.stderr) == (0, "")


def test_an_old_terminal_shows_escapes(tmp_path: Path) -> None:
    finished = run("explain", "é", cwd=tmp_path, PYTHONIOENCODING="ascii")
    assert finished.returncode == 2
    assert "\\xe9" in finished.stderr


def test_a_candidate_is_the_same_bytes_in_any_locale(tmp_path: Path) -> None:
    for path, text in (("core/3.5.0.yml", CORE), ("extensions/mw.yml", f"{HEAD}components:\n  log: {SAID}\n")):
        file = tmp_path / "manifests" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    written = tmp_path / "manifests/candidates/3.5.0+mw1/rc1.yml"
    found = []
    for number, locale in enumerate(("C", "C.UTF-8", "tr_TR.UTF-8")):
        more = {"LC_ALL": locale, "PYTHONHASHSEED": str(number), "PYTHONUTF8": "0"}
        assert run("candidate", "3.5.0+mw1", "--offline", cwd=tmp_path, **more).returncode == 0
        found.append(written.read_bytes())
        written.unlink()
    assert found == [found[0]] * 3
    assert "é ı 中".encode() in found[0]
