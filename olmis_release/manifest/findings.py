"""Collects what is wrong while work goes on, so that one run names everything."""

from __future__ import annotations

from olmis_release.errors import BadInput, Problem, Severity, Where

LIMIT_ERRORS = 300


class Findings:
    """Problems found so far; errors stop the work at its end, warnings are handed on.

    A file with hundreds of errors is the wrong file, or made to keep us busy: the work stops there.
    """

    def __init__(self) -> None:
        self._found: list[Problem] = []
        self._errors = 0

    def error(self, code: str, message: str, *, where: Where | None, do: str = "") -> None:
        """Note an error, its place, and what to do about it."""
        self.note(Problem(code=code, message=message, resolution=do, where=where))

    def warn(self, code: str, message: str, *, where: Where | None, do: str = "") -> None:
        """Note a warning in the same way."""
        problem = Problem(code=code, message=message, resolution=do, where=where, severity=Severity.WARNING)
        self._found.append(problem)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """The warnings, in file order."""
        return self._of(Severity.WARNING)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Errors and warnings together, in file order, each once."""
        return tuple(sorted({str(problem): problem for problem in self._found}.values(), key=_by_place))

    def note(self, problem: Problem) -> None:
        """Take over a problem that somebody else described.

        Raises:
            BadInput: There are more errors than anybody reads; all found so far.
        """
        self._found.append(problem)
        self._errors += problem.severity is Severity.ERROR
        if self._errors >= LIMIT_ERRORS:
            message = f"more than {LIMIT_ERRORS} errors; the rest was not looked at."
            last = Problem(code="E-TOO-MANY", message=message, resolution="Is it the right file?", where=problem.where)
            raise BadInput([*self._of(Severity.ERROR), last])

    def raise_errors(self) -> None:
        """Stop here if there was any error.

        Raises:
            BadInput: All errors, in file order.
        """
        errors = self._of(Severity.ERROR)
        if errors:
            raise BadInput(errors)

    def _of(self, severity: Severity) -> tuple[Problem, ...]:
        chosen = {str(problem): problem for problem in self._found if problem.severity is severity}
        return tuple(sorted(chosen.values(), key=_by_place))


def _by_place(problem: Problem) -> tuple[str, int, int]:
    place = problem.where or Where(file="")
    return place.file, place.line, place.column
