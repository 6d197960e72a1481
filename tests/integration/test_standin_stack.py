"""The stand-ins against real PostgreSQL, nginx and Compose: the habits of OpenLMIS services that releases trip over."""

import os
import uuid
from collections.abc import Iterator
from http import HTTPStatus

import pytest
from pytest_docker.plugin import Services

from lab.fleet import ensure_fleet
from tests.standin.stack.stack import COMPOSE_FILE, Stack, until

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600)]
RECORDS = "/api/requisition/records"
SESSIONS = (
    "SELECT pid FROM pg_stat_activity WHERE datname = 'open_lmis' AND application_name = 'PostgreSQL JDBC Driver'"
)
HISTORY = "SELECT count(*) FROM requisition.schema_version WHERE version IS NOT NULL"


@pytest.fixture(scope="module")
def made() -> Iterator[Stack]:
    """The stack before it is up; Compose reads its versions and registry from the environment."""
    stack = Stack(project=f"olmis-standin-{os.getpid()}", registry=ensure_fleet().registry)
    with pytest.MonkeyPatch.context() as environment:
        for name, value in {**stack.versions, "REGISTRY": stack.registry}.items():
            environment.setenv(name, value)
        yield stack


@pytest.fixture(scope="module")
def docker_compose_file() -> str:
    return str(COMPOSE_FILE)


@pytest.fixture(scope="module")
def docker_compose_project_name(made: Stack) -> str:
    return made.project


@pytest.fixture(scope="module")
def docker_setup() -> str:
    return "up --detach --timeout=0 consul db nginx ui requisition"


@pytest.fixture(scope="module")
def docker_cleanup() -> str:
    return "down --volumes --timeout=0"


@pytest.fixture(scope="module")
def stack(made: Stack, docker_services: Services) -> Stack:
    made.port = str(docker_services.port_for("nginx", 80))
    docker_services.wait_until_responsive(lambda: made.serves("requisition", "7.1.0"), timeout=60.0, pause=0.2)
    return made


@pytest.fixture
def sound(stack: Stack) -> Iterator[Stack]:
    """The stack with a requisition that a test may break: schema and container are made anew before the next one."""
    yield stack
    stack.compose("kill", "requisition", check=False)
    stack.sql("DROP SCHEMA IF EXISTS requisition CASCADE")
    stack.replace("requisition", REQUISITION="7.1.0", PROFILES="production")
    assert stack.serves("requisition", "7.1.0")


def write(stack: Stack, note: str = "n") -> str:
    record_id = str(uuid.uuid4())
    reply = stack.ask(RECORDS, method="POST", body={"id": record_id, "note": note})
    assert (reply.status_code, reply.json()) == (HTTPStatus.CREATED, {"id": record_id})
    return record_id


def test_a_first_start_applies_every_migration_of_its_image_and_marks_the_schema_it_made(stack: Stack) -> None:
    assert stack.sql(HISTORY) == ["54"]
    marker = stack.sql("SELECT type, script FROM requisition.schema_version WHERE version IS NULL")
    assert marker == ['SCHEMA|"requisition"']


def test_the_ui_takes_every_path_that_nobody_else_has(stack: Stack) -> None:
    assert "ui 1.2.0" in stack.ask("/").text
    assert stack.status("/no/such/page") == HTTPStatus.NOT_FOUND
    assert stack.status("/api/requisition/other") == HTTPStatus.UNAUTHORIZED


def test_a_row_is_there_once_and_its_id_is_taken(stack: Stack) -> None:
    record_id = write(stack)
    assert stack.ask(RECORDS).json()["ids"].count(record_id) == 1
    again = stack.ask(RECORDS, method="POST", body={"id": record_id, "note": "n"})
    assert again.status_code == HTTPStatus.CONFLICT
    assert stack.ask(RECORDS + "?count=1").json()["count"] == len(stack.ask(RECORDS).json()["ids"])


def test_ended_sessions_and_a_closed_database_are_refusals_and_the_pool_comes_back_by_itself(stack: Stack) -> None:
    close = "ALTER DATABASE open_lmis ALLOW_CONNECTIONS false"
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'open_lmis'"
    stack.sql(close, database="postgres")
    stack.sql(end, database="postgres")
    refused = stack.ask(RECORDS, method="POST", body={"id": "while-closed", "note": "n"})
    stack.sql("ALTER DATABASE open_lmis ALLOW_CONNECTIONS true", database="postgres")
    assert refused.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert "while-closed" not in stack.ask(RECORDS).json()["ids"]
    assert until(lambda: len(stack.sql(SESSIONS, database="postgres")), lambda count: count >= 2) >= 2


def test_a_newer_version_migrates_and_keeps_the_rows(sound: Stack) -> None:
    record_id = write(sound)
    sound.replace("requisition", REQUISITION="7.1.1-hotfix.1")
    assert sound.serves("requisition", "7.1.1-hotfix.1")
    assert sound.sql(HISTORY) == ["55"]
    assert record_id in sound.ask(RECORDS).json()["ids"]


