from __future__ import annotations

from dataclasses import replace

import pytest

from olmis_release.errors import RollbackRefused, StepFailed
from olmis_release.instance.database_note import Note, NoteState
from olmis_release.instance.database_swap import Scene, plan_swap, plan_swap_back
from olmis_release.instance.ports import DatabaseFacts
from tests.fakes.database import some_facts

LIVE, POINT, FAILED = "lmis", "lmis__before_r1", "lmis__failed_r1"
READY = Note(run="r1", of=1, state=NoteState.READY, comment="mine")


def point(note: Note | None = READY, **changes: object) -> DatabaseFacts:
    facts = replace(some_facts(POINT, oid=2), open=False, template=True, comment=str(note or "somebody's"))
    return replace(facts, **changes)  # type: ignore[arg-type]


def scene(*databases: DatabaseFacts, live: int | None = 1) -> Scene:
    own = (some_facts(LIVE, oid=live),) if live else ()
    return Scene(databases=(*own, *databases), live_name=LIVE, point_name=POINT, failed_name=FAILED)


def aside(**changes: object) -> DatabaseFacts:
    note = Note(run="r1", of=2, state=NoteState.FAILED, comment="mine", was=NoteState.ACCEPTED)
    facts = replace(some_facts(FAILED, oid=1), open=False, comment=str(note))
    return replace(facts, **changes)  # type: ignore[arg-type]


def test_a_swap_renames_both_and_opens_the_new_live_one() -> None:
    texts = [one.text for one in plan_swap(scene(point()), accept_loss=False).statements]
    assert [text for text in texts if "RENAME" in text] == [
        f'ALTER DATABASE "{LIVE}" RENAME TO "{FAILED}"',
        f'ALTER DATABASE "{POINT}" RENAME TO "{LIVE}"',
    ]
    assert texts[-1] == f'ALTER DATABASE "{LIVE}" ALLOW_CONNECTIONS true'
    assert f"COMMENT ON DATABASE \"{LIVE}\" IS 'mine'" in texts


def test_the_way_back_of_a_swap_is_the_same_with_names_reversed() -> None:
    texts = [one.text for one in plan_swap_back(scene(aside(), live=2)).statements]
    assert [text for text in texts if "RENAME" in text] == [
        f'ALTER DATABASE "{LIVE}" RENAME TO "{POINT}"',
        f'ALTER DATABASE "{FAILED}" RENAME TO "{LIVE}"',
    ]
    again = "'olmis-release run=r1 of=1 state=accepted'"
    assert f'COMMENT ON DATABASE "{POINT}" IS {again}' in texts


@pytest.mark.parametrize(
    ("databases", "reason"),
    [
        ((), "there is no such database"),
        ((point(None),), "not a complete copy"),
        ((point(connection_limit=-2),), "not a complete copy"),
        ((point(replace(READY, state=NoteState.FAILED)),), "not a complete copy"),
        ((point(replace(READY, of=9)),), "copy of the database with OID 9"),
        ((point(replace(READY, state=NoteState.ACCEPTED)),), "was accepted"),
    ],
)
def test_a_point_that_cannot_be_trusted_is_refused_with_the_reason(
    databases: tuple[DatabaseFacts, ...], reason: str
) -> None:
    with pytest.raises(RollbackRefused, match=reason):
        plan_swap(scene(*databases), accept_loss=False)


def test_an_accepted_point_is_swapped_when_a_person_agreed() -> None:
    accepted = point(replace(READY, state=NoteState.ACCEPTED))
    assert plan_swap(scene(accepted), accept_loss=True).statements


def test_a_swap_that_was_done_is_not_done_again() -> None:
    assert plan_swap(scene(aside(), live=2), accept_loss=False).statements == ()
    assert plan_swap_back(scene(point())).statements == ()


def test_a_taken_name_for_the_failed_database_stops_the_swap() -> None:
    with pytest.raises(StepFailed, match="exists already"):
        plan_swap(scene(point(), aside()), accept_loss=False)


def test_a_database_renamed_by_hand_is_told_with_the_oids() -> None:
    with pytest.raises(StepFailed, match=r"no database lmis .*lmis__before_r1 \(2\)"):
        plan_swap(scene(point(), live=None), accept_loss=False)


def test_only_the_database_that_was_put_aside_can_come_back() -> None:
    with pytest.raises(RollbackRefused, match="lmis has OID 3"):
        plan_swap_back(scene(aside(), live=3))


def test_older_points_go_with_the_data_that_they_are_copies_of() -> None:
    older = replace(point(), name="lmis__before_r0", oid=7, comment=str(replace(READY, run="r0")))
    texts = [one.text for one in plan_swap(scene(point(), older), accept_loss=False).statements]
    assert "COMMENT ON DATABASE \"lmis__before_r0\" IS 'olmis-release run=r0 of=2 state=ready comment=mine'" in texts
