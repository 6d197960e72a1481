"""Collects what is wrong while work goes on, so that one run names everything."""

from __future__ import annotations

from olmis_release.errors import BadInput, Problem, Severity, Where


class Findings:
    """Problems found so far; errors stop the work at its end, warnings are handed on."""

    def __init__(self) -> None:
        self._found: list[Problem] = []

    def error(self, code: str, message: str, *, where: Where | None, do: str = "") -> None:
        """Note an error, its place, and what to do about it."""
        self._found.append(Problem(code=code, message=message, resolution=do, where=where))

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
        """Take over a problem that somebody else described."""
        self._found.append(problem)

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
