"""How a failed run goes back, what that costs, and which changes have no safe way back at all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from olmis_release.errors import Problem
from olmis_release.manifest.model import ImageRef, ReleaseManifest, Role
from olmis_release.plan.model import Action, Change, WayBack
from olmis_release.text import listed

NOTHING_LOST = "Nothing. No database change comes with this plan: the old containers go on with the same data."
FIRST_DEPLOY = (
    "There is no older release here to go back to. If this first deploy fails, what it started is taken down; "
    "volumes, and so the database, are kept."
)
DATABASE = (
    "If the deploy fails by itself: nothing. Users are shut out before the database is copied, and let in again only "
    "when the new release has proved itself or the old one serves again. "
    "After users are let in, going back means a choice: keep the data, if the old release can work with the changed "
    "database, or restore the copy and lose every entry made since."
)

GIVEN_UP = (
    "If the deploy fails, the old containers go back and the changes of the database stay: --no-db-rollback was typed. "
    "The old release may not start on them, and nothing here brings the data back as it was."
)
NO_DB_ROLLBACK = (
    "--no-db-rollback: no copy of the database is taken. If this release fails, what it did to the database stays. "
    "Have a backup that was tried."
)


def way_back_of(changes: Iterable[Change], *, first_deploy: bool, give_up_database: bool = False) -> WayBack:
    """Return how a failed run of these changes is undone."""
    if first_deploy:
        return WayBack.NONE
    if give_up_database:
        return WayBack.IMAGES
    return WayBack.DATABASE if any(change.may_migrate for change in changes) else WayBack.IMAGES


def data_cost(way_back: WayBack, *, given_up: bool = False) -> str:
    """Return in words what going back loses."""
    if given_up:
        return GIVEN_UP
    return {WayBack.NONE: FIRST_DEPLOY, WayBack.IMAGES: NOTHING_LOST, WayBack.DATABASE: DATABASE}[way_back]


def without_way_back(
    changes: Sequence[Change], old: ReleaseManifest | None, new: ReleaseManifest, *, touches_data: bool
) -> Iterator[Problem]:
    """Yield why a change of the database component cannot be part of this plan.

    Args:
        changes: What happens to each component.
        old: The release that runs, None for a first deploy: then the database is new as well.
        new: The release that is wanted.
        touches_data: The plan migrates, copies or swaps the database, which must keep running for that.
    """
    for change in changes:
        if old is not None and change.action is not Action.KEEP and _is_database(change.component, old, new):
            yield from _against(change, old=old, new=new, touches_data=touches_data, others=changes)


def _is_database(name: str, *manifests: ReleaseManifest) -> bool:
    return any(one.components[name].role is Role.DATABASE for one in manifests if name in one.components)


def _against(
    change: Change, *, old: ReleaseManifest, new: ReleaseManifest, touches_data: bool, others: Sequence[Change]
) -> Iterator[Problem]:
    name = change.component
    if name in old.components and name in new.components:
        before, after = old.components[name].image, new.components[name].image
        if _other_major(before, after):
            yield Problem(
                code="E-DATABASE-MAJOR",
                message=f"{name} would go from {before} to {after}: another major version of PostgreSQL cannot read "
                "the data files of this one.",
                resolution="Upgrade the data first (dump and restore), then deploy.",
            )
            return
    if touches_data:
        migrating = [one.component for one in others if one.may_migrate]
        why = f"{listed(migrating)} changes the database" if migrating else "the database itself is to go back"
        yield Problem(
            code="E-DATABASE-REPLACED",
            message=f"{name} would be replaced ({'; '.join(change.reasons)}) in the same deploy in which {why}.",
            resolution=f"Change {name} in a release of its own.",
        )


def _other_major(before: ImageRef, after: ImageRef) -> bool:
    old, new = _major(before.tag), _major(after.tag)
    return before.tag != after.tag and None not in {old, new} and old != new


def _major(tag: str) -> str | None:
    """Return PostgreSQL's major version as a tag says it: ``9.6`` before 10, the first number since."""
    match = re.match(r"(?P<first>\d+)(?:\.(?P<second>\d+))?", tag)
    if match is None:
        return None
    old_style = int(match["first"]) < 10 and match["second"] is not None
    return f"{match['first']}.{match['second']}" if old_style else match["first"]
