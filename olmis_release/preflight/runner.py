"""Ask every check; none stops the rest, and one that breaks down is an answer too."""

from __future__ import annotations

from collections.abc import Sequence

from olmis_release.errors import ReleaseError
from olmis_release.events import Note, Progress
from olmis_release.preflight.checks import CHECKS
from olmis_release.preflight.model import Check, CheckResult, Finding, Report, Status, Subject, failed

__all__ = ["Report", "Subject", "run_checks"]


def run_checks(subject: Subject, *, checks: Sequence[Check] = CHECKS) -> Report:
    """Return every check's answer, in order.

    Warnings are also told as notes, for they end with the checks; refusals end the command and are told there.
    """
    results = []
    for number, check in enumerate(checks):
        subject.site.reporter.report(
            Progress(activity=check.question, done=float(number), total=float(len(checks)), unit="checks")
        )
        result = _ask(check, subject)
        if result.status is Status.WARN:
            text = f"{result.check}: {result.message} {result.resolution}"
            subject.site.reporter.report(Note(message=text, warning=True))
        results.append(result)
    return Report(results=tuple(results))


def _ask(check: Check, subject: Subject) -> CheckResult:
    finding = _answer(check, subject)
    return CheckResult(
        check=check.id,
        question=check.question,
        status=finding.status,
        message=finding.message,
        resolution=finding.resolution,
    )


def _answer(check: Check, subject: Subject) -> Finding:
    try:
        return check.ask(subject)
    except ReleaseError as error:
        message = f"{error.message}\n{error.details}" if error.details else error.message
        return failed(message, resolution=error.resolution)
    except Exception as error:  # noqa: BLE001 - one broken check must not hide what the others have to say
        return failed(
            f"The check itself broke down: {type(error).__name__}: {error}",
            resolution="Report it with the log of this command; until then the question is open, so the answer is no.",
        )
