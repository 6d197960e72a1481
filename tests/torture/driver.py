"""The tool with a fault in it: ``python -m tests.torture.driver SPEC.json -- deploy uat --plan CODE``.

SPEC.json holds one of ``{"fault": {"call", "do", "like"}, "trace": path}``, ``{"kill": {"step", "back", "moment"}}``,
the same with ``"stop": true`` (SIGSTOP instead of SIGKILL), or ``{"stop_before_swap": true}``; an empty one runs the
tool as it is. See `gates`.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Any

from olmis_release.cli.main import main
from tests.torture.gates import (
    Do,
    Fault,
    KillPoint,
    Moment,
    Turnstile,
    install,
    install_kill,
    install_stop_before_swap,
)


def prepare(spec: dict[str, Any]) -> None:
    """Put the fault in."""
    if fault := spec.get("fault"):
        wanted = Fault(call=fault["call"], do=Do(fault["do"]), like=fault.get("like", "*"))
        install(Turnstile(fault=wanted, trace=Path(spec["trace"])))
    if kill := spec.get("kill"):
        point = KillPoint(step=kill["step"], back=kill["back"], moment=Moment(kill["moment"]))
        install_kill(point, number=signal.SIGSTOP if spec.get("stop") else signal.SIGKILL)
    if spec.get("stop_before_swap"):
        install_stop_before_swap()


if __name__ == "__main__":
    _program, given, dashes, *arguments = sys.argv
    if dashes != "--":
        sys.exit("usage: python -m tests.torture.driver SPEC.json -- COMMAND …")
    prepare(json.loads(Path(given).read_text(encoding="utf-8")))
    sys.exit(main(arguments))
