"""A process group that ends as a whole: when it is told to, and when the process that made it is gone."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from olmis_release.errors import StepFailed

# The group's first process waits for the end of a pipe that only we hold, beside the command that it turns into.
GUARDED = '(read -r _ </dev/fd/"$0"; kill -KILL 0) </dev/null >/dev/null 2>&1 & exec "$@"'


class ProcessGroup:
    """A process group: the command, its children, and the guard that ends them all when this process is gone."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], cwd: Path | None) -> None:
        program = shutil.which(argv[0], path=env.get("PATH"))
        if program is None:
            raise _not_run(argv[0], "No such file on the PATH, or it may not be run")
        guards, self._ours = os.pipe()
        pipe = subprocess.PIPE
        try:
            self.process = subprocess.Popen(
                ["/bin/sh", "-c", GUARDED, str(guards), program, *argv[1:]],
                stdin=pipe,
                stdout=pipe,
                stderr=pipe,
                env=env,
                cwd=cwd,
                start_new_session=True,
                pass_fds=[guards],
            )
        except OSError as error:
            os.close(self._ours)
            raise _not_run(argv[0], error.strerror or str(error)) from error
        finally:
            os.close(guards)

    def ended_within(self, timeout_s: float) -> bool:
        """Wait for the command; False when the deadline came first."""
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        """End whatever is left of the group; the guard is, in any case, so its number is still ours the first time."""
        if self._ours >= 0:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
            os.close(self._ours)
            self._ours = -1


def _not_run(program: str, why: str) -> StepFailed:
    return StepFailed(
        f"{program} could not be run: {why}.",
        resolution=f"Install {program} or put it on the PATH, then try again.",
    )
