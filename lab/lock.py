"""Write constraints.txt: every package that `make venv` installs, pinned, with the hashes of its files.

pip itself does all the work, so whatever index the machine is configured for is used, and none is written down.
Versions are resolved once, on the oldest Python (newer ones need no more than it); hashes are then collected for every
Python and processor.

Run it as `make lock`, with Python 3.11.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
OLDEST_PYTHON = (3, 11)
PYTHONS = ("3.11", "3.12", "3.13")
PROCESSORS = ("x86_64", "aarch64")
GLIBC_MINORS = (17, 24, 26, 27, 28, 31, 34)
HEADER = """\
# Every package of the development environment, runtime dependencies and build backend included.
# Made by `make lock`; installed by `make venv` with --require-hashes.
"""

Package = dict[str, Any]


def main() -> None:
    """Resolve, collect hashes, write the file."""
    if sys.version_info[:2] != OLDEST_PYTHON:
        raise SystemExit("Resolve with Python 3.11, the oldest supported: make lock PYTHON=python3.11")
    pins = resolved_pins()
    hashes = {pin: set[str]() for pin in pins}
    for python, processor in product(PYTHONS, PROCESSORS):
        for pin, digest in chosen_files(pins, python=python, processor=processor):
            hashes[pin].add(digest)
    (ROOT / "constraints.txt").write_text(HEADER + "".join(entry(pin, hashes[pin]) for pin in pins), encoding="utf-8")
    print(f"constraints.txt: {len(pins)} packages, {sum(map(len, hashes.values()))} files")


def resolved_pins() -> list[str]:
    """Return `name==version` of the project's whole development environment, by name."""
    report = pip_report(f"{ROOT}[dev]")
    return sorted((pin_of(package) for package in report if not package["is_direct"]), key=str.lower)


def chosen_files(pins: list[str], *, python: str, processor: str) -> Iterator[tuple[str, str]]:
    """Yield each pin with the hash of the wheel that pip chooses for one Python on one processor."""
    tags = [f"manylinux_2_{minor}_{processor}" for minor in GLIBC_MINORS] + [f"manylinux2014_{processor}"]
    platforms = [f"--platform={tag}" for tag in tags]
    with tempfile.TemporaryDirectory() as nowhere:
        target = [f"--python-version={python}", "--only-binary=:all:", "--no-deps", f"--target={nowhere}"]
        for package in pip_report(*platforms, *target, *pins):
            yield pin_of(package), package["download_info"]["archive_info"]["hashes"]["sha256"]


def pip_report(*arguments: str) -> list[Package]:
    """Ask pip what it would install, without installing it."""
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet", "--report=-"]
    done = subprocess.run([*command, *arguments], check=True, stdout=subprocess.PIPE)
    installs: list[Package] = json.loads(done.stdout)["install"]
    return installs


def pin_of(package: Package) -> str:
    """Return `name==version` of one package in pip's report."""
    return f"{package['metadata']['name']}=={package['metadata']['version']}"


def entry(pin: str, digests: set[str]) -> str:
    """Return the lines of one package."""
    return " \\\n".join([pin, *(f"    --hash=sha256:{digest}" for digest in sorted(digests))]) + "\n"


if __name__ == "__main__":
    main()
