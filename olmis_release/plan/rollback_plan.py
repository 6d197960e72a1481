"""Make the plan that brings an instance back to a release which was good here before."""

from __future__ import annotations

from collections.abc import Sequence

from olmis_release import clock
from olmis_release.errors import BadInput, PlanStale, RollbackRefused
from olmis_release.instance.config import RollbackMethod
from olmis_release.instance.site import Site
from olmis_release.manifest.lock import sha256_of
from olmis_release.plan.composed import settings_copies
from olmis_release.plan.drafting import Draft, Goal
from olmis_release.plan.migrations import would_not_start
from olmis_release.plan.model import Change, Outcome, PlanPurpose, Run, WayBack
from olmis_release.plan.reading import Reading, Standing, deployed_by, read
from olmis_release.plan.records import in_effect
from olmis_release.plan.sets import PlanSet
from olmis_release.plan.way_back import without_way_back
from olmis_release.text import listed, plural
from olmis_release.workspace import Workspace

BROKEN = "The last run did not end well: what runs now is not verified, and is not asked for proof."


def make_rollback_plan(workspace: Workspace, site: Site, *, to: str | None, restore_data: bool, author: str) -> PlanSet:
    """Read an instance and write the plan that goes back; the instance is not touched.

    Args:
        workspace: Where plans are.
        site: The instance.
        to: A release that ran here before; None means the one before, or the last good one if the last run failed.
        restore_data: Also put the database back to the copy that the last deploy took.
        author: Who makes the plan.

    Raises:
        RollbackRefused: There is nothing to go back to, or it could not run on the data; says why.
    """
    reading = read(workspace, site)
    standing = in_effect(reading.history)
    run = _target(reading, standing, to)
    target = _stored(workspace, run)
    point_run = _owner_of_point(reading, standing, run) if restore_data else None
    goal = Goal(
        purpose=PlanPurpose.ROLLBACK,
        manifest=target.manifest,
        release_file=target.plan_set.plan.release_file,
        compose_text=target.compose_text,
        previous=deployed_by(workspace, standing[-1]),
        restore=point_run.point if point_run else None,
        notes=(BROKEN,) if reading.broken else (),
    )
    draft = Draft(reading=reading, goal=goal)
    _require_way(draft)
    return draft.write(author, cost=_loss(reading, point_run) if point_run else _kept(draft.changes))


def _target(reading: Reading, standing: Sequence[Run], to: str | None) -> Run:
    """Return the run whose release and configuration are wanted again."""
    name = reading.site.config.name
    if not standing:
        raise RollbackRefused(
            f"Nothing was deployed to {name} yet, so there is nothing to go back to.",
            resolution=f"olmis-release plan --to {name}",
        )
    if to is not None:
        return _named(reading, standing[-1], to)
    if reading.broken:
        return standing[-1]
    below = [run for run in standing[:-1] if run.release != standing[-1].release]
    if not below:
        raise RollbackRefused(
            f"{standing[-1].release} is the first release on {name}; there is none before it.",
            resolution=f"Name one that ran here, if any: olmis-release rollback {name} --to RELEASE",
        )
    return below[-1]


def _named(reading: Reading, current: Run, to: str) -> Run:
    name = reading.site.config.name
    good = [run for run in reading.history if run.outcome is Outcome.DEPLOYED]
    known = sorted({run.release for run in good} - {current.release})
    found = [run for run in good if run.release == to]
    if to == current.release and not reading.broken:
        raise RollbackRefused(
            f"{to} is what should run on {name} now.", resolution=f"Releases that ran before: {listed(known)}."
        )
    if not found:
        raise RollbackRefused(
            f"{to} never ran well on {name}, so its configuration is not known.",
            resolution=f"Releases that did: {listed(known)}. To deploy {to}: olmis-release plan {to} --to {name}",
        )
    return found[-1]


def _stored(workspace: Workspace, run: Run) -> Standing:
    """Return what a run deployed, after making sure that it can be started as it was.

    Raises:
        RollbackRefused: Something of it is gone or altered.
    """
    try:
        target = deployed_by(workspace, run)
    except (BadInput, PlanStale) as error:
        raise _not_as_it_was(run, error.message) from error
    if sha256_of(target.manifest) != target.plan_set.plan.base.manifest:
        raise _not_as_it_was(run, f"{target.plan_set.plan.release_file} was changed since.")
    copies = settings_copies(target.compose_text, target.bodies)
    gone = sorted(copy for copy in copies if not (workspace.root / copy).is_file())
    if gone:
        raise _not_as_it_was(run, f"The settings that it ran with are gone: {listed(gone)}.")
    return target


