from __future__ import annotations

import json

import pytest

from olmis_release.errors import BadInput, TargetUnreachable
from olmis_release.instance.config import DatabaseConfig
from olmis_release.instance.database import open_database
from olmis_release.instance.database_empty import empty_command
from olmis_release.instance.database_gate import shut
from olmis_release.instance.database_likeness import list_items
from olmis_release.instance.database_point import copy_command
from olmis_release.instance.ports import ContainerStatus, ExecResult
from olmis_release.instance.psql import DatabaseContainer, Psql, psql_command
from olmis_release.instance.sql import Row, SqlFailed, Statement, ask, do, name, transaction, value
from olmis_release.instance.sql_by_url import url_from
from tests.fakes.database import some_facts
from tests.fakes.instance import FakeEngine, a_container

DB = a_container("db")


class Answering(FakeEngine):
    """An engine whose psql gives one answer; keeps what it was told."""

    def __init__(self, result: ExecResult) -> None:
        super().__init__(DB)
        self.result = result
        self.told: dict[str, object] = {}

    def exec(self, container_id: str, argv: object, **told: object) -> ExecResult:
        self.told = {"argv": argv, **told}
        return self.result


def psql(result: ExecResult) -> tuple[Psql, Answering]:
    engine = Answering(result)
    container = DatabaseContainer(engine, "uat", "db")
    return Psql(container, user="postgres", maintenance="postgres", password="pw"), engine


def answer(exit_code: int = 0, *, stdout: str = "", stderr: str = "") -> ExecResult:
    return ExecResult(exit_code=exit_code, stdout=stdout, stderr=stderr)


def test_statements_travel_on_standard_input_and_the_password_in_the_environment() -> None:
    way, engine = psql(answer())
    way.run(do("CHECKPOINT"), do("SELECT {x}", x=value("it's")), timeout_s=5)
    assert engine.told["argv"] == psql_command("postgres", "postgres")
    assert engine.told["stdin"] == "CHECKPOINT;\nSELECT 'it''s';\n"
    environment = engine.told["env"]
    assert isinstance(environment, dict)
    assert environment["PGPASSWORD"] == "pw"
    assert "statement_timeout=5000" in environment["PGOPTIONS"]


def test_each_query_gives_its_own_rows_though_json_has_line_breaks() -> None:
    way, _ = psql(answer(stdout='[{"a":1}, \n {"a":2}]\n[]\n[{"a":"x\\ny"}]\n'))
    assert way.run(ask("SELECT 1 AS a")) == (({"a": 1}, {"a": 2}), (), ({"a": "x\ny"},))


@pytest.mark.parametrize(
    "stderr",
    [
        'psql:<stdin>:2: NOTICE:  00000: fine\npsql:<stdin>:3: ERROR:  55006: database "x" is busy\nLOCATION:  f',
        'ERREUR:  55006: database "x" is busy',
    ],
)
def test_the_first_error_of_the_server_is_told_with_its_code(stderr: str) -> None:
    way, _ = psql(answer(3, stderr=stderr))
    with pytest.raises(SqlFailed, match='database "x" is busy') as failed:
        way.run(do("SELECT"))
    assert failed.value.sqlstate == "55006"
    assert "Something still uses the database" in failed.value.resolution


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (answer(2, stderr="psql: error: connection refused"), "gave no session: psql: error: connection refused"),
        (answer(127, stderr="exec: psql: not found"), "has no psql"),
        (answer(137), "status 137"),
    ],
)
def test_no_session_is_an_unreachable_target(result: ExecResult, message: str) -> None:
    way, _ = psql(result)
    with pytest.raises(TargetUnreachable, match=message):
        way.run(do("SELECT"))


@pytest.mark.parametrize(
    ("engine", "message"),
    [
        (FakeEngine(), "there is no such container"),
        (FakeEngine(a_container("db", status=ContainerStatus.EXITED)), "it is exited"),
    ],
)
def test_a_database_that_does_not_run_is_told_with_the_command_that_helps(engine: FakeEngine, message: str) -> None:
    database = open_database(DatabaseConfig(component="db"), engine, "uat", {})
    with pytest.raises(TargetUnreachable, match=message) as failed:
        database.server()
    assert "docker compose -p uat start db" in failed.value.resolution


def test_names_and_values_are_quoted() -> None:
    statement = do("COMMENT ON DATABASE {db} IS {text}", db=name('a"b'), text=value("it's \\ {x}"))
    assert statement.text == "COMMENT ON DATABASE \"a\"\"b\" IS  E'it''s \\\\ {x}'"


