"""Wait for a target that fell silent: it goes on working, and nothing is known of it until it answers."""

from __future__ import annotations

import time
from contextlib import nullcontext

from olmis_release import clock
from olmis_release.deploy.job import Job
from olmis_release.deploy.signals import StopWish
from olmis_release.deploy.telling import say
from olmis_release.errors import ReleaseError, TargetUnreachable
from olmis_release.events import Progress
from olmis_release.instance.ports import Container, ContainerStatus
from olmis_release.plan.model import Action, StepKind

ASK_EVERY_S = 2.0
PAUSE_S = 3.0
"""Seconds between two tries where the engine answers and something behind it does not."""


def worth_another_try(failure: ReleaseError, job: Job, wish: StopWish | None = None) -> bool:
    """Tell whether what failed a step was the target's silence or restart, after which the step may be done again.

    Args:
        failure: What stopped the step.
        job: Its instance says how long a silent target is waited for.
        wish: A person who wants to stop is not kept waiting.
    """
    if isinstance(failure, TargetUnreachable) or not answers(job):
        return _comes_back(job, wish) and _revived(job)
    if _restarted(job):
        say(job, "The target's engine was restarted meanwhile.", warning=True)
        return _revived(job)
    return False


def _restarted(job: Job) -> bool:
    try:
        return job.target_restarted()
    except ReleaseError:
        return False  # what failed the step stands


def answers(job: Job) -> bool:
    """Ask whether the target is there: a run is taken back because something failed, never because of silence."""
    try:
        job.site.engine.info()
    except TargetUnreachable:
        return False
    except ReleaseError:
        return True  # it refuses, which is an answer
    return True


def _comes_back(job: Job, wish: StopWish | None) -> bool:
    limit_s = job.site.config.timeouts.hold_s
    say(job, f"The target does not answer; waiting up to {limit_s:.0f} s. Nothing is taken back on silence.")
    deadline = clock.monotonic_s() + limit_s
    with wish.at_once() if wish else nullcontext():
        time.sleep(PAUSE_S)
        while not answers(job):
            if clock.monotonic_s() >= deadline:
                return False
            job.site.reporter.report(Progress(activity="waiting for the target to answer"))
            time.sleep(ASK_EVERY_S)
    return True


def _revived(job: Job) -> bool:
    try:
        revive(job)
    except ReleaseError as error:
        say(job, f"Not everything could be started again: {error.message}", warning=True)
    return True


def revive(job: Job) -> None:
    """Start what should run and does not since the engine was killed: only what restarts always comes back by itself.

    That is what the run leaves alone; and, once it came as far as the acceptance, what it started, without which
    nobody could tell whether it was accepted. Before that, what a run changes is left to its steps.
    """
    for one in job.containers(change.component for change in job.plan.changes):
        if _should_run(job, one):
            say(job, f"{one.component} is {one.status}: it is started again")
            job.site.engine.start(one.id)


def _should_run(job: Job, one: Container) -> bool:
    if job.change(one.component).action is Action.KEEP:
        planned_on = job.plan.base.containers.get(one.component, "").rpartition("/")[2]
        return planned_on == ContainerStatus.RUNNING and one.status in {ContainerStatus.EXITED, ContainerStatus.CREATED}
    new = one.component in job.release.components and job.journal.attempted(StepKind.ACCEPT)
    return new and one.status is ContainerStatus.EXITED and one.exit_code != 0
