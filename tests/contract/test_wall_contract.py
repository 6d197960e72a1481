"""What every `ports.Wall` promises: the fake, and nginx in a container."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.fleet import ensure_fleet
from olmis_release.errors import StepFailed
from olmis_release.instance.ports import Wall, WallState
from tests.fakes.instance import FakeWall
from tests.integration.wall_estate import RUN_PASS, WallEstate


@pytest.fixture(scope="module")
def estate() -> Iterator[WallEstate]:
    made = WallEstate(ensure_fleet())
    yield made
    made.remove()


@pytest.fixture(params=["fake", pytest.param("nginx", marks=pytest.mark.docker)])
def wall(request: pytest.FixtureRequest) -> Iterator[Wall]:
    if request.param == "fake":
        yield FakeWall()
        return
    real: WallEstate = request.getfixturevalue("estate")
    yield real.wall
    real.wall.remove()


def test_it_is_absent_until_it_is_made_in_the_state_asked_for(wall: Wall) -> None:
    assert wall.state() is WallState.ABSENT
    wall.ensure(closed=True)
    assert wall.state() is WallState.CLOSED


def test_one_that_stands_keeps_its_state(wall: Wall) -> None:
    wall.ensure(closed=False)
    wall.ensure(closed=True)
    assert wall.state() is WallState.OPEN


def test_closing_and_opening_may_be_said_twice(wall: Wall) -> None:
    wall.ensure(closed=False)
    for turn, state in ((wall.close, WallState.CLOSED), (wall.open, WallState.OPEN)):
        for _ in range(2):
            turn(RUN_PASS)
            assert wall.state() is state


def test_what_does_not_stand_can_be_neither_opened_nor_closed(wall: Wall) -> None:
    with pytest.raises(StepFailed):
        wall.close(RUN_PASS)
    with pytest.raises(StepFailed):
        wall.open()


def test_removing_it_twice_is_fine(wall: Wall) -> None:
    wall.ensure(closed=True)
    wall.remove()
    wall.remove()
    assert wall.state() is WallState.ABSENT
