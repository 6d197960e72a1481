"""Say how a command ended: results on standard output, refusals on standard error, one object with ``--json``."""

from __future__ import annotations

from collections.abc import Mapping

from olmis_release.cli.phrases import hanging
from olmis_release.cli.result import FORMAT_VERSION, Result, state_line
from olmis_release.cli.session import Session
from olmis_release.errors import BadInput, Problem, ReleaseError


def tell_result(session: Session, result: Result) -> int:
    """Print a result; return the exit status."""
    if session.as_json:
        _tell_json(session, {**result.data, **_error_data(result.failure)}, state=result.state, follow=result.next)
        return result.status
    if session.quiet and not result.failure:
        session.sink.out(result.brief or state_line(result.state))
        return result.status
    if result.text and not session.quiet:
        session.sink.out(result.text)
    if result.failure:
        _tell_failure(session, result.failure)
    _tell_end(session, state=result.state, follow=result.next, failed=result.failure is not None)
    return result.status


def tell_error(session: Session, error: ReleaseError, *, state: str) -> int:
    """Print an error that ended a command; return the exit status."""
    if session.as_json:
        _tell_json(session, _error_data(error), state=state, follow=error.resolution)
        return error.exit_code
    _tell_failure(session, error)
    _tell_end(session, state=state, follow=error.resolution, failed=True)
    return error.exit_code


def code_of(error: ReleaseError) -> str:
    """Return the id to look up with `explain`: that of the problems when they agree, else that of the error."""
    codes = {problem.code for problem in error.problems} if isinstance(error, BadInput) else set()
    return codes.pop() if len(codes) == 1 else error.code


def _tell_failure(session: Session, error: ReleaseError) -> None:
    # The lines of bad input are ours, one per problem; other messages may quote a server or a script.
    message = error.message if isinstance(error, BadInput) else hanging(error.message)
    session.sink.err(f"error: {message} [{code_of(error)}]", style="red")
    if error.details:
        session.sink.err(_indented(error.details))


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.rstrip().splitlines())


def _tell_end(session: Session, *, state: str, follow: str, failed: bool) -> None:
    """Print STATE and Next; those of a deploy or rollback are its result, whatever became of it."""
    write = session.sink.err if failed and not session.acts else session.sink.out
    write(state_line(state))
    write(f"Next: {follow}")


def _tell_json(session: Session, data: Mapping[str, object], *, state: str, follow: str) -> None:
    session.sink.json({"format_version": FORMAT_VERSION, **data, "state": state, "next": follow})


def _error_data(error: ReleaseError | None) -> dict[str, object]:
    if error is None:
        return {}
    data: dict[str, object] = {
        "code": code_of(error),
        "exit_code": error.exit_code,
        "message": error.message,
        "resolution": error.resolution,
        "details": error.details,
    }
    if isinstance(error, BadInput):
        data["problems"] = [problem_data(problem) for problem in error.problems]
    return {"error": data}


def problem_data(problem: Problem) -> dict[str, object]:
    """Return a problem as JSON says it."""
    where = problem.where
    return {
        "code": problem.code,
        "severity": str(problem.severity),
        "message": problem.message,
        "resolution": problem.resolution,
        "file": where.file if where else "",
        "line": where.line if where else 0,
        "column": where.column if where else 0,
    }
