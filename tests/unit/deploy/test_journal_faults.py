"""The journal when something goes wrong: full disks, torn ends, tampering, signals, a target that is not there."""

import os
import signal
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from olmis_release.deploy.journal import INTENTS, Journal, Mark
from olmis_release.deploy.journal_file import BALLAST_BYTES, JournalFile, lines_in
from olmis_release.errors import JournalDamaged, TargetUnreachable
from olmis_release.plan.model import PlannedStep, StepKind

RUN = "20261128t180211"
STOP = PlannedStep(kind=StepKind.STOP_COMPONENTS, subject="stop", reason="replaced")
START = PlannedStep(kind=StepKind.START_COMPONENTS, subject="start", reason="replaced")
FIELDS: dict[str, str | int] = {
    "run": RUN, "epoch": 1, "step": 1, "kind": "stop-components", "mark": "done", "at": "", "who": "", "note": ""
}  # fmt: skip
INTENTS_IN_ORDER = [mark for mark in Mark if mark in INTENTS]


def written(folder: Path, *marks: Mark) -> Journal:
    journal = Journal(folder / "journal", run=RUN)
    for mark in marks:
        journal.write(1, STOP, mark)
    return journal


def marks(folder: Path) -> list[Mark]:
    return [one.mark for one in Journal(folder / "journal", run=RUN).records]


def test_a_full_disk_leaves_no_torn_line_and_what_was_done_is_written_down_as_soon_as_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path / "journal", run=RUN)
    journal.write(1, STOP, Mark.INTENT)
    write = os.write
    with monkeypatch.context() as full:
        full.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:10]))
        for number, step, mark in [(1, STOP, Mark.DONE), (2, START, Mark.INTENT)]:
            with pytest.raises(OSError, match="No space left"):
                journal.write(number, step, mark)
    assert journal.finished(StepKind.STOP_COMPONENTS)
    assert not journal.attempted(StepKind.START_COMPONENTS)
    assert marks(tmp_path) == [Mark.INTENT]

    journal.write(1, STOP, Mark.UNDO_INTENT)

    assert marks(tmp_path) == [Mark.INTENT, Mark.DONE, Mark.UNDO_INTENT]


def test_a_record_that_the_disk_did_not_keep_is_not_left_half_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = written(tmp_path, Mark.INTENT)

    def broken(_descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as failing:
        failing.setattr(os, "fsync", broken)
        with pytest.raises(OSError, match="Input/output"):
            journal.write(1, STOP, Mark.FAIL)

    journal.write(1, STOP, Mark.UNDO_INTENT)

    assert marks(tmp_path) == [Mark.INTENT, Mark.FAIL, Mark.UNDO_INTENT]


def test_room_set_aside_lets_the_full_disk_itself_be_written_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = written(tmp_path, Mark.INTENT)
    ballast, write = tmp_path / "ballast", os.write
    assert ballast.stat().st_size == BALLAST_BYTES
    monkeypatch.setattr(os, "write", lambda one, data: write(one, data[:10] if ballast.exists() else data))

    journal.write(1, STOP, Mark.FAIL, note="No space left on device")

    assert marks(tmp_path) == [Mark.INTENT, Mark.FAIL]
    assert not ballast.exists()


def test_a_run_without_room_for_its_journal_does_not_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda one, data: write(one, data[:10]))
    with pytest.raises(OSError, match="No space left"):
        Journal(tmp_path / "journal", run=RUN).write(1, STOP, Mark.INTENT)
    assert not (tmp_path / "journal").exists()


def test_a_record_over_64_kib_is_refused_and_nothing_of_it_is_written(tmp_path: Path) -> None:
    journal = JournalFile(tmp_path / "journal")
    journal.append({"note": "x"})
    with pytest.raises(OSError, match="64 KiB"):
        journal.append({"note": "x" * 70_000})
    assert len(JournalFile(tmp_path / "journal").lines()) == 1


def test_the_longest_and_strangest_note_fits(tmp_path: Path) -> None:
    journal = written(tmp_path, Mark.INTENT)
    journal.write(1, STOP, Mark.FAIL, note="\0" * 100_000)
    journal.write(1, STOP, Mark.UNDO_INTENT, note="\udcff no text at all")
    assert len(marks(tmp_path)) == 3


def test_the_torn_end_is_put_aside_for_whoever_wants_to_look(tmp_path: Path) -> None:
    written(tmp_path, Mark.INTENT)
    with (tmp_path / "journal").open("ab") as file:
        file.write(b'{"v":2,"se')

    assert marks(tmp_path) == [Mark.INTENT]
    assert (tmp_path / "journal.torn").read_bytes() == b'{"v":2,"se'


