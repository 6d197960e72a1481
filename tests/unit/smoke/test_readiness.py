from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from olmis_release.errors import StepFailed
from olmis_release.events import Progress
from olmis_release.instance.ports import Answer, ContainerStatus
from olmis_release.manifest.model import Role
from olmis_release.smoke.readiness import Pace, await_ready
from tests.fakes.instance import STARTED, an_answer
from tests.fakes.preflight import Place, a_component, a_release

RIGHT = an_answer(json={"version": "7.1.0"})
WRONG = an_answer(json={"version": "7.0.0"})
BOOTING = an_answer(502)
AGAIN = STARTED + timedelta(seconds=20)
ONCE_MORE = STARTED + timedelta(seconds=40)


@dataclass
class Clock:
    """A clock that moves only when somebody sleeps, and lets a test act between two looks."""

    at_s: float = 0.0
    acts: list[tuple[float, Callable[[], None]]] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.at_s += seconds
        due = [act for when, act in self.acts if when <= self.at_s]
        self.acts = [(when, act) for when, act in self.acts if when > self.at_s]
        for act in due:
            act()

    def at(self, when_s: float, act: Callable[[], None]) -> None:
        self.acts.append((when_s, act))


@pytest.fixture
def clock() -> Clock:
    return Clock()


def wait(place: Place, clock: Clock, *components: str, timeout_s: float = 600.0, steady_s: float = 0.0) -> None:
    pace = Pace(now=lambda: clock.at_s, sleep=clock.sleep, poll_s=0.5)
    names = components or ("requisition",)
    await_ready(place.site, place.manifest, names, timeout_s=timeout_s, steady_s=steady_s, pace=pace)


def answers(place: Place, *given: Answer) -> None:
    place.front.prepare("GET", "/requisition", given)


def failure(place: Place, clock: Clock, *components: str, timeout_s: float = 600.0) -> StepFailed:
    with pytest.raises(StepFailed) as raised:
        wait(place, clock, *components, timeout_s=timeout_s)
    return raised.value


def test_a_component_is_ready_when_it_answers_with_its_version(place: Place, clock: Clock) -> None:
    answers(place, BOOTING, BOOTING, RIGHT)
    wait(place, clock)
    assert clock.at_s == 1.0


def test_started_alone_is_not_ready(place: Place, clock: Clock) -> None:
    answers(place, BOOTING)
    error = failure(place, clock, timeout_s=60)
    assert clock.at_s >= 60
    assert error.message == (
        "1 component not ready after 60 s. requisition: expected version 7.1.0 at /requisition; saw 502; "
        "its container is running."
    )


def test_an_answer_counts_only_while_the_container_runs(place: Place, clock: Clock) -> None:
    place.change_container("requisition", status=ContainerStatus.RESTARTING)
    answers(place, RIGHT)
    clock.at(5, lambda: place.change_container("requisition", status=ContainerStatus.RUNNING))
    wait(place, clock)
    assert clock.at_s >= 5


def test_the_log_of_what_failed_is_in_the_details(place: Place, clock: Clock) -> None:
    answers(place, BOOTING)
    place.engine.outputs["id-of-requisition"] = "\n".join(f"line {number}" for number in range(99))
    error = failure(place, clock, timeout_s=1)
    assert error.details.startswith("requisition, last 50 lines:\nline 49\n")
    assert error.details.endswith("line 98")


def test_a_crash_loop_is_given_up_early(place: Place, clock: Clock) -> None:
    answers(place, BOOTING)
    for number in (1, 2, 3):
        started = STARTED + timedelta(seconds=number)
        values = {"restarts": number, "exit_code": 1, "started_at": started}
        clock.at(4.0 * number, lambda values=values: place.change_container("requisition", **values))  # type: ignore[misc]
    error = failure(place, clock)
    assert clock.at_s == 12
    assert "it is in a crash loop: 3 restarts, last exit code 1." in error.message


def test_restarts_of_long_ago_do_not_count(place: Place, clock: Clock) -> None:
    place.change_container("requisition", restarts=7)
    answers(place, RIGHT)
    wait(place, clock)


def test_a_component_that_restarts_is_asked_anew(place: Place, clock: Clock) -> None:
    answers(place, RIGHT, BOOTING, RIGHT)
    place.front.prepare("GET", "/auth", [BOOTING, BOOTING, BOOTING, an_answer(json={"version": "4.0.0"})])
    clock.at(0.5, lambda: place.change_container("requisition", restarts=1, started_at=AGAIN))
    wait(place, clock, "requisition", "auth")
    assert _asked(place).count("/requisition") == 3


def test_an_exit_that_nothing_restarts_is_given_up_early(place: Place, clock: Clock) -> None:
    place.change_container("requisition", status=ContainerStatus.EXITED, exit_code=137)
    error = failure(place, clock)
    assert clock.at_s == 1.0
    assert "it exited with code 137 and nothing restarts it." in error.message


def test_a_steadily_wrong_version_is_given_up_early(place: Place, clock: Clock) -> None:
    answers(place, WRONG)
    error = failure(place, clock)
    assert clock.at_s == 10.0
    assert "it steadily answers with the wrong version, 7.0.0." in error.message
    assert "expected version 7.1.0 at /requisition" in error.message


