"""Which release should be running on an instance, according to the records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from olmis_release.errors import UsageError

if TYPE_CHECKING:
    from olmis_release.plan.model import Run
    from olmis_release.plan.reading import Standing
    from olmis_release.workspace import Workspace


def what_was_left(workspace: Workspace, instance: str) -> tuple[Run, Standing] | None:
    """Return the run that brought what should run now, with what it deployed; None before the first deploy."""
    from olmis_release.plan.reading import deployed_by
    from olmis_release.plan.records import last_good

    run = last_good(workspace, instance)
    return (run, deployed_by(workspace, run)) if run else None


def what_should_run(workspace: Workspace, instance: str) -> Standing:
    """Return what was deployed last.

    Raises:
        UsageError: Nothing was deployed from this workspace yet.
    """
    found = what_was_left(workspace, instance)
    if found is None:
        raise UsageError(
            f"Nothing was deployed to {instance} from this workspace yet, so nobody knows what should run.",
            resolution=f"olmis-release plan --to {instance}",
        )
    return found[1]
