"""Which release should be running on an instance, according to the records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from olmis_release.errors import UsageError

if TYPE_CHECKING:
    from olmis_release.manifest.model import ReleaseManifest
    from olmis_release.plan.model import Run
    from olmis_release.plan.sets import PlanSet
    from olmis_release.workspace import Workspace


def last_good_plan(workspace: Workspace, instance: str) -> tuple[Run, PlanSet] | None:
    """Return the run that brought what should run now, with its plan; None before the first deploy."""
    from olmis_release.plan.records import last_good
    from olmis_release.plan.sets import load_plan

    run = last_good(workspace, instance)
    return (run, load_plan(workspace, run.code)) if run else None


def running_release(workspace: Workspace, instance: str) -> ReleaseManifest:
    """Return the manifest of what should run now.

    Raises:
        UsageError: Nothing was deployed from this workspace yet.
    """
    from olmis_release.manifest.lock import read_release

    found = last_good_plan(workspace, instance)
    if found is None:
        raise UsageError(
            f"Nothing was deployed to {instance} from this workspace yet, so nobody knows what should run.",
            resolution=f"olmis-release plan --to {instance}",
        )
    file = found[1].plan.release_file
    return read_release(workspace.root / file, shown_as=file)