def test_an_old_registration_may_answer_for_a_moment(place: Place, clock: Clock) -> None:
    answers(place, *[WRONG] * 18, BOOTING, *[WRONG] * 18, RIGHT)
    wait(place, clock)


def test_a_missing_container_is_given_up_early(place: Place, clock: Clock) -> None:
    del place.engine.all["id-of-requisition"]
    error = failure(place, clock)
    assert clock.at_s == 10.0
    assert "it has no container." in error.message
    assert "no log" in error.details


def test_what_has_no_version_endpoint_is_ready_when_it_runs_steadily(place: Place, clock: Clock) -> None:
    wait(place, clock, "db", "nginx")
    assert clock.at_s == 0.5


def test_a_health_check_is_waited_for_where_there_is_nothing_better(place: Place, clock: Clock) -> None:
    place.change_container("db", health="starting")
    clock.at(7, lambda: place.change_container("db", health="healthy"))
    wait(place, clock, "db")
    assert clock.at_s == 7.0


def test_a_one_shot_is_ready_when_it_is_done(place: Place, clock: Clock) -> None:
    place.change_container("extensions", status=ContainerStatus.EXITED)
    wait(place, clock, "extensions")
    assert clock.at_s == 0


def test_a_failed_one_shot_is_given_up_early(place: Place, clock: Clock) -> None:
    place.change_container("extensions", status=ContainerStatus.EXITED, exit_code=1)
    assert "expected a container that is done" in failure(place, clock, "extensions").message
    assert clock.at_s == 1.0


def test_all_that_are_not_ready_are_named(place: Place, clock: Clock) -> None:
    answers(place, BOOTING)
    place.front.prepare("GET", "/auth", an_answer(0, error="refused"))
    error = failure(place, clock, "requisition", "auth", "db", timeout_s=3)
    assert error.message.startswith("2 components not ready after 3 s. requisition: ")
    assert "auth: expected version 4.0.0 at /auth; saw no answer (connection refused)" in error.message
    assert "db" not in error.message


def test_progress_tells_how_many_and_which(place: Place, clock: Clock) -> None:
    answers(place, BOOTING, BOOTING, RIGHT)
    wait(place, clock, "db", "requisition")
    told = [event for event in place.reporter.events if isinstance(event, Progress)]
    assert [event.activity for event in told] == [
        "0 of 2 ready; waiting for db, requisition",
        "1 of 2 ready; waiting for requisition",
    ]


def test_progress_goes_on_when_nothing_moves(place: Place, clock: Clock) -> None:
    answers(place, BOOTING)
    failure(place, clock, timeout_s=20)
    assert len(place.reporter.events) == 5


def test_what_answers_early_must_have_run_for_a_while(place: Place, clock: Clock) -> None:
    answers(place, RIGHT)
    wait(place, clock, steady_s=25.0)
    assert clock.at_s == 25.0


def test_what_takes_longer_to_boot_than_that_waits_for_nothing(place: Place, clock: Clock) -> None:
    answers(place, *[BOOTING] * 40, RIGHT)
    wait(place, clock, steady_s=5.0)
    without = clock.at_s
    clock.at_s = 0.0
    answers(place, *[BOOTING] * 40, RIGHT)
    wait(place, clock)
    assert clock.at_s == without


def test_what_answers_and_ends_a_second_time_is_given_up(place: Place, clock: Clock) -> None:
    answers(place, RIGHT)
    clock.at(20, lambda: place.change_container("requisition", restarts=1, started_at=AGAIN))
    clock.at(40, lambda: place.change_container("requisition", restarts=2, started_at=ONCE_MORE))
    with pytest.raises(StepFailed, match="answered and then ended, 2 times"):
        wait(place, clock, steady_s=25.0)


def test_what_falls_while_it_has_to_last_is_waited_for_again(place: Place, clock: Clock) -> None:
    answers(place, RIGHT)
    clock.at(20, lambda: place.change_container("requisition", restarts=1, started_at=AGAIN))
    wait(place, clock, steady_s=25.0)
    assert clock.at_s >= 45


def test_many_are_asked_at_once(place: Place, clock: Clock) -> None:
    names = [f"service-{number}" for number in range(9)]
    place.manifest = a_release(**{name: a_component(name, consul=name) for name in names})
    fresh = Place(root=place.root, manifest=place.manifest)
    for name in names:
        fresh.front.prepare("GET", f"/{name}", an_answer(json={"version": "1.0.0"}))
    wait(fresh, clock, *names)
    assert _asked(fresh) == sorted(f"/{name}" for name in names)


def _asked(place: Place) -> Sequence[str]:
    return sorted(str(rest[0]) for _, *rest in place.front.calls)


def test_screens_are_ready_when_their_start_page_comes(place: Place, clock: Clock) -> None:
    place.manifest = a_release(ui=a_component("ui", role=Role.UI, consul="reference-ui"))
    place.front.prepare("GET", "/", (BOOTING, BOOTING, an_answer(200)))
    wait(place, clock, "ui")
    assert clock.at_s == 1.0


def test_screens_that_answer_with_an_error_are_not_ready(place: Place, clock: Clock) -> None:
    place.manifest = a_release(ui=a_component("ui", role=Role.UI, consul="reference-ui"))
    place.front.prepare("GET", "/", (an_answer(500),))
    assert "ui: expected a page at /; saw 500" in failure(place, clock, "ui", timeout_s=5).message
