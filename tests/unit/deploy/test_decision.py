"""What becomes of a run that was cut off: the table cell by cell, and what holds for every journal there can be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from olmis_release.deploy.decision import (
    MOST_TRANSITIONS,
    MOST_TRIES,
    NOT_TOUCHING,
    TRIES_OF,
    Course,
    Decision,
    decide,
    facts_of,
)
from olmis_release.deploy.journal import Mark, Record
from olmis_release.plan.model import StepKind

WALLED = (
    StepKind.PULL_IMAGES,
    StepKind.PROVE_OLD,
    StepKind.RAISE_WALL,
    StepKind.STOP_COMPONENTS,
    StepKind.TAKE_ROLLBACK_POINT,
    StepKind.START_COMPONENTS,
    StepKind.START_COMPONENTS,
    StepKind.AWAIT_READY,
    StepKind.SMOKE_TEST,
    StepKind.ACCEPT,
    StepKind.LOWER_WALL,
)
RESTORE = tuple(StepKind.SWAP_DATABASE if kind is StepKind.TAKE_ROLLBACK_POINT else kind for kind in WALLED)
FIRST_DEPLOY = (
    StepKind.PULL_IMAGES,
    StepKind.START_COMPONENTS,
    StepKind.RAISE_WALL,
    StepKind.START_COMPONENTS,
    StepKind.AWAIT_READY,
    StepKind.SMOKE_TEST,
    StepKind.ACCEPT,
    StepKind.LOWER_WALL,
)
UNWALLED = (StepKind.PULL_IMAGES, StepKind.PROVE_OLD, *WALLED[3:4], *WALLED[6:10])
PLANS = (WALLED, RESTORE, FIRST_DEPLOY, UNWALLED)
CUTS = [(plan, number) for plan in (WALLED, RESTORE) for number in range(1, len(plan) + 1)]
IDS = [f"{'restore' if plan is RESTORE else 'deploy'}-{number}-{plan[number - 1]}" for plan, number in CUTS]
ACCEPT = WALLED.index(StepKind.ACCEPT) + 1
FIRST_START = WALLED.index(StepKind.START_COMPONENTS) + 1
BEGINS_AT = {
    StepKind.SMOKE_TEST: StepKind.AWAIT_READY,
    StepKind.ACCEPT: StepKind.AWAIT_READY,
    StepKind.TAKE_ROLLBACK_POINT: StepKind.STOP_COMPONENTS,
    StepKind.SWAP_DATABASE: StepKind.STOP_COMPONENTS,
}
"""Where a run begins again that was cut off at a step; at that step itself where nothing is said."""
ENDS = {
    "intent": (),
    "unknown": (Mark.UNKNOWN,),
    "fail": (Mark.FAIL,),
    "done": (Mark.DONE,),
    "undo-intent": (Mark.FAIL, Mark.UNDO_INTENT),
    "undo-fail": (Mark.FAIL, *(Mark.UNDO_INTENT, Mark.UNDO_FAIL) * 3),
}


def record(plan: Sequence[StepKind], number: int, mark: Mark, *, epoch: int = 1) -> Record:
    return Record(run="20261128t180211", epoch=epoch, step=number, kind=plan[number - 1], mark=mark, at="")


def cut_off_at(plan: Sequence[StepKind], number: int, *ends: Mark) -> list[Record]:
    """Write a journal; each undo of its last step is of a command of its own, as each has a lock of its own."""
    before = [record(plan, one, mark) for one in range(1, number) for mark in (Mark.INTENT, Mark.DONE)]
    marks = (Mark.INTENT, *ends)
    epochs = [1 + marks[: place + 1].count(Mark.UNDO_INTENT) for place in range(len(marks))]
    pairs = zip(marks, epochs, strict=True)
    return [*before, *(record(plan, number, mark, epoch=epoch) for mark, epoch in pairs)]


def decided(
    plan: Sequence[StepKind], records: Iterable[Record], *, accepted: bool = False, lost: bool = False, wish: str = ""
) -> Decision:
    facts = facts_of(plan, records, accepted=accepted, certain=not lost)
    return decide(facts, abort=wish == "abort", again=wish == "again")


def first_of(plan: Sequence[StepKind], number: int, *, begun: bool) -> int:
    """Where a run goes on whose first step without end is that one, and was begun or not."""
    kind = plan[number - 1] if number <= len(plan) else None
    if kind is StepKind.START_COMPONENTS:
        started = begun or number > FIRST_START
        return number if started else plan.index(StepKind.STOP_COMPONENTS) + 1
    return plan.index(BEGINS_AT[kind]) + 1 if kind in BEGINS_AT else number


def expected(plan: Sequence[StepKind], number: int, end: str, *, wish: str) -> tuple[Course, int]:
    """The table: for a run with its journal that was not accepted."""
    if end.startswith("undo"):
        return (Course.PERSON if end == "undo-fail" and wish != "again" else Course.BACK), 0
    if all(kind in NOT_TOUCHING for kind in plan[:number]):
        return (Course.LET_GO, 0) if wish == "abort" else (Course.ANEW, 1)
    if end == "fail" or wish == "abort":
        return Course.BACK, 0
    if end == "done":
        return Course.FORWARD, first_of(plan, number + 1, begun=False)
    return Course.FORWARD, first_of(plan, number, begun=True)


@pytest.mark.parametrize("wish", ["", "abort", "again"], ids=["resume", "abort", "again"])
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize(("plan", "number"), CUTS, ids=IDS)
def test_a_run_that_was_not_accepted(plan: Sequence[StepKind], number: int, end: str, wish: str) -> None:
    decision = decided(plan, cut_off_at(plan, number, *ENDS[end]), wish=wish)
    assert (decision.course, decision.first) == expected(plan, number, end, wish=wish)
    assert decision.reason


@pytest.mark.parametrize("lost", [False, True], ids=["journal", "lost"])
@pytest.mark.parametrize("wish", ["", "abort", "again"], ids=["resume", "abort", "again"])
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize(("plan", "number"), CUTS, ids=IDS)
def test_a_run_that_was_accepted_is_finished_whatever_else_is_known(
    plan: Sequence[StepKind], number: int, end: str, wish: str, *, lost: bool
) -> None:
    decision = decided(plan, cut_off_at(plan, number, *ENDS[end]), accepted=True, lost=lost, wish=wish)
    assert (decision.course, decision.first) == (Course.FINISH, ACCEPT + 1)


@pytest.mark.parametrize("wish", ["", "abort", "again"], ids=["resume", "abort", "again"])
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize(("plan", "number"), CUTS, ids=IDS)
def test_a_run_whose_journal_is_lost_is_taken_back(plan: Sequence[StepKind], number: int, end: str, wish: str) -> None:
    decision = decided(plan, cut_off_at(plan, number, *ENDS[end]), lost=True, wish=wish)
    asks = end == "undo-fail" and wish != "again"
    assert (decision.course, decision.first) == ((Course.PERSON if asks else Course.BACK), 0)


@pytest.mark.parametrize("wish", ["", "abort", "again"])
def test_a_run_of_which_nothing_was_begun_begins_anew_or_is_let_go(wish: str) -> None:
    assert decided(WALLED, [], wish=wish).course is (Course.LET_GO if wish == "abort" else Course.ANEW)


def test_an_acceptance_without_a_wall_leaves_nothing_to_carry_out() -> None:
    decision = decided(UNWALLED, cut_off_at(UNWALLED, len(UNWALLED)), accepted=True)
    assert (decision.course, UNWALLED[decision.first - 1 :]) == (Course.FINISH, ())


@pytest.mark.parametrize("kind", sorted(set(WALLED) - NOT_TOUCHING))
def test_a_step_that_was_begun_in_vain_too_often_sends_the_run_back(kind: StepKind) -> None:
    number = len(WALLED) - WALLED[::-1].index(kind)
    most = TRIES_OF.get(kind, MOST_TRIES)
    before = cut_off_at(WALLED, number)[:-1]
    tries = [record(WALLED, number, Mark.INTENT, epoch=epoch) for epoch in range(1, most + 1)]
    assert decided(WALLED, before + tries[:-1]).course is Course.FORWARD
    assert decided(WALLED, before + tries).course is Course.BACK


def test_what_failed_after_it_had_been_done_once_counts_as_failed() -> None:
    records = cut_off_at(WALLED, ACCEPT, Mark.UNKNOWN)
    again = [record(WALLED, 8, mark) for mark in (Mark.INTENT, Mark.FAIL)]
    assert decided(WALLED, records + again).course is Course.BACK


def test_what_failed_and_was_then_done_does_not_count_as_failed() -> None:
    records = [*cut_off_at(WALLED, 7, Mark.FAIL, Mark.INTENT, Mark.DONE), record(WALLED, 8, Mark.INTENT)]
    assert decided(WALLED, records).course is Course.FORWARD


def test_what_was_begun_again_after_it_was_done_is_not_done_until_it_is() -> None:
    records = [*cut_off_at(WALLED, 9, Mark.DONE), record(WALLED, 8, Mark.INTENT)]
    assert decided(WALLED, records) == decided(WALLED, [*cut_off_at(WALLED, 8), record(WALLED, 8, Mark.INTENT)])


def test_a_run_that_goes_in_circles_asks_for_a_person() -> None:
    circles = [record(WALLED, 1, Mark.INTENT)] * MOST_TRANSITIONS
    assert decided(WALLED, circles).course is Course.ANEW
    assert decided(WALLED, [*circles, circles[0]]).course is Course.PERSON
    assert decided(WALLED, [*circles, circles[0]], wish="again").course is Course.ANEW


@st.composite
def histories(draw: st.DrawFn) -> tuple[Sequence[StepKind], list[Record]]:
    """Draw a plan and a journal as the executor writes them: forward with tries and cuts, then back, never forth."""
    plan = draw(st.sampled_from(PLANS))
    records, number, going = list[Record](), 1, True
    while going and number <= len(plan):
        records.append(record(plan, number, Mark.INTENT))
        end = draw(st.sampled_from(["cut", Mark.DONE, Mark.DONE, Mark.DONE, Mark.FAIL, Mark.UNKNOWN]))
        records += [record(plan, number, Mark(end))] if end != "cut" else []
        number = number + 1 if end is Mark.DONE else draw(st.integers(1, number))
        going = draw(st.integers(0, 9)) > 0 and len(records) < 100
    for one in sorted({one.step for one in records}, reverse=True) if draw(st.booleans()) else []:
        tries = draw(st.integers(1, 4))
        records += [record(plan, one, mark) for mark in (Mark.UNDO_INTENT, Mark.UNDO_FAIL) * tries]
        records += [record(plan, one, Mark.UNDO_DONE)] if draw(st.booleans()) else []
        if draw(st.integers(0, 4)) == 0:
            break
    return plan, records


@settings(max_examples=500)
@given(histories(), st.booleans(), st.booleans(), st.sampled_from(["", "abort", "again"]))
def test_for_every_journal_there_is_one_decision_and_it_keeps_the_rules(
    history: tuple[Sequence[StepKind], list[Record]], accepted: bool, lost: bool, wish: str
) -> None:
    plan, records = history
    decision = decided(plan, records, accepted=accepted, lost=lost, wish=wish)
    marks = [one.mark for one in records]
    ahead = decision.course in {Course.FORWARD, Course.ANEW}
    assert (decision.course is Course.FINISH) == accepted
    assert not (ahead and Mark.UNDO_INTENT in marks)
    assert not (ahead and lost)
    assert not (decision.course is Course.FORWARD and failed_last(records))
    assert not (ahead and wish == "abort")
    begun = marks.count(Mark.INTENT) + marks.count(Mark.UNDO_INTENT)
    assert accepted or wish == "again" or begun <= MOST_TRANSITIONS or decision.course is Course.PERSON
    assert decision.course is not Course.PERSON or wish != "again"
    assert (decision.first > 0) == (decision.course in {Course.FORWARD, Course.FINISH, Course.ANEW})
    assert decision.first <= len(plan) + 1
    if decision.course is Course.FORWARD:
        assert_only_what_is_safe_is_passed_by(plan, records, decision.first)
    if decision.course is Course.LET_GO:
        assert all(one.kind in NOT_TOUCHING for one in records)


def failed_last(records: Iterable[Record]) -> bool:
    """Whether any step's last end is a failure."""
    last = {one.step: one.mark for one in records if one.mark in {Mark.DONE, Mark.FAIL}}
    return Mark.FAIL in last.values()


def assert_only_what_is_safe_is_passed_by(plan: Sequence[StepKind], records: Sequence[Record], first: int) -> None:
    """Every step before the one to go on with came to its end when it was tried last."""
    last = {one.step: one.mark for one in records}
    assert all(last.get(number) is Mark.DONE for number in range(1, first)), plan


UNHEARD = record(WALLED, ACCEPT, Mark.UNKNOWN)


def test_what_one_command_tried_again_on_a_silent_target_was_tried_once() -> None:
    begun = [record(WALLED, 5, mark) for mark in (Mark.INTENT, Mark.FAIL, *(Mark.UNDO_INTENT, Mark.UNDO_FAIL) * 3)]
    assert decided(WALLED, begun).course is Course.BACK
    silent = [*cut_off_at(WALLED, ACCEPT)[:-1], *[record(WALLED, ACCEPT, Mark.INTENT), UNHEARD] * MOST_TRIES]
    assert decided(WALLED, silent).course is Course.FORWARD
