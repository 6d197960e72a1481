"""Wait for a target that fell silent: it goes on working, and nothing is known of it until it answers."""

from __future__ import annotations

import time
from collections.abc import Callable
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
"""Seconds between two tries where all that is asked answers and something behind it does not."""
ENGINE = "The target"
DATABASE = "The database"


def worth_another_try(failure: ReleaseError, job: Job, wish: StopWish | None = None) -> bool:
    """Tell whether what failed a step was a silence or a restart, after which the step may be done again.

    Args:
        failure: What stopped the step.
        job: Its instance says how long the engine, and then the database, are waited for.
        wish: A person who wants to stop is not kept waiting.
    """
    if isinstance(failure, TargetUnreachable) or not answers(job):
        return _all_come_back(job, wish)
    if _restarted(job):
        say(job, "The target's engine was restarted meanwhile.", warning=True)
        return _all_come_back(job, wish)
    return False


def is_silent(job: Job) -> bool:
    """Ask whether the engine or the database is silent: nothing is taken back for that alone."""
    return not answers(job) or not database_answers(job)


def _restarted(job: Job) -> bool:
    try:
        return job.target_restarted()
    except ReleaseError:
        return False  # what failed the step stands


def answers(job: Job) -> bool:
    """Ask whether the engine is there."""
    try:
        job.site.engine.info()
    except TargetUnreachable:
        return False
    except ReleaseError:
        return True  # it refuses, which is an answer
    return True


def database_answers(job: Job) -> bool:
    """Ask whether the database server is there; one that no container runs for is not waited for: a step starts it."""
    try:
        component = job.site.config.database.component
        running = component is None or any(
            one.status is ContainerStatus.RUNNING for one in job.containers((component,))
        )
        if running:
            job.site.database.server()
    except TargetUnreachable:
        return False
    except ReleaseError:
        return True
    return True


def _all_come_back(job: Job, wish: StopWish | None) -> bool:
    with wish.at_once() if wish else nullcontext():
        time.sleep(PAUSE_S)
        if not _comes_back(job, ENGINE, answers):
            return False
    _start_again(job)
    with wish.at_once() if wish else nullcontext():
        return _comes_back(job, DATABASE, database_answers)


def _comes_back(job: Job, who: str, there: Callable[[Job], bool]) -> bool:
    """Ask until there is an answer; the log says every half minute what is waited for, as in all long work."""
    if there(job):
        return True
    limit_s = job.site.config.timeouts.hold_s
    say(job, f"{who} does not answer; waiting up to {limit_s:.0f} s. Nothing is taken back on silence.", warning=True)
    began_s = clock.monotonic_s()
    activity = f"waiting for {who[:1].lower()}{who[1:]} to answer"
    while (waited_s := clock.monotonic_s() - began_s) < limit_s:
        job.site.reporter.report(Progress(activity=activity, done=waited_s, total=limit_s, unit="s"))
        time.sleep(ASK_EVERY_S)
        if there(job):
            return True
    return False


def _start_again(job: Job) -> None:
    try:
        revive(job)
    except ReleaseError as error:
        say(job, f"Not everything could be started again: {error.message}", warning=True)


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
