from pathlib import Path

import pytest

from olmis_release.deploy.journal import Journal, Mark
from olmis_release.errors import JournalDamaged
from olmis_release.plan.model import PlannedStep, StepKind
from olmis_release.redaction import Redactor

STOP = PlannedStep(kind=StepKind.STOP_COMPONENTS, subject="stop", reason="replaced")
START = PlannedStep(kind=StepKind.START_COMPONENTS, subject="start", reason="replaced")


def test_what_was_written_is_there_after_opening_it_again(tmp_path: Path) -> None:
    Journal(tmp_path / "journal", run="20261128t180211").write(1, STOP, Mark.INTENT, note="é")

    (record,) = Journal(tmp_path / "journal", run="20261128t180211").records

    assert (record.step, record.kind, record.mark, record.note) == (1, StepKind.STOP_COMPONENTS, Mark.INTENT, "é")


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    Journal(tmp_path / "journal", run="20261128t180211").write(1, STOP, Mark.INTENT)

    assert (tmp_path / "journal").stat().st_mode & 0o777 == 0o600


def test_open_steps_are_those_that_may_have_acted_and_were_not_undone_newest_first(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal", run="20261128t180211")
    for number, mark in [(1, Mark.INTENT), (1, Mark.DONE), (2, Mark.INTENT), (3, Mark.INTENT), (3, Mark.UNDO_DONE)]:
        journal.write(number, STOP, mark)

    assert journal.open_steps() == (2, 1)


def test_a_step_counts_as_attempted_from_its_intent_and_as_finished_only_when_done(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal", run="20261128t180211")
    journal.write(1, STOP, Mark.INTENT)
    journal.write(1, STOP, Mark.DONE)
    journal.write(2, START, Mark.INTENT)

    assert journal.finished(StepKind.STOP_COMPONENTS)
    assert journal.attempted(StepKind.START_COMPONENTS)
    assert not journal.finished(StepKind.START_COMPONENTS)


def test_a_last_line_cut_short_by_a_crash_never_happened_and_the_next_record_takes_its_place(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal", run="20261128t180211")
    journal.write(1, STOP, Mark.INTENT)
    with (tmp_path / "journal").open("a") as file:
        file.write('{"v":1,"seq":2,"st')

    Journal(tmp_path / "journal", run="20261128t180211").write(1, STOP, Mark.DONE)

    assert [record.mark for record in Journal(tmp_path / "journal", run="20261128t180211").records] == [
        Mark.INTENT,
        Mark.DONE,
    ]


@pytest.mark.parametrize("damage", ["not json\n", '{"v":1,"seq":7}\n'])
def test_a_damaged_line_before_the_last_is_refused_and_named(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "journal"
    journal = Journal(path, run="20261128t180211")
    journal.write(1, STOP, Mark.INTENT)
    journal.write(1, STOP, Mark.DONE)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text(damage + lines[1])

    with pytest.raises(JournalDamaged, match="journal:1"):
        Journal(path, run="20261128t180211")


def test_a_removed_line_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal = Journal(path, run="20261128t180211")
    for mark in (Mark.INTENT, Mark.DONE, Mark.UNDO_INTENT):
        journal.write(1, STOP, mark)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text(lines[0] + lines[2])

    with pytest.raises(JournalDamaged, match="journal:2"):
        Journal(path, run="20261128t180211")


def test_no_secret_is_written_down(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal", run="20261128t180211", redactor=Redactor(['open"sesame']))
    journal.write(1, STOP, Mark.FAIL, note='the password open"sesame is wrong')

    assert b"sesame" not in journal.content()
    assert journal.records[-1].note == "the password *** is wrong"
