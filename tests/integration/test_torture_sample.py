"""A sample of `make torture`: wherever the tool dies or a call fails, one command leads to the old or new release."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from tests.torture import lock_race
from tests.torture.bed import Bed, Start, make_bed, remove_bed
from tests.torture.cases import Case, Flow, kill_cases
from tests.torture.gates import Do
from tests.torture.judge import Word
from tests.torture.look import Reference
from tests.torture.machine import told_once
from tests.torture.matrix import matrix_cases, tried
from tests.torture.matrix_bed import LinedBed, with_lines
from tests.torture.trial import references, tortured

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600)]

RACE_S, RACE_LEAST = 10.0, 10
CELLS = ("stop/N", "accept/C", "start/2")
SEED, STEPS = 2, 4
KILLS = (
    "deploy-good/step-05/after-intent/resume",
    "deploy-good/step-06/after-effect/resume-abort",
    "deploy-good/step-10/after-intent/takeover",
    "deploy-bad/undo-05/after-effect/resume-abort",
)
CALLS = (
    (Flow.GOOD, "line create a container from*", Do.LOST),
    (Flow.GOOD, "sql CREATE DATABASE*", Do.KILL_AFTER),
    (Flow.GOOD, "sql *state = ''accepted''*", Do.KILL_AFTER),
    (Flow.BAD, "sql ALTER DATABASE*RENAME*", Do.LOST),
)


@pytest.fixture(scope="module")
def bed() -> Iterator[Bed]:
    """A bed of its own."""
    name = f"torture-{secrets.token_hex(3)}"
    try:
        yield make_bed(name)
    finally:
        remove_bed(name)


@pytest.fixture(scope="module")
def seen(bed: Bed) -> dict[Start, Reference]:
    """What the old and the new release look like."""
    return references(bed)


@pytest.fixture(scope="module")
def lined(bed: Bed) -> Iterator[LinedBed]:
    """The same bed with lines that can be cut."""
    with with_lines(bed) as made:
        yield made


@pytest.mark.parametrize("name", KILLS)
def test_a_killed_run_is_led_out_by_one_command(bed: Bed, seen: dict[Start, Reference], name: str) -> None:
    case = next(one for one in kill_cases() if one.name == f"kill/{name}")
    assert tortured(bed, case, seen)["complaints"] == []


@pytest.mark.parametrize(("flow", "like", "do"), CALLS)
def test_a_failed_call_ends_in_old_new_or_held(
    bed: Bed, seen: dict[Start, Reference], flow: Flow, like: str, do: Do
) -> None:
    spec = {"fault": {"call": 1, "do": str(do), "like": like}}
    ends = (Word.OLD,) if flow is Flow.BAD else (Word.OLD, Word.NEW)
    case = Case(name=f"sample/{flow}/{like}/{do}", group="sample", flow=flow, spec=spec, ends=ends)
    assert tortured(bed, case, seen)["complaints"] == []
    assert '"hit": true' in (bed.home / "trace").read_text(), "the call was never made"


def test_two_never_hold_the_lock_at_once_even_where_holders_are_killed(bed: Bed) -> None:
    assert lock_race.race(bed, seconds=RACE_S, least=RACE_LEAST)["complaints"] == []


def test_a_holder_that_slept_past_its_takeover_swaps_nothing(bed: Bed, seen: dict[Start, Reference]) -> None:
    assert lock_race.stopped(bed, "before-its-swap", seen)["complaints"] == []


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_of_the_fault_matrix_comes_out_as_its_table_says(
    lined: LinedBed, seen: dict[Start, Reference], name: str
) -> None:
    case = next(one for one in matrix_cases() if one.name == f"matrix/{name}")
    assert tried(lined, case, seen)["complaints"] == []


def test_whatever_happens_in_a_row_the_ten_promises_hold(lined: LinedBed, seen: dict[Start, Reference]) -> None:
    assert told_once(lined, seen, SEED, steps=STEPS)["complaints"] == []
