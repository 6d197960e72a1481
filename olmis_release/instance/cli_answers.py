"""What the `docker` command line's answers mean: done, refused, or unknown.

Its exit status alone does not tell. Where the line to the engine breaks while a command runs in a container,
`docker exec` ends with 0, or with 255 and not a word, and the command goes on; so every command says itself that it has
ended.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence

from olmis_release.errors import EffectUnknown, StepFailed
from olmis_release.instance.ports import ExecResult
from olmis_release.instance.process import Finished

LOST = (
    *("Cannot connect to the Docker daemon", "failed to connect to the docker API", "error during connect"),
    *(
        "unexpected EOF",
        "connection reset by peer",
        "broken pipe",
        "i/o timeout",
        "malformed HTTP",
        "invalid character",
    ),
    *("connection refused", "use of closed network connection", "TLS handshake", "context deadline exceeded"),
)
"""Signs that the engine gave no whole answer."""
REFUSED = ("Error response from daemon", "Error: No such container")
NOT_RUN = "OCI runtime exec failed"
SAYS_SO = '"$@"; code=$?; printf "\\n%s %s\\n" "$0" "$code" >&2; exit "$code"'
LOOK = "See what it did: `docker top CONTAINER` shows whether it still runs."


def end_mark() -> str:
    """Return a word that no command writes by chance."""
    return f"olmis-release-end-{secrets.token_hex(8)}"


def saying_so(argv: Sequence[str], mark: str) -> tuple[str, ...]:
    """Return a command that does the same and, at its end, writes the mark and its exit status to standard error."""
    return ("sh", "-c", SAYS_SO, mark, *argv)


def exec_result(finished: Finished, program: str, mark: str) -> ExecResult:
    """Return how a command in a container ended.

    Raises:
        StepFailed: It was not run, or wrote too much.
        EffectUnknown: It ran, and nobody knows how far.
    """
    if finished.truncated:
        raise _could_not(program, "It wrote more than we keep.")
    ended = re.search(rf"\n?{mark} (\d+)\n", finished.stderr)
    if ended:
        stderr = finished.stderr[: ended.start()] + finished.stderr[ended.end() :]
        return ExecResult(exit_code=int(ended[1]), stdout=finished.stdout, stderr=stderr)
    if not finished.timed_out and finished.stderr.lstrip().startswith(REFUSED):
        raise _could_not(program, finished.stderr.strip())
    if not finished.timed_out and NOT_RUN in finished.stderr + finished.stdout:
        return ExecResult(exit_code=finished.exit_code, stdout=finished.stdout, stderr=finished.stderr)
    raise EffectUnknown(_unknown(finished, program), resolution=LOOK, details=finished.stderr.strip())


def lost(output: str) -> bool:
    """Return whether a failed command's words mean that the engine gave no whole answer."""
    return any(sign in output for sign in LOST)


def _unknown(finished: Finished, program: str) -> str:
    if finished.timed_out:
        return f"{program} in the container did not end in time; it may still be running there."
    said = finished.stderr.strip().splitlines()[-1:] or [f"docker ended with status {finished.exit_code}"]
    return f"The line to the engine broke while {program} ran in a container: {said[0]}."


def _could_not(program: str, details: str) -> StepFailed:
    return StepFailed(
        f"{program} could not be run in the container.", details=details, resolution="Check that the container runs."
    )
