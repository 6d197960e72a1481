"""The error classes, each owning its exit code.

The table of exit codes is what users script against, so it lives in one place: here. `cli/main.py` is the only place
that turns an error into output and an exit status.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a problem in a file is."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """A place in a file that a person can open.

    Attributes:
        file: Path as the user knows it, relative to the workspace where possible.
        line: First line is 1; 0 means the whole file.
        column: First column is 1; 0 means the whole line.
    """

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """Return ``file``, ``file:line`` or ``file:line:column``."""
        parts = [self.file, *(str(number) for number in (self.line, self.column) if number)]
        return ":".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong in what a person wrote.

    Attributes:
        code: Stable id, for example ``E-UNKNOWN-COMPONENT``.
        message: What is wrong, without the place.
        where: The place, if it is in a file.
        resolution: What to do about it.
        severity: Whether it stops the command.
    """

    code: str
    message: str
    resolution: str
    where: Where | None = None
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        """Return the line a person reads: place, message, what to do."""
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.message} {self.resolution}".rstrip()


class ReleaseError(Exception):
    """Root of every error this tool raises on purpose.

    Attributes:
        exit_code: Status of the process when this error ends it.
        code: Stable id for scripts and for `explain`.
        message: What is wrong and where.
        resolution: What to do next; becomes the Next line.
        details: Longer evidence, for example the last lines of a log.
        state: What serves users now, where the error knows better than the records; empty otherwise.
    """

    exit_code = 1
    code = "E-UNEXPECTED"
    state = ""

    def __init__(self, message: str, *, resolution: str, details: str = "") -> None:
        """Keep the three texts apart so that renderers can lay them out."""
        super().__init__(message)
        self.message = message
        self.resolution = resolution
        self.details = details


class UsageError(ReleaseError):
    """The command line cannot be carried out as typed."""

    exit_code = 2
    code = "E-USAGE"


class DifferencesFound(ReleaseError):
    """There are differences and `--detailed-exitcode` asked to be told by status."""

    exit_code = 3
    code = "E-DIFFERENCES"


class ApprovalMissing(ReleaseError):
    """The instance's policy asks for approvals that the plan does not have."""

    exit_code = 4
    code = "E-APPROVAL-MISSING"


class ApprovalInvalid(ApprovalMissing):
    """A decision about a plan cannot be taken for what it says, or cannot be given."""

    code = "E-APPROVAL-INVALID"

    @classmethod
    def of_key(cls, message: str, *, resolution: str) -> ApprovalInvalid:
        """Return the error for a key that signs nothing here."""
        error = cls(message, resolution=resolution)
        error.code = "E-SIGNING-KEY"
        return error


class PlanRejected(ApprovalMissing):
    """Somebody who was asked said no."""

    code = "E-PLAN-REJECTED"


class PlanStale(ReleaseError):
    """What the plan was made from has changed, or the plan was used already."""

    exit_code = 5
    code = "E-PLAN-STALE"


class PreflightRefused(ReleaseError):
    """A blocking preflight check failed; nothing was touched."""

    exit_code = 6
    code = "E-PREFLIGHT"


class OutsideWindow(ReleaseError):
    """The instance's windows or freezes forbid a deploy now."""

    exit_code = 7
    code = "E-WINDOW"


class InstanceLocked(ReleaseError):
    """Somebody else is deploying to this instance."""

    exit_code = 8
    code = "E-LOCKED"


class LockLost(InstanceLocked):
    """Another run took the instance over; this one may change nothing there any more."""

    code = "E-LOCK-LOST"

    @classmethod
    def to(cls, instance: str, *, epoch: int) -> LockLost:
        """Return the error that names the epoch which the instance is in now."""
        return cls(
            f"The lock of {instance} was taken over (epoch {epoch}).",
            resolution=f"olmis-release status {instance}",
        )


class RolledBack(ReleaseError):
    """The deploy failed and the old release serves again, verified."""

    exit_code = 9
    code = "E-ROLLED-BACK"


class NotRestored(ReleaseError):
    """The deploy failed and a person must act."""

    exit_code = 10
    code = "E-NOT-RESTORED"


class SmokeFailed(ReleaseError):
    """`smoke`, run alone, found a failing test."""

    exit_code = 11
    code = "E-SMOKE"


class RollbackRefused(ReleaseError):
    """There is nothing to roll back to, or going back would lose what was not agreed to."""

    exit_code = 12
    code = "E-ROLLBACK-REFUSED"


class NoticeFailed(ReleaseError):
    """The work is done; a notice or post-hook about it failed."""

    exit_code = 13
    code = "E-NOTICE"


class Declined(ReleaseError):
    """The person asked to confirm said no."""

    exit_code = 14
    code = "E-DECLINED"


class BadInput(ReleaseError):
    """What a person wrote cannot be used; lists every problem at once.

    Attributes:
        problems: All of them, in file order.
    """

    exit_code = 15
    code = "E-BAD-INPUT"

    def __init__(self, problems: Iterable[Problem], *, resolution: str = "Correct the places named above.") -> None:
        """Take every problem found, so that one run shows them all."""
        self.problems: Sequence[Problem] = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems), resolution=resolution)

    @classmethod
    def one(cls, message: str, *, resolution: str, where: Where | None = None, code: str = "E-BAD-INPUT") -> BadInput:
        """Return an error with a single problem."""
        return cls([Problem(code=code, message=message, resolution="", where=where)], resolution=resolution)


class JournalDamaged(ReleaseError):
    """The journal or ledger was altered; nothing is done on its word."""

    exit_code = 16
    code = "E-JOURNAL"


class TargetUnreachable(ReleaseError):
    """The engine, registry or database does not answer."""

    exit_code = 17
    code = "E-UNREACHABLE"


class EffectUnknown(TargetUnreachable):
    """The other side was asked to change something and gave no whole answer: it may have done it, or do it still.

    Never asked again on its own: whoever asked looks first. A plain `TargetUnreachable` changed nothing.
    """

    code = "E-EFFECT-UNKNOWN"


class Interrupted(ReleaseError):
    """Ctrl-C or SIGTERM stopped the command at a safe point."""

    exit_code = 130
    code = "E-INTERRUPTED"


class StepFailed(ReleaseError):
    """A step of a deploy or rollback did not reach its end; the executor decides what follows.

    Outside of a run it is the target that refused what was asked of it, and counts as one that cannot be worked with.
    """

    exit_code = 17
    code = "E-STEP"


EXIT_CODES: dict[int, str] = {
    0: "done, or nothing to do",
    1: "unexpected fault (log path shown)",
    2: "usage",
    3: "differences, only with --detailed-exitcode",
    4: "approval missing or invalid",
    5: "plan stale or used",
    6: "preflight refused",
    7: "outside the window or in a freeze",
    8: "locked by someone",
    9: "failed, rolled back and verified",
    10: "failed and not restored, or held: a person must act",
    11: "stand-alone smoke failed",
    12: "rollback refused",
    13: "done, but a notice failed (queued)",
    14: "declined",
    15: "bad input (manifest, workspace, merge conflict)",
    16: "journal or ledger damaged",
    17: "target unreachable",
    130: "interrupted",
}
"""Every exit status and what it means, as printed by `olmis-release --help`."""
