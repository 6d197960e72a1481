from collections.abc import Callable
from typing import Any

import pytest

from olmis_release.errors import BadInput
from olmis_release.manifest.emergency import Impact, Route, Urgency
from olmis_release.plan.model import Outcome
from olmis_release.plan.records import write_run
from olmis_release.plan.terms import Wishes
from tests.fakes.cli import Desk, a_run

Golden = Callable[[str, str], None]


@pytest.fixture
def made(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Callable[[object], list[Any]]:
    """Let `make_plan` return this; returns what it was asked for."""

    def prepare(outcome: object) -> list[Any]:
        asked: list[Any] = []

        def make_plan(_workspace: object, site: Any, release: str | None, *, author: str, **_: object) -> object:
            asked.append((site.config.name, release, author))
            return outcome

        monkeypatch.setattr("olmis_release.plan.make.make_plan", make_plan)
        return asked

    return prepare


def test_a_plan_is_shown_with_changes_counts_way_back_and_code(
    desk: Desk, made: Callable[[object], list[Any]], golden: Golden
) -> None:
    plan_set = desk.plan()
    asked = made(plan_set)
    told = desk.type("plan", "3.5.0+mw1", "--to", "uat")
    assert told.status == 0
    assert asked == [("uat", "3.5.0+mw1", "M. Banda")]
    golden("cli/plan.txt", told.out.replace(plan_set.code, "F7DS-JEEJ"))


@pytest.mark.parametrize(
    "words",
    [
        ("plan", "--to", "uat"),
        ("--json", "plan", "--to", "uat"),
        ("plan", "--json", "--to", "uat"),
        ("plan", "--to", "uat", "--json"),
        ("plan", "make", "--to", "uat"),
    ],
)
def test_the_release_may_be_left_out_and_options_stand_anywhere(
    desk: Desk, made: Callable[[object], list[Any]], words: tuple[str, ...]
) -> None:
    asked = made(desk.plan())
    assert desk.type(*words).status == 0
    assert asked[0][0] == "uat"


def test_scripts_get_the_whole_plan(desk: Desk, made: Callable[[object], list[Any]]) -> None:
    plan_set = desk.plan()
    made(plan_set)
    told = desk.type("plan", "--to", "uat", "--json")
    assert (told.json["code"], told.json["has_changes"]) == (plan_set.code, True)
    assert told.json["plan"] == plan_set.plan.model_dump(mode="json")
    assert told.json["files"] == ["plan.en.html", "plan.en.md", "plan.html", "plan.json", "plan.md"]


def test_differences_are_told_by_the_exit_code_only_when_asked_for(
    desk: Desk, made: Callable[[object], list[Any]]
) -> None:
    made(desk.plan())
    told = desk.type("plan", "--to", "uat", "--detailed-exitcode")
    assert told.status == 3
    assert "Code " in told.out


def test_nothing_to_do_is_0(desk: Desk, made: Callable[[object], list[Any]]) -> None:
    made(None)
    told = desk.type("plan", "3.5.0+mw1", "--to", "uat", "--detailed-exitcode")
    assert told.status == 0
    assert "uat already runs 3.5.0+mw1; nothing to do." in told.out


def test_quiet_prints_the_code_alone(desk: Desk, made: Callable[[object], list[Any]]) -> None:
    plan_set = desk.plan()
    made(plan_set)
    assert desk.type("plan", "--to", "uat", "-q").out == f"{plan_set.code}\n"


def test_approvals_come_next_where_they_are_asked_for(desk: Desk, made: Callable[[object], list[Any]]) -> None:
    desk.instance("uat", approvals="[moh-product-owner]")
    desk.write("manifests/allowed_signers", "c.phiri@moh.example ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA\n")
    plan = desk.plan()
    made(plan)
    told = desk.type("plan", "--to", "uat")
    assert f"Next: olmis-release approve {plan.code} --as moh-product-owner" in told.out


def test_a_refusal_of_the_planner_is_shown_as_it_is(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise BadInput.one("3.9.9 is unknown.", resolution="Make it.", code="E-UNKNOWN-RELEASE")

    monkeypatch.setattr("olmis_release.plan.make.make_plan", refused)
    told = desk.type("plan", "3.9.9", "--to", "uat")
    assert told.status == 15
    assert "[E-UNKNOWN-RELEASE]" in told.err


def test_a_plan_can_be_shown_again_with_its_steps(desk: Desk, golden: Golden) -> None:
    plan_set = desk.plan()
    told = desk.type("plan", "show", plan_set.code.lower())
    assert told.status == 0
    golden("cli/plan-show.txt", told.out.replace(plan_set.code, "F7DS-JEEJ"))


def test_a_used_plan_is_still_shown_and_says_so(desk: Desk) -> None:
    plan_set = desk.plan()
    write_run(desk.workspace, a_run(plan_set.code, outcome=Outcome.ROLLED_BACK, exit_code=9))
    told = desk.type("plan", "show", plan_set.code)
    assert told.status == 0
    assert "Used 2026-11-28T18:02:11Z: rolled-back. A plan runs once." in told.out
    assert "Next: olmis-release history uat" in told.out


def test_an_altered_plan_is_refused(desk: Desk) -> None:
    plan_set = desk.plan()
    file = plan_set.folder / "plan.json"
    file.write_text(file.read_text("utf-8").replace("DATABASE", "IMAGES"), encoding="utf-8")
    assert desk.type("plan", "show", plan_set.code).status == 5


def test_what_was_typed_of_why_and_when_reaches_the_planner(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    plan_set, asked = desk.plan(), []

    def make_plan(*_: object, wishes: Wishes, **__: object) -> object:
        asked.append(wishes)
        return plan_set

    monkeypatch.setattr("olmis_release.plan.make.make_plan", make_plan)
    file = desk.write("inputs.yml", "reason: none\n")
    words = ("--window", "2026-11-28 20:00", "--impact", "minor", "--urgency", "low", "--route", "standard")
    assert desk.type("plan", "--to", "uat", *words, "--inputs", str(file)).status == 0
    assert asked == [
        Wishes(
            window="2026-11-28 20:00",
            impact=Impact.MINOR,
            urgency=Urgency.LOW,
            route=Route.STANDARD,
            inputs=file,
        )
    ]


def test_a_file_of_inputs_that_is_not_there_is_2(desk: Desk) -> None:
    told = desk.type("plan", "--to", "uat", "--inputs", "nowhere.yml")
    assert told.status == 2
    assert "nowhere.yml" in told.err


def test_production_asks_by_name_before_the_target_is_asked(desk: Desk) -> None:
    desk.instance("prod", purpose="production")
    desk.plan()
    told = desk.type("plan", desk.place.manifest.version, "--to", "prod")
    assert told.status == 2
    assert "[E-INPUTS-MISSING]" in told.err
    assert "rollback_authority: who decides to go back, by name" in told.err
    assert "--to prod --inputs-template standard > inputs.yml" in told.err
