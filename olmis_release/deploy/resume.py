"""Go on with a run that was cut off or stopped: forward, back, or to its end.

From the workspace that began it, `resume`; from any other, `take_over`, which first makes sure that the holder is gone
and then rebuilds the run from what its lock on the target keeps.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import assert_never

from olmis_release.deploy.closing import after_step, close
from olmis_release.deploy.decision import Course, Decision, Facts, decide, facts_of
from olmis_release.deploy.elsewhere import EndedElsewhere, cut_off, ended_elsewhere, record_only
from olmis_release.deploy.entrance import consul_entrance
from olmis_release.deploy.evidence import keep_evidence
from olmis_release.deploy.executor import Ending, execute, outcome_of, taken_back
from olmis_release.deploy.gatekeeping import require_fresh, require_preflight, require_settings, unsettled
from olmis_release.deploy.holding import revive
from olmis_release.deploy.job import Job
from olmis_release.deploy.local_lock import locked
from olmis_release.deploy.lock import RECORD, Hold, is_ours, take
from olmis_release.deploy.outage import recall_outage
from olmis_release.deploy.presumption import is_certain, presume
from olmis_release.deploy.run import Order, enter_ledger, luggage, open_job
from olmis_release.deploy.steps.accept import was_accepted
from olmis_release.deploy.steps.table import steps_of
from olmis_release.deploy.takeover import bring_here, bring_journal, wait_until_gone
from olmis_release.deploy.telling import say
from olmis_release.errors import NotRestored, ReleaseError, UsageError
from olmis_release.instance.fenced import fenced
from olmis_release.instance.lock_container import held
from olmis_release.instance.locking import LockSeen
from olmis_release.instance.ports import WallState
from olmis_release.instance.site import Site
from olmis_release.plan.model import Outcome, Run, StepKind
from olmis_release.plan.records import write_run
from olmis_release.plan.sets import load_plan
from olmis_release.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How a person wants a run to go on.

    Attributes:
        operator: Who asks.
        abort: Take it back, where that is possible.
        again: What failed was corrected; try it however often it was tried.
    """

    operator: str
    abort: bool = False
    again: bool = False


def resume(workspace: Workspace, site: Site, wish: Wish) -> tuple[Run, Ending]:
    """Go on with the open run of this workspace.

    Raises:
        UsageError: There is none.
        InstanceLocked: It is being carried out, or another operator holds the instance.
    """
    with locked(site, doing=f"resuming a run on {site.config.name}"):
        seen = site.lock.look()
        run = unsettled(workspace, site.config.name)
        if seen and (seen.claim.by_hand or not is_ours(site, seen)):
            raise held(site.config.name, seen)
        if run is None:
            raise _nothing_to_resume(site, seen)
        of_run = seen is not None and seen.claim.run == run.run
        bring_journal(site, run, site.lock.files(seen.id) if seen and of_run else {})
        with _lock_anew(site, run, seen) as hold:
            return _go_on(workspace, hold, run, wish=wish, old=seen)


def take_over(workspace: Workspace, site: Site, wish: Wish) -> tuple[Run, Ending]:
    """Take the lock from a holder that is gone, and go on with its run.

    Raises:
        InstanceLocked: It is not gone, or a person holds the lock.
        UsageError: Nobody left anything to take over.
        BadInput: The run's plan is not in this workspace.
    """
    with locked(site, doing=f"taking {site.config.name} over"):
        seen = site.lock.look()
        if seen and seen.claim.by_hand:
            raise held(site.config.name, seen)
        if seen and not is_ours(site, seen):
            wait_until_gone(site, seen)
        run = bring_here(workspace, site, seen)
        with _lock_anew(site, run, seen) as hold:
            return _go_on(workspace, hold, run, wish=wish, old=seen)


def _nothing_to_resume(site: Site, seen: LockSeen | None) -> ReleaseError:
    if seen and not seen.claim.by_hand:
        site.lock.free(seen.id)  # its run ended, or never began
    return UsageError(
        f"There is no run to resume on {site.config.name}.", resolution=f"olmis-release status {site.config.name}"
    )


@contextmanager
def _lock_anew(site: Site, run: Run, seen: LockSeen | None) -> Iterator[Hold]:
    """Hold a lock of a higher epoch: whoever held the old one and still lives finds out at its next change."""
    if seen:
        site.lock.set_aside(seen)
    hold = take(site, run=run.run, plan=run.code, doing=f"going on with the {run.kind} of {run.release}")
    hold.stays = True
    with hold.kept():
        yield hold


