"""Every call over every bad line ends at its deadline, and says rightly whether something may have changed.

No test measures time: each gives a deadline of a second or two against a peer that would hold it for ever, and the
guard of the test run is what a hang would meet.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab.proxy import GOOD, Kind, Manner, Proxy, cut, proxy, slow
from olmis_release.errors import EffectUnknown, ReleaseError, StepFailed, TargetUnreachable
from olmis_release.instance.compose import ComposeCli
from olmis_release.instance.config import Docker
from olmis_release.instance.engine import DockerEngine
from olmis_release.instance.own_containers import Wanted
from olmis_release.instance.ports import ContainerStatus

pytestmark = [
    pytest.mark.docker,
    pytest.mark.timeout(120),
    # The SDK forgets to close an answer that broke off; its socket is found when the garbage is collected.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
BASE = "debian:bookworm-slim"
ASK_S = 1.0
SILENT, MUTE, GARBAGE, REFUSE = (Manner(kind) for kind in (Kind.SILENT, Kind.MUTE, Kind.GARBAGE, Kind.REFUSE))
BAD = (SILENT, MUTE, GARBAGE, REFUSE, cut(0), cut(10), slow(20))
"""No answer of an engine has a status after 10 bytes, or after a second at 20 bytes in a second."""

Call = Callable[[DockerEngine, str], object]
QUESTIONS: dict[str, Call] = {
    "info": lambda engine, _: engine.info(),
    "containers": lambda engine, _: engine.containers("no-such"),
    "projects": lambda engine, _: engine.projects(),
    "container": lambda engine, one: engine.container(one),
    "published_ports": lambda engine, _: engine.published_ports(),
    "image": lambda engine, _: engine.image(BASE),
    "logs": lambda engine, one: engine.logs(one, tail=10),
    "processes": lambda engine, one: engine.own.processes(one),
    "network_exists": lambda engine, _: engine.own.network_exists("bridge"),
}
ORDERS: dict[str, Call] = {
    "start": lambda engine, one: engine.start(one),
    "stop": lambda engine, one: engine.stop(one, grace_s=0),
    "remove": lambda engine, one: engine.remove(one),
    "signal": lambda engine, one: engine.own.signal(one, "CONT"),
    "put_files": lambda engine, one: engine.own.put_files(one, "/tmp/x", {"a": (b"1", 0o600)}),
    "create": lambda engine, _: engine.own.create(Wanted(image="absent/absent:1", argv=("x",), labels={})),
    "pull": lambda engine, _: engine.pull("127.0.0.1:1/x:1", timeout_s=ASK_S, on_progress=lambda *_: None),
    "exec": lambda engine, one: engine.exec(one, ["true"], timeout_s=ASK_S),
}


@pytest.fixture(scope="module")
def line() -> Iterator[Proxy]:
    with proxy("unix:/var/run/docker.sock") as running:
        yield running


@pytest.fixture(scope="module")
def engine(line: Proxy) -> DockerEngine:
    """The engine behind the line, impatient."""
    return DockerEngine.connect(Docker(host=line.docker_host), timeout_s=ASK_S)


@pytest.fixture(scope="module")
def sleeper() -> Iterator[str]:
    """A container that sleeps, for tests that leave it as it is."""
    yield from a_container(started=True)


@pytest.fixture
def victim() -> Iterator[str]:
    """A container that was not started, for one test."""
    yield from a_container(started=False)


def a_container(*, started: bool) -> Iterator[str]:
    good = DockerEngine.connect(Docker())
    made = good.own.create(Wanted(image=BASE, argv=("sleep", "600"), labels={"org.openlmis.lab": "1"}))
    if started:
        good.start(made)
    try:
        yield made
    finally:
        if good.container(made):
            good._client.remove_container(made, force=True, v=True)


@pytest.fixture(autouse=True)
def good_again(line: Proxy) -> Iterator[None]:
    line.behave(GOOD)
    yield
    line.behave(GOOD)


def outcome(call: Callable[[], object]) -> type[ReleaseError] | None:
    """Return the class of what a call raised, None when it was carried out."""
    try:
        call()
    except ReleaseError as error:
        return type(error)
    return None


def named(manner: Manner) -> str:
    return f"{manner.kind}-{manner.size_bytes}"


@pytest.mark.parametrize("manner", BAD, ids=named)
@pytest.mark.parametrize("call", QUESTIONS)
def test_a_question_over_a_bad_line_gets_no_answer_and_changes_nothing(
    line: Proxy, engine: DockerEngine, sleeper: str, call: str, manner: Manner
) -> None:
    line.behave(manner)
    assert outcome(lambda: QUESTIONS[call](engine, sleeper)) is TargetUnreachable


@pytest.mark.parametrize("manner", BAD, ids=named)
@pytest.mark.parametrize("call", ORDERS)
def test_an_order_over_a_bad_line_may_have_been_carried_out_unless_nobody_was_there(
    line: Proxy, engine: DockerEngine, victim: str, call: str, manner: Manner
) -> None:
    line.behave(manner)
    told = outcome(lambda: ORDERS[call](engine, victim))
    # The command line does not say whether it got through to anybody.
    nobody = manner.kind is Kind.REFUSE and call != "exec"
    assert told is (TargetUnreachable if nobody else EffectUnknown)


@pytest.mark.parametrize("manner", BAD, ids=named)
def test_no_engine_is_met_over_a_bad_line(line: Proxy, manner: Manner) -> None:
    line.behave(manner)
    told = outcome(lambda: DockerEngine.connect(Docker(host=line.docker_host), timeout_s=ASK_S))
    assert told is TargetUnreachable


def test_a_line_that_is_good_again_serves_the_same_engine(line: Proxy, engine: DockerEngine, sleeper: str) -> None:
    for manner in (SILENT, REFUSE, cut(100)):
        line.behave(manner)
        assert outcome(lambda: engine.container(sleeper)) is TargetUnreachable
        line.behave(GOOD)
        assert engine.container(sleeper) is not None


def test_a_question_that_broke_off_is_asked_again_and_an_order_never_is(
    line: Proxy, engine: DockerEngine, victim: str
) -> None:
    for call, tries in ((lambda: engine.container(victim), 3), (lambda: engine.stop(victim, grace_s=0), 1)):
        line.behave(cut(0))
        before = line.accepted
        assert outcome(call) is not None
        assert line.accepted - before == tries


def test_an_order_that_was_given_up_may_well_have_been_carried_out(
    line: Proxy, engine: DockerEngine, victim: str
) -> None:
    engine.start(victim)
    line.behave(MUTE)
    assert outcome(lambda: engine.stop(victim, grace_s=0)) is EffectUnknown
    line.behave(GOOD)
    for _ in range(100):
        if seen(engine, victim) is ContainerStatus.EXITED:
            break
        time.sleep(0.1)
    assert seen(engine, victim) is ContainerStatus.EXITED


@pytest.mark.parametrize("size", [0, 10, 40, 100, 200, 300, 400, 700, 1000, 2000, 2500])
def test_files_of_an_image_are_read_whole_or_not_at_all(
    line: Proxy, engine: DockerEngine, sleeper: str, size: int
) -> None:
    found: list[dict[str, bytes]] = []
    line.behave(cut(size))
    told = outcome(lambda: found.append(engine.own.read(sleeper, "/etc/debian_version", lambda _: True)))
    whole = DockerEngine.connect(Docker()).own.read(sleeper, "/etc/debian_version", lambda _: True)
    assert (told, found) in [(None, [whole]), (TargetUnreachable, [])]


def seen(engine: DockerEngine, one: str) -> ContainerStatus:
    found = engine.container(one)
    assert found
    return found.status


@pytest.mark.parametrize("end", [Manner(Kind.PASS), REFUSE], ids=named)
def test_a_command_whose_line_is_cut_while_it_runs_is_never_taken_for_done(
    line: Proxy, engine: DockerEngine, sleeper: str, tmp_path: Path, end: Manner
) -> None:
    mark = f"/tmp/{secrets.token_hex(4)}"
    command = ["sh", "-c", f"echo begun; touch {mark}; sleep 3; exit 5"]

    def cut_it() -> None:
        watching = DockerEngine.connect(Docker())
        while watching.exec(sleeper, ["test", "-e", mark]).exit_code:
            pass
        line.behave(end)

    cutting = threading.Thread(target=cut_it)
    cutting.start()
    told = outcome(lambda: engine.exec(sleeper, command, timeout_s=30))
    cutting.join()
    assert told is EffectUnknown, "docker ends with status 0 or 255 here, and the command runs on"


@pytest.fixture
def stack(line: Proxy, tmp_path: Path) -> Iterator[tuple[ComposeCli, Path]]:
    """A project of one component behind the line, which a test may bring up."""
    project = f"lines-{secrets.token_hex(3)}"
    file = tmp_path / "compose.yml"
    service = f"image: '{BASE}', command: [sleep, '600'], init: true, labels: {{org.openlmis.lab: '1'}}"
    file.write_text(f"name: {project}\nservices: {{sleeper: {{{service}}}}}\n")
    yield ComposeCli(project, Docker(host=line.docker_host), tmp_path), file
    good = DockerEngine.connect(Docker())
    for one in good.containers(project):
        good.stop(one.id, grace_s=0)
        good.remove(one.id)
    if good.own.network_exists(f"{project}_default"):
        good._client.remove_network(f"{project}_default")


CUTS = tuple(cut(size) for size in (0, 40, 300, 900, 2500, 3500, 4500, 6000, 8000))


@pytest.mark.parametrize("manner", [SILENT, MUTE, GARBAGE, REFUSE, slow(20), *CUTS], ids=named)
def test_compose_over_a_bad_line_is_unknown_or_done(
    line: Proxy, stack: tuple[ComposeCli, Path], manner: Manner
) -> None:
    compose, file = stack
    line.behave(manner)
    told = outcome(lambda: compose.up(file, ["sleeper"], timeout_s=5))
    running = [one.status for one in DockerEngine.connect(Docker()).containers(compose.project)]
    if told is None:
        assert running == [ContainerStatus.RUNNING], "what Compose calls done is done"
    else:
        assert told is EffectUnknown


def test_compose_reads_a_file_without_any_engine(line: Proxy, stack: tuple[ComposeCli, Path]) -> None:
    line.behave(REFUSE)
    assert stack[0].config(stack[1])["name"] == stack[0].project


def test_what_compose_itself_refuses_is_refused_whatever_the_line(line: Proxy, stack: tuple[ComposeCli, Path]) -> None:
    line.behave(REFUSE)
    stack[1].write_text("services: {sleeper: {image: x, prots: [80]}}\n")
    assert outcome(lambda: stack[0].up(stack[1], ["sleeper"], timeout_s=5)) is StepFailed
