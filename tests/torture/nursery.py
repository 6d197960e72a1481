"""Commands by the hundred: each is a fork of one process that has read the whole tool already.

A case costs two or three commands, and half of what one costs is reading modules. A forked command has its own memory,
environment, workspace and output, dies and stops by its own process id, and sees nothing of the one before.
``python -m tests.torture.nursery`` takes one JSON object per line (see `Order`) and answers each with
``{"exit_code": n}``; a negative one is the signal that ended it.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from lab.estate import ROOT


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A command: its arguments, the fault in it (see `driver`), its whole environment, the files of its output."""

    arguments: Sequence[str]
    spec: Mapping[str, Any]
    environment: Mapping[str, str]
    out: str
    err: str


class Nursery:
    """Where commands are forked, one after another."""

    def __init__(self) -> None:
        pipe = subprocess.PIPE
        argv = [sys.executable, "-m", "tests.torture.nursery"]
        self._process = subprocess.Popen(argv, cwd=ROOT, stdin=pipe, stdout=pipe, text=True, bufsize=1)

    def run(self, order: Order, *, timeout_s: float) -> int | None:
        """Run a command to its end; return how it ended, None when it never did and was killed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asdict(order)) + "\n")
        child = json.loads(self._process.stdout.readline())["pid"]
        late = threading.Timer(timeout_s, os.kill, (child, 9))
        late.start()
        answer = json.loads(self._process.stdout.readline())["exit_code"]
        in_time = late.is_alive()
        late.cancel()
        return int(answer) if in_time else None


@cache
def nursery() -> Nursery:
    """Return the one of this process."""
    return Nursery()


def _serve() -> None:
    _read_the_tool()
    for line in sys.stdin:
        order = Order(**json.loads(line))
        child = os.fork()
        if child == 0:
            _become(order)
        _answer(pid=child)
        _pid, status = os.waitpid(child, 0)
        _answer(exit_code=os.waitstatus_to_exitcode(status))


def _answer(**told: int) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def _read_the_tool() -> None:
    import olmis_release

    for module in pkgutil.walk_packages(olmis_release.__path__, "olmis_release."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    importlib.import_module("tests.torture.driver")


def _become(order: Order) -> None:
    """Be the command, from here to the end of this process."""
    from olmis_release.cli.main import main
    from tests.torture.driver import prepare

    os.environ.clear()
    os.environ.update(order.environment)
    for path, descriptor in ((os.devnull, 0), (order.out, 1), (order.err, 2)):
        opened = os.open(path, os.O_RDONLY if descriptor == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(opened, descriptor)
        os.close(opened)
    code = 1
    try:
        prepare(dict(order.spec))
        code = main(list(order.arguments))
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def read(path: Path) -> str:
    """Return what a command wrote; what a dying one left half of is shown all the same."""
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


if __name__ == "__main__":
    _serve()
