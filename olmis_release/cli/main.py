"""The entry point, and the one place where an error becomes words and an exit status."""

from __future__ import annotations

import errno
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

import click

from olmis_release.cli.examples import command_path
from olmis_release.cli.result import NOTHING_TOUCHED, Result
from olmis_release.cli.root import PROGRAM, root
from olmis_release.cli.session import Session
from olmis_release.cli.speech import tell_error, tell_result
from olmis_release.cli.terminal import choose_colors
from olmis_release.errors import BadInput, Declined, Interrupted, JournalDamaged, ReleaseError, UsageError

NOT_WRITABLE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM})


def main(args: Sequence[str] | None = None) -> int:
    """Run a command line; return the exit status."""
    given = list(sys.argv[1:] if args is None else args)
    session = Session(as_json="--json" in given)
    _prepare_streams()
    with _signals_are_ctrl_c():
        try:
            return _run(session, given)
        except BaseException as error:  # noqa: BLE001 - the one boundary: whatever it was, a person gets a clear ending
            session.close()
            choose_colors(session)
            told = _leading_out(session, as_release_error(session, error))
            return tell_error(session, told, state=told.state or _state(session))
        finally:
            session.end()


def _run(session: Session, given: list[str]) -> int:
    outcome = root.main(given, prog_name=PROGRAM, standalone_mode=False, obj=session)
    session.close()
    return _told(session, outcome)


def _told(session: Session, outcome: object) -> int:
    if isinstance(outcome, Result):
        choose_colors(session)
        return tell_result(session, outcome)
    return outcome if isinstance(outcome, int) else 0


def as_release_error(session: Session, error: BaseException) -> ReleaseError:
    """Return the error that tells a person what happened."""
    match error:
        case ReleaseError():
            return error
        case click.UsageError():
            return _usage(error)
        case click.ClickException():
            return UsageError(error.format_message(), resolution=f"{PROGRAM} --help")
        case KeyboardInterrupt() | click.Abort() | EOFError():
            return Interrupted("Interrupted.", resolution=_look(session))
        case OSError() if error.errno in NOT_WRITABLE:
            return _unwritable(session, error)
        case _:
            return _unexpected(session, error)


def _leading_out(session: Session, error: ReleaseError) -> ReleaseError:
    """Point out of a run that is open, where the error itself only says what is wrong around it."""
    plain = error.resolution.startswith(PROGRAM) and not isinstance(error, Interrupted)
    if plain or isinstance(error, (UsageError, Declined, JournalDamaged)) or not _has_open_run(session):
        return error
    error.details = "\n".join(part for part in (error.details, error.resolution) if part)
    error.resolution = f"{PROGRAM} {'takeover' if session.takes_over else 'resume'} {session.instance}"
    return error


def _has_open_run(session: Session) -> bool:
    if not session.acts or session.instance is None or session.known_workspace is None:
        return False
    if session.takes_over:
        return True  # here or there; should there be none, the next takeover says so
    from olmis_release.deploy.gatekeeping import unsettled

    try:
        return unsettled(session.known_workspace, session.instance) is not None
    except ReleaseError:
        return False


def _usage(error: click.UsageError) -> UsageError:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return UsageError("Name a command.", resolution=f"{PROGRAM} --help", details=error.format_message())
    path = command_path(error.ctx) if error.ctx else PROGRAM
    return UsageError(error.format_message(), resolution=f"{path} --help")


def _unwritable(session: Session, error: OSError) -> ReleaseError:
    """Name the file, or at least the workspace: a failing write does not know its file's name."""
    root = session.known_workspace.root if session.known_workspace else "A file"
    return BadInput.one(
        f"{error.filename or root}: {error.strerror}.",
        resolution="Make room there, or let this user write there, then run the command again.",
        code="E-UNWRITABLE",
    )


def _unexpected(session: Session, error: BaseException) -> ReleaseError:
    path = session.keep_traceback(error)
    return ReleaseError(
        f"Unexpected fault: {type(error).__name__}: {error}",
        resolution=f"Report it with the log file {path}" if path else "Report it.",
    )


def _look(session: Session) -> str:
    return f"{PROGRAM} status {session.instance}" if session.instance else "Run the same command again."


def _state(session: Session) -> str:
    if session.instance is None or session.known_workspace is None:
        return NOTHING_TOUCHED
    from olmis_release.cli.standing import recorded_state

    return recorded_state(session.known_workspace, session.instance)


def _prepare_streams() -> None:
    """Let a terminal that knows few characters show the rest as escapes instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


@contextmanager
def _signals_are_ctrl_c() -> Iterator[None]:
    """Treat SIGTERM and a lost terminal as Ctrl-C: a deploy then takes itself back and says so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