def _go_on(workspace: Workspace, hold: Hold, run: Run, *, wish: Wish, old: LockSeen | None) -> tuple[Run, Ending]:
    site = fenced(hold.site, hold.guard, hold.entry)
    order = Order(plan_set=load_plan(workspace, run.code), operator=wish.operator)
    job = open_job(workspace, site, order, hold=hold)
    hold.keep(luggage(job, run))
    _drop_own(site, old)
    if ended := _ended_meanwhile(job, run):
        return record_only(workspace, hold, job, record=run, ended=ended), ended.ending
    run = _as_ours(workspace, hold, run)
    decision = _decided(job, wish)
    run = run.model_copy(update={"outcome": Outcome.RUNNING, "ended": None})
    write_run(workspace, run)  # however it stood: from here on it goes on, and nothing may begin over it
    recall_outage(job)
    _stand_wall(job)
    with consul_entrance(site):
        ending = _take(workspace, job, order, decision=decision)
    return close(workspace, hold, job, record=run, ending=ending), ending


def _ended_meanwhile(job: Job, run: Run) -> EndedElsewhere | None:
    """Return how the run was ended elsewhere; asked before anything is started, and of a server started only now."""
    if ended := ended_elsewhere(job, run):
        return ended
    revive(job)
    return ended_elsewhere(job, run)


def _as_ours(workspace: Workspace, hold: Hold, run: Run) -> Run:
    """Enter the run under this lock's epoch, here before there: the entry must not seem to be somebody else's."""
    run = run.model_copy(update={"epoch": hold.epoch})
    write_run(workspace, run)
    hold.keep({RECORD: run.model_dump_json().encode()})
    enter_ledger(hold)
    return run


def _stand_wall(job: Job) -> None:
    """Put up the wall again that this run raised, where somebody or something stopped it: closed, as it was."""
    raised = any(job.plan.steps[number - 1].kind is StepKind.RAISE_WALL for number in job.journal.open_steps())
    if raised and job.site.wall.state() is WallState.ABSENT:
        say(job, "The wall does not stand: it is put up again, closed", warning=True)
        job.site.wall.ensure(closed=True)


def _drop_own(site: Site, old: LockSeen | None) -> None:
    """Remove the lock that this workspace held before, once the new one keeps all that it kept."""
    if old is not None and is_ours(site, old):
        with suppress(ReleaseError):
            site.lock.free(old.id)


def _decided(job: Job, wish: Wish) -> Decision:
    """Return what becomes of the run.

    Raises:
        NotRestored: A person must look at it first.
    """
    known = is_certain(job.journal)
    if not known:
        presume(job)
    kinds = tuple(step.kind for step in job.plan.steps)
    facts = facts_of(kinds, job.journal.records, accepted=was_accepted(job), certain=known)
    decision = decide(facts, abort=wish.abort, again=wish.again)
    _explain(job, decision, facts)
    return decision


def _explain(job: Job, decision: Decision, facts: Facts) -> None:
    words = {
        Course.ANEW: "The run begins anew",
        Course.LET_GO: "The run is closed",
        Course.FORWARD: f"The run goes on with step {decision.first} of {len(facts.steps)}",
        Course.BACK: "The run is taken back",
        Course.FINISH: "The run is finished",
    }
    if decision.course is Course.PERSON:
        raise NotRestored(
            f"{decision.reason[:1].upper()}{decision.reason[1:]}; a person must find out why.",
            resolution=f"olmis-release resume {job.plan.instance} --again",
        )
    say(job, f"{words[decision.course]}: {decision.reason}.")


def _take(workspace: Workspace, job: Job, order: Order, *, decision: Decision) -> Ending:
    match decision.course:
        case Course.LET_GO | Course.PERSON:
            return Ending(outcome=Outcome.REFUSED, failure=cut_off(job))
        case Course.BACK:
            return _back(job)
        case Course.ANEW:
            return _anew(workspace, job, order)
        case Course.FORWARD | Course.FINISH:
            return _forward(workspace, job, first=decision.first)
        case _:
            assert_never(decision.course)


def _back(job: Job) -> Ending:
    undo_failure = taken_back(steps_of(job.plan), job, on_failure=lambda: keep_evidence(job))
    return Ending(outcome=outcome_of(undo_failure), failure=cut_off(job), undo_failure=undo_failure)


def _anew(workspace: Workspace, job: Job, order: Order) -> Ending:
    try:
        require_fresh(workspace, job.site, order.plan_set)
        require_settings(workspace, job.site, order.plan_set)
        require_preflight(workspace, job)
    except ReleaseError as error:
        return Ending(outcome=Outcome.REFUSED, failure=error)
    return _forward(workspace, job, first=1)


def _forward(workspace: Workspace, job: Job, *, first: int) -> Ending:
    return execute(
        steps_of(job.plan),
        job,
        after=lambda step: after_step(workspace, job, step),
        on_failure=lambda: keep_evidence(job),
        first=first,
    )
