"""What speaks for a candidate: its good deploys to instances for user acceptance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from olmis_release.cli import wiring
from olmis_release.errors import ReleaseError
from olmis_release.instance.config import Purpose
from olmis_release.manifest.promotion import Evidence
from olmis_release.plan.model import Outcome, PlanPurpose
from olmis_release.plan.records import runs
from olmis_release.plan.sets import load_plan

if TYPE_CHECKING:
    from olmis_release.manifest.promotion import Chosen
    from olmis_release.plan.model import Run
    from olmis_release.workspace import Workspace


def uat_runs(workspace: Workspace, chosen: Chosen) -> tuple[Evidence, ...]:
    """Return every deploy of a candidate's very bytes that was accepted on an instance for UAT, oldest first."""
    return tuple(
        Evidence(instance=run.instance, plan=run.code, run=run.run, ended=run.ended or "")
        for run in _good_runs(workspace, chosen.manifest.version)
        if _is_uat(workspace, run.instance) and _same_bytes(workspace, run, chosen.sha256)
    )


def _good_runs(workspace: Workspace, release: str) -> Iterator[Run]:
    for run in runs(workspace):
        if (run.kind, run.outcome, run.release) == (PlanPurpose.DEPLOY, Outcome.DEPLOYED, release):
            yield run


def _is_uat(workspace: Workspace, instance: str) -> bool:
    try:
        return wiring.read_instance(workspace, instance).purpose is Purpose.UAT
    except ReleaseError:
        return False


def _same_bytes(workspace: Workspace, run: Run, sha256: str) -> bool:
    """Return whether the plan of a run was made from these bytes; one that was altered proves nothing."""
    try:
        return load_plan(workspace, run.code).plan.base.manifest == sha256
    except ReleaseError:
        return False