def _not_as_it_was(run: Run, why: str) -> RollbackRefused:
    return RollbackRefused(
        f"{run.release} (plan {run.code}) cannot be brought back as it was. {why}",
        resolution=f"Put it back from your version control or backup, or: olmis-release plan {run.release} "
        f"--to {run.instance}",
    )


def _owner_of_point(reading: Reading, standing: Sequence[Run], target: Run) -> Run:
    """Return the run that took the copy of the database which the target's data is in, the copy's name with it.

    Raises:
        RollbackRefused: There is no such copy.
    """
    latest = _latest(reading, standing)
    below = target if reading.broken else next(reversed(standing[:-1]), None)
    point = latest.point or f"{reading.site.database.name}__before_{latest.run}"
    if below is None or below.run != target.run:
        raise _no_copy(reading, f"The copy is of the time before {latest.release}, not of {target.release}.")
    if latest.way_back is not WayBack.DATABASE:
        raise _no_copy(reading, f"The deploy of {latest.release} changed nothing in the database, so it took no copy.")
    if reading.site.database.point(point) is None and not _dumped(reading, point):
        raise _no_copy(reading, f"The copy {point} is not there any more.")
    return latest.model_copy(update={"point": point})


def _dumped(reading: Reading, point: str) -> bool:
    dumps = reading.site.fallbacks.get(RollbackMethod.DUMP)
    return dumps is not None and dumps.has(point)


def _latest(reading: Reading, standing: Sequence[Run]) -> Run:
    touched = [run for run in reading.history if run.outcome is not Outcome.REFUSED]
    return touched[-1] if reading.broken else standing[-1]


def _no_copy(reading: Reading, why: str) -> RollbackRefused:
    return RollbackRefused(
        f"The data cannot be restored. {why}",
        resolution=f"Go back with the data as it is: olmis-release rollback {reading.site.config.name} --data keep",
    )


def _require_way(draft: Draft) -> None:
    """Refuse what could not run on the data as it is.

    Raises:
        RollbackRefused: Lists every row and component that is in the way.
    """
    previous = draft.goal.previous
    problems = [
        *would_not_start(draft.changes, draft.verdicts),
        *without_way_back(
            draft.changes,
            previous.manifest if previous else None,
            draft.goal.manifest,
            touches_data=draft.way_back is WayBack.DATABASE,
        ),
    ]
    if problems:
        name = draft.reading.site.config.name
        raise RollbackRefused(
            f"{draft.goal.manifest.version} cannot be brought back like this.",
            details="\n".join(str(problem) for problem in problems),
            resolution="Correct what is named above, or deploy another release."
            if draft.goal.restore
            else f"Restore the data as well, if its copy is still there: olmis-release rollback {name} --data restore",
        )


def _kept(changes: Sequence[Change]) -> str:
    strangers = [change for change in changes if change.unknown_rows]
    if not strangers:
        return "Nothing. The data stays as it is, and the older release knows every database change that was made."
    named = listed(f"{one.component} ({plural(len(one.unknown_rows), 'change')})" for one in strangers)
    return (
        f"No entry is lost: the data stays. The database changes of the newer release stay too, unknown to the older "
        f"one: {named}. What users entered only there is not shown."
    )


def _loss(reading: Reading, run: Run) -> str:
    zone = reading.site.config.zone
    since = clock.local_and_utc(clock.parse_iso(run.started), zone)
    if run.outcome is not Outcome.DEPLOYED:
        return (
            f"Everything entered since {since} is taken out. The instance has not been given back to users since then, "
            "so nobody should have entered anything; the present database is kept, closed."
        )
    opened = clock.local_and_utc(clock.parse_iso(run.ended or run.started), zone)
    return (
        f"Every entry that users made since {run.release} was opened to them ({opened}) is lost to them. The database "
        f"goes back to its copy of {since}; the present one is kept, closed."
    )
