"""The tool, stopped or killed at places of the fault matrix, or by another clock; see `matrix_points` and `driver`."""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from pathlib import Path

from olmis_release import clock
from olmis_release.cli.main import main
from tests.torture.driver import prepare
from tests.torture.matrix_points import install


def shift_clock(days: int) -> None:
    """Let the wall clock of this process be wrong by so many days."""
    real = clock.now
    clock.now = lambda: real() + timedelta(days=days)


if __name__ == "__main__":
    _program, given, dashes, *arguments = sys.argv
    if dashes != "--":
        sys.exit("usage: python -m tests.torture.matrix_driver SPEC.json -- COMMAND …")
    spec = json.loads(Path(given).read_text(encoding="utf-8"))
    prepare(spec)
    install(spec)
    shift_clock(int(spec.get("days", 0)))
    sys.exit(main(arguments))