def test_a_line_before_the_last_that_was_changed_is_named(tmp_path: Path) -> None:
    written(tmp_path, Mark.INTENT, Mark.DONE, Mark.UNDO_INTENT)
    path = tmp_path / "journal"
    path.write_bytes(path.read_bytes().replace(b'"mark":"done"', b'"mark":"fail"'))
    with pytest.raises(JournalDamaged, match=r"journal:3 .* the line before it was changed") as damage:
        Journal(path, run=RUN)
    assert damage.value.exit_code == 16


def test_two_runs_mixed_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    written(tmp_path, Mark.INTENT)
    JournalFile(path).append({**FIELDS, "run": "20261129t080000"})
    with pytest.raises(JournalDamaged, match=r"journal:2 .* it is of the run 20261129t080000") as damage:
        Journal(path, run=RUN)
    assert damage.value.exit_code == 16


@pytest.fixture(scope="module")
def three_lines(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return written(tmp_path_factory.mktemp("journal"), Mark.INTENT, Mark.DONE, Mark.UNDO_INTENT).content()


@settings(max_examples=300)
@given(st.data())
def test_any_byte_changed_in_any_line_but_the_last_is_found(three_lines: bytes, data: st.DataObject) -> None:
    content = bytearray(three_lines)
    last = content.rindex(b"\n", 0, len(content) - 1)
    content[data.draw(st.integers(0, last))] ^= data.draw(st.integers(1, 255))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal"
        path.write_bytes(content)
        with pytest.raises(JournalDamaged):
            Journal(path, run=RUN)


@settings(max_examples=300)
@given(st.data())
def test_wherever_the_last_line_was_cut_the_lines_before_it_stand(three_lines: bytes, data: st.DataObject) -> None:
    last = three_lines.rindex(b"\n", 0, len(three_lines) - 1) + 1
    cut = three_lines[: data.draw(st.integers(last, len(three_lines) - 1))]
    zeros = bytes(data.draw(st.integers(0, 10)) if len(cut) < len(three_lines) - 1 else 0)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "journal").write_bytes(cut + zeros)
        assert marks(Path(folder)) == [Mark.INTENT, Mark.DONE]


def test_the_target_gets_the_whole_journal_with_each_intent_and_only_then(tmp_path: Path) -> None:
    sent: list[bytes] = []
    journal = Journal(tmp_path / "journal", run=RUN, mirror=sent.append)
    for mark in Mark:
        journal.write(1, STOP, mark)
    assert [content.count(b"\n") for content in sent] == [1 + list(Mark).index(mark) for mark in INTENTS_IN_ORDER]
    assert (tmp_path / "journal").read_bytes().startswith(sent[-1])


def test_an_undo_that_this_disk_cannot_take_down_is_known_to_the_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[bytes] = []
    journal = Journal(tmp_path / "journal", run=RUN, mirror=sent.append)
    journal.write(1, STOP, Mark.INTENT)
    write = os.write
    monkeypatch.setattr(os, "write", lambda one, data: write(one, data[:10]))
    with pytest.raises(OSError, match="No space left"):
        journal.write(1, STOP, Mark.FAIL)
    with pytest.raises(OSError, match="No space left"):
        journal.write(1, STOP, Mark.UNDO_INTENT)
    told = [line["mark"] for line in lines_in(sent[-1], shown_as=tmp_path)]
    assert told == ["intent", "fail", "undo-intent"]


def test_an_intent_that_the_target_did_not_get_is_an_error_to_whoever_wants_to_act(tmp_path: Path) -> None:
    def silent(_content: bytes) -> None:
        raise TargetUnreachable("The engine does not answer.", resolution="Wait.")

    journal = Journal(tmp_path / "journal", run=RUN, mirror=silent)
    with pytest.raises(TargetUnreachable):
        journal.write(1, STOP, Mark.INTENT)
    journal.write(1, STOP, Mark.UNKNOWN)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_middle_of_a_record_waits_until_it_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    def stop(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    fsync, before = os.fsync, signal.signal(number, stop)

    def disturbed(descriptor: int) -> None:
        fsync(descriptor)
        # The system may give it to any thread: a mask of this one would not hold it off.
        threading.Thread(target=lambda: signal.pthread_kill(threading.get_ident(), number)).start()

    journal = written(tmp_path, Mark.INTENT)
    monkeypatch.setattr(os, "fsync", disturbed)
    with pytest.raises(KeyboardInterrupt):
        journal.write(1, STOP, Mark.DONE)
    monkeypatch.undo()
    signal.signal(number, before)
    journal.write(1, STOP, Mark.UNDO_INTENT)
    assert marks(tmp_path) == [Mark.INTENT, Mark.DONE, Mark.UNDO_INTENT]
