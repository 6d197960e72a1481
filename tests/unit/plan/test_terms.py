"""What people give to a plan: asked for by name, where the instance's policy wants it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from olmis_release.errors import BadInput, UsageError
from olmis_release.instance.config import Language
from olmis_release.instance.timetable import Milestone
from olmis_release.manifest.emergency import Impact, Patch, Priority, Route, Urgency
from olmis_release.plan.assessment import assess
from olmis_release.plan.inputs import NEEDED, PURPOSES, Duty, Inputs, Person
from olmis_release.plan.inputs_template import template
from olmis_release.plan.schedule import Course, RowStatus, make_schedule
from olmis_release.plan.terms import Terms, Wishes, agree
from olmis_release.plan.windows import Span
from olmis_release.yamlio import parse_yaml, read_model
from tests.fakes.inputs import STANDARD
from tests.unit.plan.test_windows import NOW, an_instance

WINDOW = "2026-11-28 20:00"


def agreed(tmp_path: Path, text: str | None, **wishes: object) -> Terms:
    file = tmp_path / "inputs.yml"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    given = Wishes(window=WINDOW, inputs=file if text is not None else None)
    config = an_instance(languages=["en", "fr"])
    return agree(config, given, release="3.6.0+mw1", patch=None, now=NOW)


def test_whole_inputs_are_read_and_kept_as_they_are_written(tmp_path: Path) -> None:
    terms = agreed(tmp_path, STANDARD)
    assert terms.inputs is not None
    assert terms.inputs_text == STANDARD.encode()
    assert terms.inputs.training == "none"
    assert terms.inputs.accepted_defects == ()
    assert (terms.assessment and terms.assessment.priority, terms.route) == (Priority.MINOR, Route.STANDARD)
    assert terms.window is not None


def test_without_a_file_every_field_is_named_with_what_it_is_for(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        agreed(tmp_path, None)
    assert refused.value.code == "E-INPUTS-MISSING"
    for key in PURPOSES:
        assert key in refused.value.message
    assert "rollback_authority: who decides to go back, by name" in refused.value.details
    assert "--inputs-template standard" in refused.value.resolution


@pytest.mark.parametrize(
    ("line", "left", "said"),
    [
        ("training: none", "training:", ":10:1: training is not given: what users must be taught"),
        ("  tester: {name: A. Moyo, deputy: none}\n", "", "people.tester.name is not given"),
        ("rollback_authority: C. Phiri\n", "", "rollback_authority is not given"),
        (", fr: Les réquisitions peuvent être triées.", "", "user_changes.fr is not given"),
        ('translator: {fr: "D. Kabila"}\n', "", "translator.fr is not given"),
    ],
)
def test_what_is_left_out_or_left_empty_is_named_with_its_place(
    tmp_path: Path, line: str, left: str, said: str
) -> None:
    assert line in STANDARD
    with pytest.raises(BadInput) as refused:
        agreed(tmp_path, STANDARD.replace(line, left))
    assert said in refused.value.message
    assert {problem.code for problem in refused.value.problems} == {"E-INPUTS-MISSING"}
    assert f"{tmp_path}/inputs.yml" in refused.value.message


def test_an_unknown_field_is_refused_with_the_nearest_known_one(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="Did you mean `training`"):
        agreed(tmp_path, STANDARD.replace("training:", "trainning:"))


def test_other_instances_ask_for_nothing() -> None:
    assert agree(an_instance(purpose="uat"), Wishes(), release="3.6.0", patch=None, now=NOW) == Terms()


@pytest.mark.parametrize("route", Route)
def test_the_template_of_a_route_has_every_field_and_is_refused_until_filled_in(tmp_path: Path, route: Route) -> None:
    text = template("3.6.0+mw1", "prod", route=route, languages=(Language.ENGLISH, Language.FRENCH))
    read = read_model(Inputs, parse_yaml(text.encode(), shown_as="inputs.yml"))
    assert set(parse_yaml(text.encode(), shown_as="inputs.yml").data) == set(NEEDED[route])
    assert read.reason is None
    with pytest.raises(BadInput) as refused:
        agreed(tmp_path, text)
    assert "people.release-manager.name" in refused.value.message


@pytest.mark.parametrize(
    ("impact", "urgency", "chosen", "route"),
    [
        (Impact.EXTENSIVE, Urgency.CRITICAL, None, Route.EMERGENCY),
        (Impact.EXTENSIVE, Urgency.CRITICAL, Route.STANDARD, Route.STANDARD),
        (Impact.MINOR, Urgency.LOW, None, Route.STANDARD),
    ],
)
def test_the_route_follows_from_impact_and_urgency_and_may_be_stricter(
    impact: Impact, urgency: Urgency, chosen: Route | None, route: Route
) -> None:
    found = assess(impact, urgency, chosen=chosen, patch=None)
    assert found is not None
    assert found.route is route


def test_a_laxer_route_is_2() -> None:
    with pytest.raises(UsageError, match="Priority Trivial opens the standard route") as refused:
        assess(Impact.MINOR, Urgency.LOW, chosen=Route.EMERGENCY, patch=None)
    assert (refused.value.exit_code, refused.value.code) == (2, "E-ROUTE")


@pytest.mark.parametrize(("impact", "urgency"), [(Impact.MINOR, None), (None, Urgency.LOW)])
def test_one_of_the_two_is_not_enough(impact: Impact | None, urgency: Urgency | None) -> None:
    with pytest.raises(UsageError, match="is missing: the priority follows from both"):
        assess(impact, urgency, chosen=None, patch=None)


def test_nobody_calls_it_an_emergency_without_saying_why() -> None:
    with pytest.raises(UsageError, match="Nothing says that this release is an emergency"):
        assess(None, None, chosen=Route.EMERGENCY, patch=None)


def test_an_emergency_release_brings_its_own_judgement() -> None:
    patch = Patch(
        base="3.5.0",
        base_sha256="b" * 64,
        components=("ui",),
        ticket="MW-1",
        impact=Impact.EXTENSIVE,
        urgency=Urgency.HIGH,
        priority=Priority.BLOCKER,
        route=Route.EMERGENCY,
    )
    found = assess(None, None, chosen=None, patch=patch)
    assert found is not None
    assert found.route is Route.EMERGENCY
    with pytest.raises(UsageError, match="was made with impact extensive and urgency high"):
        assess(Impact.MINOR, None, chosen=None, patch=patch)


def course(**values: object) -> Course:
    start = datetime(2026, 11, 28, 18, tzinfo=UTC)
    usual: dict[str, object] = {
        "window": Span(start=start, end=start + timedelta(hours=2)),
        "route": Route.STANDARD,
        "made": NOW,
        "offline_s": 1800.0,
    }
    return Course(**{**usual, **values})  # type: ignore[arg-type]


def at(found: Course, row: Milestone) -> str:
    return next(one.start for one in make_schedule(found) if one.id is row)


def test_every_row_follows_from_the_window_and_stands_in_order_of_time() -> None:
    rows = make_schedule(course())
    assert [row.start for row in rows] == sorted(row.start for row in rows)
    assert {row.id for row in rows} == set(Milestone)
    assert at(course(), Milestone.NOTICE_1) == "2026-11-21T18:00:00Z"
    assert at(course(), Milestone.REOPEN) == "2026-11-28T18:30:00Z"
    assert at(course(), Milestone.HYPERCARE_END) == "2026-12-03T20:00:00Z"


def test_what_a_row_depends_on_comes_before_it_on_every_route() -> None:
    for route in Route:
        rows = {row.id: row for row in make_schedule(course(route=route))}
        for row in rows.values():
            assert all(rows[one].start <= row.start for one in row.depends_on if one in rows)


def test_rows_can_be_done_at_another_distance() -> None:
    moved = course(offsets={Milestone.NOTICE_1: timedelta(days=-10)})
    assert at(moved, Milestone.NOTICE_1) == "2026-11-18T18:00:00Z"


def test_the_last_moment_to_go_back_leaves_time_to_go_back_in() -> None:
    assert at(course(), Milestone.ROLLBACK_DECISION) == "2026-11-28T19:15:00Z"
    assert at(course(rollback_s=3600.0), Milestone.ROLLBACK_DECISION) == "2026-11-28T18:45:00Z"
    assert at(course(rollback_s=36000.0), Milestone.ROLLBACK_DECISION) == "2026-11-28T18:00:00Z"


def test_owners_come_from_the_inputs_and_what_is_past_is_overdue() -> None:
    people = {Duty.TESTER: Person(name="A. Moyo", deputy="none")}
    rows = {row.id: row for row in make_schedule(course(people=people))}
    assert rows[Milestone.UAT_SIGN_OFF].owner == "A. Moyo"
    assert rows[Milestone.CODE_FREEZE].status is RowStatus.OVERDUE
    assert rows[Milestone.NOTICE_1].status is RowStatus.PLANNED


def test_an_emergency_has_no_soak_and_no_notice_a_week_before() -> None:
    rows = {row.id for row in make_schedule(course(route=Route.EMERGENCY))}
    assert not rows & {Milestone.CODE_FREEZE, Milestone.ON_UAT, Milestone.NOTICE_1}