def test_a_transaction_begins_and_commits() -> None:
    assert [one.text for one in transaction(do("A"))] == ["BEGIN", "A", "COMMIT"]


@pytest.mark.parametrize(
    ("url", "problem"), [("", "is not set"), ("mysql://h/", "no postgresql:// URL"), ("postgresql://[", "no valid URL")]
)
def test_a_url_that_cannot_be_used_is_told_without_showing_it(url: str, problem: str) -> None:
    with pytest.raises(BadInput, match=problem) as refused:
        url_from("LMIS_URL", {"LMIS_URL": url} if url else {})
    assert "LMIS_URL" in str(refused.value)


@pytest.mark.parametrize(
    ("content", "items"),
    [
        ('"$user", public', ["$user", "public"]),
        ("a", ["a"]),
        ('""', [""]),
        ('"a, b","c""d" , e', ["a, b", 'c"d', "e"]),
    ],
)
def test_a_list_setting_is_split_as_postgresql_writes_it(content: str, items: list[str]) -> None:
    assert list_items(content) == items


def test_a_copy_is_a_plain_file_copy_where_the_server_can() -> None:
    live = some_facts("lmis")
    plain = 'CREATE DATABASE "p" TEMPLATE "lmis" OWNER "postgres"'
    assert copy_command(live, "p", version=140000, collation=None).text == plain
    assert copy_command(live, "p", version=150000, collation=None).text == f"{plain} STRATEGY FILE_COPY"
    moved = copy_command(live, "p", version=150000, collation="2.36").text
    assert moved == f"{plain} STRATEGY FILE_COPY COLLATION_VERSION '2.36'"


class Crowded:
    """A server on which some sessions never leave."""

    def __init__(self, *rounds: tuple[tuple[Row, ...], ...]) -> None:
        self.rounds = list(rounds)
        self.texts: list[str] = []

    def run(self, *statements: Statement, database: str = "", timeout_s: float = 60.0) -> tuple[tuple[Row, ...], ...]:
        self.texts += [one.text for one in statements]
        if not statements[0].returns:
            return ()
        return self.rounds.pop(0) if len(self.rounds) > 1 else self.rounds[0]


def session(role: str = "postgres", *, told: bool | None = True, kind: str = "client backend") -> Row:
    return {"pid": 7, "role": role, "application": "auth", "address": "172.18.0.5", "kind": kind, "told": told}


def test_the_gate_is_shut_first_and_sessions_are_ended_until_none_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("olmis_release.instance.database_gate.PAUSE_S", 0)
    server = Crowded(((), (session(),), ()), (({"pid": 8},), (), ()), ((), (), ()))
    shut(server, "lmis", timeout_s=5)
    assert server.texts[0] == 'ALTER DATABASE "lmis" ALLOW_CONNECTIONS false'
    assert len(server.texts) == 10


def test_a_vacuum_worker_does_not_hold_the_gate_open() -> None:
    shut(Crowded(((), (session(kind="autovacuum worker"),), ())), "lmis", timeout_s=0)


@pytest.mark.parametrize(
    ("inside", "said", "advice"),
    [
        (((), (session(),), ()), "session 7 of role postgres from 172.18.0.5 \\(auth\\)", "End them by hand"),
        (((), (session(told=None),), ()), "our role may not end it", "Use a superuser"),
        (((), (), ({"gid": "g1", "owner": "app"},)), "prepared transaction g1 of role app", "ROLLBACK PREPARED 'g1'"),
    ],
)
def test_whoever_stays_inside_is_named(inside: tuple[tuple[Row, ...], ...], said: str, advice: str) -> None:
    with pytest.raises(Exception, match=said) as failed:
        shut(Crowded(inside), "lmis", timeout_s=0)
    assert advice in json.dumps(failed.value.resolution)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("provider", "ending"),
    [("c", "LC_CTYPE 'C.UTF-8'"), ("i", "LC_CTYPE 'C.UTF-8' LOCALE_PROVIDER icu ICU_LOCALE 'fr'")],
)
def test_an_empty_database_gets_the_locale_of_the_live_one(provider: str, ending: str) -> None:
    like = {"encoding": "UTF8", "collate": "C.UTF-8", "ctype": "C.UTF-8", "provider": provider, "locale": "fr"}
    assert empty_command(some_facts("lmis"), "lmis__before_r1", like).text.endswith(ending)
