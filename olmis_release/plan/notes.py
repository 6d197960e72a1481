"""What a reviewer must know beyond the list of changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from olmis_release.instance.ports import Slot
from olmis_release.manifest.model import ReleaseManifest
from olmis_release.plan.migrations import STARTED_ANEW
from olmis_release.plan.model import Action, Change
from olmis_release.plan.planner import UNKNOWN_CONFIGURATION, Situation
from olmis_release.text import listed, plural
from olmis_release.version import Order, compare_tags


def plan_notes(
    changes: Iterable[Change], situation: Situation, *, schemas: Iterable[str], is_rollback: bool = False
) -> tuple[str, ...]:
    """Return the notes of a plan.

    Args:
        changes: With their migrations.
        situation: What they were decided from.
        schemas: Database schemas that have a history already.
        is_rollback: Going down is what was asked for, and not said again.
    """
    every = tuple(changes)
    return (
        *(() if is_rollback else _downgrades(every)),
        *_moving_tags(every, situation.manifest),
        *_drift(every, situation),
        *_strangers(every),
        *_volumes(every),
        *_data_at_first_deploy(situation, tuple(schemas)),
    )


def _downgrades(changes: tuple[Change, ...]) -> Iterator[str]:
    lower = [move for change in changes if change.action in STARTED_ANEW and (move := _down(change))]
    if lower:
        yield f"Older than what runs: {listed(lower)}."


def _down(change: Change) -> str:
    (old, _, old_tag), (new, _, new_tag) = ((image or "").rpartition(":") for image in (change.before, change.after))
    down = old == new and compare_tags(old_tag, new_tag) is Order.DOWN
    return f"{change.component} {old_tag} -> {new_tag}" if down else ""


def _moving_tags(changes: tuple[Change, ...], manifest: ReleaseManifest) -> Iterator[str]:
    moving = [
        f"{change.component} ({change.after})"
        for change in changes
        if change.action in STARTED_ANEW and _moves(manifest, change.component)
    ]
    if moving:
        yield f"Their tags can mean something else tomorrow; this plan holds the digests of today: {listed(moving)}."


def _moves(manifest: ReleaseManifest, component: str) -> bool:
    image = manifest.components[component].image
    if image.by_digest:
        return False
    return image.untagged or image.tag == "latest" or "snapshot" in image.tag.lower()


def _drift(changes: tuple[Change, ...], situation: Situation) -> Iterator[str]:
    foreign = [change.component for change in changes if UNKNOWN_CONFIGURATION in change.reasons]
    if foreign:
        yield f"Not started by olmis-release, so their configuration is not known: {listed(foreign)}."
    old: Mapping[str, object] = situation.previous.components if situation.previous else {}
    removed = [change.component for change in changes if change.action is Action.REMOVE]
    strangers = [name for name in removed if name not in old]
    if strangers and situation.previous:
        yield f"Not part of {situation.previous.version}, and to be removed from the project: {listed(strangers)}."


def _strangers(changes: tuple[Change, ...]) -> Iterator[str]:
    ignorant = [f"{one.component} ({plural(len(one.unknown_rows), 'change')})" for one in changes if one.unknown_rows]
    if ignorant:
        yield (
            f"The database has changes that these do not know: {listed(ignorant)}. They start, for Flyway only warns; "
            "whether they work with them is for the smoke tests to show, before users are let in."
        )


def _volumes(changes: tuple[Change, ...]) -> Iterator[str]:
    removed = [change.component for change in changes if change.action is Action.REMOVE]
    if removed:
        yield f"Volumes and database schemas of what is removed are kept: {listed(removed)}."


def slot_note(slots: Iterable[Slot], *, database: str) -> Iterator[str]:
    """Yield what going back with the database means for whoever reads its replication slots."""
    named = [f"{slot.name} ({slot.plugin})" for slot in slots if slot.database == database]
    if named:
        yield (
            f"If the database goes back, these replication slots are made anew: {listed(named)}. What reads them must "
            "accept a new slot, and what it streamed of the failed release is not taken back."
        )


def _data_at_first_deploy(situation: Situation, schemas: tuple[str, ...]) -> Iterator[str]:
    if situation.previous is None and schemas:
        yield (
            f"The database is not empty (schemas {listed(schemas)}), and a first deploy has no way back for it. "
            "Have a backup before you deploy."
        )