def test_older_code_starts_on_a_newer_schema(sound: Stack) -> None:
    sound.replace("requisition", REQUISITION="7.1.1-hotfix.1")
    assert sound.serves("requisition", "7.1.1-hotfix.1")
    sound.replace("requisition", REQUISITION="7.1.0")
    assert sound.serves("requisition", "7.1.0")
    write(sound)


def test_a_start_without_production_in_the_profiles_empties_the_schema(sound: Stack) -> None:
    write(sound)
    sound.replace("requisition", PROFILES="refresh-db")
    assert until(lambda: sound.read(RECORDS, "ids"), lambda ids: ids == []) == []
    assert sound.sql(HISTORY) == ["54"]


def test_a_replaced_container_leaves_its_address_in_consul(sound: Stack) -> None:
    before = [entry["ServiceID"] for entry in sound.consul("catalog/service/requisition")]
    sound.up("requisition", REQUISITION="7.1.1")
    assert sound.serves("requisition", "7.1.1")
    after = [entry["ServiceID"] for entry in sound.consul("catalog/service/requisition")]
    assert after[:-1] == before


def test_a_stale_address_that_another_service_got_answers_for_it_until_it_is_deregistered(sound: Stack) -> None:
    sound.up("auth")
    assert sound.serves("auth", "4.1.0")
    stale = {"ID": "gone", "Name": "requisition", "Port": 8080, "Tags": ["openlmis-service"]}
    sound.consul("agent/service/register", method="PUT", body=stale | {"Address": sound.address("auth")})
    unauthorized = HTTPStatus.UNAUTHORIZED
    assert until(lambda: sound.status("/requisition"), lambda status: status == unauthorized) == unauthorized
    sound.consul("agent/service/deregister/gone", method="PUT")
    until(lambda: [sound.status("/requisition") for _ in range(10)], lambda seen: set(seen) == {HTTPStatus.OK})
    assert {sound.status("/requisition") for _ in range(20)} == {HTTPStatus.OK}


def test_a_stop_signal_is_ignored_so_the_container_is_killed(sound: Stack) -> None:
    sound.compose("stop", "--timeout=2", "requisition")
    assert sound.inspect("requisition")["State"]["ExitCode"] == 137
    assert len(sound.consul("catalog/service/requisition")) == 1


def test_a_failing_migration_keeps_the_first_rolls_back_the_second_and_crashes_in_a_loop(sound: Stack) -> None:
    sound.replace("requisition", REQUISITION="7.1.0-failing-migration")
    restarts = until(lambda: int(sound.inspect("requisition")["RestartCount"]), lambda count: count >= 2)
    assert restarts >= 2
    assert sound.sql(HISTORY) == ["55"]
    assert "division by zero" in sound.compose("logs", "requisition")


def test_after_a_dropped_column_neither_the_new_nor_the_old_code_serves_its_rows(sound: Stack) -> None:
    sound.replace("requisition", REQUISITION="7.1.0-drops-column")
    assert sound.serves("requisition", "7.1.0-drops-column")
    assert sound.status(RECORDS) == HTTPStatus.INTERNAL_SERVER_ERROR
    sound.replace("requisition", REQUISITION="7.1.0")
    assert sound.serves("requisition", "7.1.0")
    assert sound.status(RECORDS) == HTTPStatus.INTERNAL_SERVER_ERROR


@pytest.mark.parametrize(("fault", "version"), [("error-500", "7.1.0-error-500"), ("wrong-version", "7.0.0")])
def test_faults_that_show_only_to_those_who_look(fault: str, version: str, sound: Stack) -> None:
    sound.replace("requisition", REQUISITION=f"7.1.0-{fault}")
    assert sound.serves("requisition", version)
    assert (sound.status(RECORDS) == HTTPStatus.INTERNAL_SERVER_ERROR) is (fault == "error-500")


def test_one_that_never_listens_stays_up_behind_a_bad_gateway(sound: Stack) -> None:
    sound.replace("requisition", REQUISITION="7.1.0-never-listens")
    until(lambda: sound.compose("logs", "requisition"), lambda log: "Waiting for a lock" in log)
    assert sound.status("/requisition") in {HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT}
    state = sound.inspect("requisition")
    assert (state["State"]["Status"], state["RestartCount"]) == ("running", 0)


def test_one_that_exits_later_serves_first(sound: Stack) -> None:
    sound.replace("requisition", REQUISITION="7.1.0-exits-after-20")
    assert sound.serves("requisition", "7.1.0-exits-after-20")
    assert int(sound.inspect("requisition")["RestartCount"]) == 0
    assert until(lambda: int(sound.inspect("requisition")["RestartCount"]), lambda count: count == 1) == 1
