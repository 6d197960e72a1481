from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from olmis_release.errors import BadInput
from olmis_release.instance.database_note import Note, NoteState, fitting, read_note

TEXT = st.text(st.characters(exclude_characters="\0", codec="utf-8"))


def test_a_note_reads_as_a_person_expects() -> None:
    note = Note(run="20261128t180211", of=16384, state=NoteState.READY)
    assert str(note) == "olmis-release run=20261128t180211 of=16384 state=ready"


NOTES = st.builds(
    Note,
    run=TEXT,
    of=st.integers(min_value=0, max_value=2**32),
    state=st.sampled_from(NoteState),
    comment=TEXT,
    template=st.booleans(),
    was=st.none() | st.sampled_from(NoteState),
    slots=st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1)).map(tuple),
    written=st.text("0123456789abcdef"),
)


@given(NOTES)
def test_what_was_written_is_read(note: Note) -> None:
    assert read_note(str(note)) == note


def test_slots_stand_in_a_note_as_a_person_would_write_them() -> None:
    note = Note(run="r1", of=1, state=NoteState.READY, slots=("debezium:pgoutput", "audit:wal2json:two-phase"))
    assert str(note) == "olmis-release run=r1 of=1 state=ready slots=debezium:pgoutput,audit:wal2json:two-phase"


@pytest.mark.parametrize(
    "comment",
    [
        "",
        "Malawi UAT",
        "olmis-release",
        "olmis-release run=1",
        "olmis-release run=1 of=x state=ready",
        "olmis-release run=1 of=2 state=odd",
        "olmis-release run=1 of=2 state=ready and more",
        " olmis-release run=1 of=2 state=ready",
    ],
)
def test_any_other_comment_is_no_note(comment: str) -> None:
    assert read_note(comment) is None


def test_a_name_that_postgresql_would_cut_off_is_refused() -> None:
    assert fitting("x" * 63) == "x" * 63
    with pytest.raises(BadInput, match="has 64 bytes"):
        fitting("é" * 32)
