"""The judge of the torture: what counts as old, new, held, and what is told of everything else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.torture.bed import Done
from tests.torture.cases import RUNS_PER_FLOW, Flow, WayOut, call_cases, kill_cases, sampled
from tests.torture.judge import Word, exit_fits, left_behind, word_of
from tests.torture.look import Picture, Reference

OLD = Reference(
    images={"auth": "a1"}, versions={"auth": "1"}, database={"tables": {"auth.users": [[3, "9"]]}, "attributes": []}
)
NEW = Reference(
    images={"auth": "a2"}, versions={"auth": "2"}, database={"tables": {"auth.users": [[4, "8"]]}, "attributes": []}
)
SERVING = Picture(
    images=OLD.images,
    ids={"auth": "c1"},
    versions=OLD.versions,
    wall="open",
    database=OLD.database,
    databases={},
    lock=None,
    registered={"auth": ["10.0.0.2"]},
    addresses={"auth": "10.0.0.2"},
)
LOCK = {"doing": "deploy"}


@pytest.mark.parametrize(
    ("seen", "word"),
    [
        (SERVING, Word.OLD),
        (replace(SERVING, images=NEW.images, versions=NEW.versions, database=NEW.database), Word.NEW),
        (replace(SERVING, wall="closed", versions={"auth": "503"}, lock=LOCK), Word.HELD),
        (replace(SERVING, wall="closed", versions={"auth": "1"}, lock=LOCK), Word.NEITHER),
        (replace(SERVING, wall="closed", versions={"auth": "503"}), Word.NEITHER),
        (replace(SERVING, images=NEW.images), Word.NEITHER),
        (replace(SERVING, database=NEW.database), Word.NEITHER),
        (replace(SERVING, registered={"auth": ["10.0.0.2", "10.0.0.9"]}), Word.NEITHER),
    ],
)
def test_an_instance_is_old_new_held_or_none_of_these(seen: Picture, word: Word) -> None:
    found, against = word_of(seen, OLD, NEW)
    assert found is word
    assert bool(against) is (word is Word.NEITHER)


@pytest.mark.parametrize(
    ("databases", "word", "told"),
    [
        ({"open_lmis__before_r": "olmis-release run=r of=1 state=accepted"}, Word.NEW, False),
        ({"open_lmis__before_r": "olmis-release run=r of=1 state=ready"}, Word.NEW, True),
        ({"open_lmis__before_r": "olmis-release run=r of=1 state=accepted"}, Word.OLD, True),
        ({"open_lmis__failed_r": "olmis-release run=r of=1 state=failed"}, Word.OLD, False),
        ({"open_lmis__before_r": ""}, Word.OLD, True),
    ],
)
def test_a_database_that_nobody_owns_is_told(databases: dict[str, str], word: Word, told: bool) -> None:
    assert bool(list(left_behind(replace(SERVING, databases=databases), SERVING, word))) is told


@pytest.mark.parametrize(
    ("exit_code", "word", "told"),
    [(0, Word.NEW, False), (0, Word.OLD, True), (9, Word.OLD, False), (9, Word.HELD, True), (10, Word.HELD, False)],
)
def test_an_exit_status_must_not_lie(exit_code: int, word: Word, told: bool) -> None:
    done = Done(arguments=(), exit_code=exit_code, out="Next: olmis-release status uat\n", err="")
    assert bool(list(exit_fits(done, word, back_wanted=False))) is told


STATES = {
    "open, and nobody gets in": (10, Word.HELD, True, "uat: open, serving 3.5.0+mw1.", True),
    "held, and nobody gets in": (10, Word.HELD, True, "uat: held between 3.4.1 and 3.5.0; whom …", False),
    "held, and all has ended": (16, Word.NEW, False, "uat: held between 3.4.1 and 3.5.0; whom …", True),
    "not ended, and all has ended": (16, Word.OLD, False, "uat: the deploy has not ended; what serves …", True),
    "not ended, said by who was taken over": (17, Word.OLD, False, "uat: the deploy has not ended; …", False),
}


@pytest.mark.parametrize(("exit_code", "word", "is_open", "state", "told"), STATES.values(), ids=STATES)
def test_a_state_line_must_not_lie(exit_code: int, word: Word, *, is_open: bool, state: str, told: bool) -> None:
    done = Done(arguments=(), exit_code=exit_code, out=f"STATE {state}\nNext: olmis-release resume uat\n", err="")
    assert any("STATE" in one for one in exit_fits(done, word, back_wanted=False, is_open=is_open)) is told


@pytest.mark.parametrize(
    ("exit_code", "following", "fits"),
    [
        (10, "olmis-release resume uat", True),
        (10, "olmis-release resume uat --again", True),
        (17, "olmis-release takeover uat", True),
        (10, "olmis-release status uat", False),
        (17, "Check that the engine runs.", False),
        (8, "olmis-release status uat", True),
        (8, "olmis-release lock status uat", True),
        (8, "olmis-release deploy uat", False),
    ],
)
def test_where_a_run_is_open_the_next_line_is_the_one_command_that_ends_it(
    exit_code: int, following: str, *, fits: bool
) -> None:
    done = Done(arguments=(), exit_code=exit_code, out=f"Next: {following}\n", err="")
    assert list(exit_fits(done, Word.HELD, back_wanted=False, is_open=True)) == (
        [] if fits else [f"the Next line is no command that leads out: {following!r}"]
    )


@pytest.mark.parametrize("word", list(Word))
def test_an_unexpected_fault_fits_nothing(word: Word) -> None:
    done = Done(arguments=(), exit_code=1, out="Next: Report it.\n", err="")
    assert list(exit_fits(done, word, back_wanted=False)) == [f"exit 1, and the instance is {word}"]


def test_an_untouched_run_goes_forward_whoever_takes_it_over() -> None:
    ends = {case.ends for case in kill_cases() if case.way_out is WayOut.TAKEOVER and case.flow is not Flow.BAD}
    assert ends == {(Word.NEW,)}


def test_there_are_as_many_cases_as_promised_and_each_has_a_name_of_its_own() -> None:
    kills = [case.name for case in kill_cases()]
    calls = [case.name for flow in Flow for case in call_cases(flow, 400)]
    assert len(kills) >= 160
    assert len(calls) == RUNS_PER_FLOW * len(Flow)
    assert len({*kills, *calls}) == len(kills) + len(calls)
    assert len(sampled(kills, 12)) == 12
