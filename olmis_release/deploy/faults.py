"""What stopped a step, as one of the tool's own errors."""

from __future__ import annotations

import errno

from olmis_release.errors import Interrupted, ReleaseError, StepFailed

DISK_TROUBLE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO})


def as_release_error(error: BaseException, *, doing: str) -> ReleaseError:
    """Return the error that tells what stopped the work, whatever it was."""
    if isinstance(error, ReleaseError):
        return error
    if isinstance(error, (KeyboardInterrupt, SystemExit)):
        return Interrupted(f"Stopped on request during: {doing}.", resolution="Run the same command again.")
    if isinstance(error, OSError) and error.errno in DISK_TROUBLE:
        return StepFailed(
            f"The workspace cannot be written to ({error.strerror}) during: {doing}.",
            resolution="Make room on the workspace's disk, or correct its rights; then run the same command again.",
        )
    return StepFailed(
        f"Unexpected fault during: {doing}: {type(error).__name__}: {error}",
        resolution="Report it with the log file of this run.",
    )
