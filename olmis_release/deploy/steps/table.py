"""Which class carries out which kind of step: the only place that knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from olmis_release.deploy.executor import Step
from olmis_release.deploy.steps.accept import Accept
from olmis_release.deploy.steps.await_ready import AwaitReady
from olmis_release.deploy.steps.lower_wall import LowerWall
from olmis_release.deploy.steps.prove_old import ProveOldRelease
from olmis_release.deploy.steps.pull_images import PullImages
from olmis_release.deploy.steps.raise_wall import RaiseWall
from olmis_release.deploy.steps.rollback_point import TakeRollbackPoint
from olmis_release.deploy.steps.smoke_test import SmokeTest
from olmis_release.deploy.steps.start_components import StartComponents
from olmis_release.deploy.steps.stop_components import StopComponents
from olmis_release.deploy.steps.swap_database import SwapDatabase
from olmis_release.plan.model import Plan, StepKind

STEPS: Mapping[StepKind, Callable[..., Step]] = {
    StepKind.PULL_IMAGES: PullImages,
    StepKind.PROVE_OLD: ProveOldRelease,
    StepKind.RAISE_WALL: RaiseWall,
    StepKind.STOP_COMPONENTS: StopComponents,
    StepKind.TAKE_ROLLBACK_POINT: TakeRollbackPoint,
    StepKind.SWAP_DATABASE: SwapDatabase,
    StepKind.START_COMPONENTS: StartComponents,
    StepKind.AWAIT_READY: AwaitReady,
    StepKind.SMOKE_TEST: SmokeTest,
    StepKind.ACCEPT: Accept,
    StepKind.LOWER_WALL: LowerWall,
}


def steps_of(plan: Plan) -> tuple[Step, ...]:
    """Return the steps of a plan, ready to be carried out."""
    return tuple(STEPS[planned.kind](planned=planned) for planned in plan.steps)
