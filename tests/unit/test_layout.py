"""The house stands as designed: layers, packaging, pins, and nothing that ties it to one machine's mirrors."""

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "olmis_release"
BIN = Path(sys.executable).parent


def run(*command: str | Path) -> str:
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_every_import_goes_down_the_house() -> None:
    lint = [str(BIN / "lint-imports"), "--no-logo", "--no-cache"]
    linted = subprocess.run(lint, cwd=ROOT, check=False, capture_output=True, text=True)
    assert linted.returncode == 0, linted.stdout


def test_every_module_of_the_ground_floor_is_kept_from_docker_terminal_and_network() -> None:
    contracts = pyproject()["tool"]["importlinter"]["contracts"]
    kept = {name.rpartition(".")[2] for name in contracts[1]["source_modules"]}
    new = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__", "__main__"} - kept
    assert not new, f"add {sorted(new)} to source_modules of the second import-linter contract in pyproject.toml"


def pip_hosts() -> set[str]:
    """Ask pip itself: what it was configured with, and what it would use without."""
    told = run(sys.executable, "-m", "pip", "config", "list")
    known = import_module("pip._internal.models.index").PyPI
    return {*re.findall(r"https?://(?:[^/@'\s]*@)?([^/:'\s]+)", told), known.netloc, known.file_storage_domain}


def apt_hosts() -> set[str]:
    if not shutil.which("apt-get"):
        return set()
    sites = run("apt-get", "indextargets", "--format", "$(SITE)").split()
    return {host for site in sites if (host := urlsplit(site).hostname)}


def test_no_tracked_file_names_a_registry_or_mirror() -> None:
    hosts = [host.encode() for host in (pip_hosts() | apt_hosts()) - {"localhost", "127.0.0.1"}]
    tracked = [ROOT / name for name in run("git", "ls-files", "-z").split("\0") if name]
    assert [
        (str(path.relative_to(ROOT)), host)
        for path in tracked
        if path.is_file()
        for host in hosts
        if host in path.read_bytes()
    ] == []


def test_the_wheel_holds_every_module_template_and_schema(tmp_path: Path) -> None:
    run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", tmp_path)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        packed = set(wheel.namelist())
    written = {str(path.relative_to(ROOT)) for path in PACKAGE.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    assert written - packed == set()
    assert any(name.endswith(".j2") for name in packed)


def test_every_pin_has_a_hash() -> None:
    entries = (ROOT / "constraints.txt").read_text(encoding="utf-8").replace("\\\n", "").splitlines()
    pins = [entry for entry in entries if not entry.startswith("#")]
    assert pins
    assert [pin for pin in pins if not re.fullmatch(r"\S+==\S+(\s+--hash=sha256:[0-9a-f]{64})+", pin)] == []


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=! ]", name)[0]).lower()


def test_every_dependency_is_pinned() -> None:
    project = pyproject()["project"]
    pinned = {plain(pin) for pin in re.findall(r"^(\S+)==", (ROOT / "constraints.txt").read_text(), re.MULTILINE)}
    assert {plain(name) for name in project["dependencies"] + project["optional-dependencies"]["dev"]} <= pinned


@pytest.mark.parametrize("script", sorted((ROOT / "lab").glob("*.sh")), ids=lambda path: path.name)
def test_every_script_is_sound_shell(script: Path) -> None:
    run("sh", "-n", script)


def test_every_target_of_the_makefile_is_explained() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert set(phony.split()) == set(re.findall(r"^([a-z-]+):.*## \S", makefile, re.MULTILINE))
