"""Constraints of layers, forks that say what they provide, and overrides."""

import pytest

from olmis_release.manifest.lock import canonical
from olmis_release.manifest.merge import Override
from olmis_release.manifest.why import explain
from olmis_release.version import tag_range, tag_satisfies
from tests.fakes.manifest import CORE, HEAD, complaints, merged, problems

WANTS = CORE.replace(
    "components:\n",
    'constraints:\n  report: {version: ">=1.1.2-hotfix", reason: new tables}\ncomponents:\n',
).replace("openlmis/report:1.1.2", "openlmis/report:1.1.3")
FORK = "report: {replace: {image: mw/reports:2.0.0%s}, reason: own}"
OVERRIDE = HEAD + "overrides: {report: {version: 1.1.1, reason: MW-7}}\n"


@pytest.mark.parametrize(
    ("tag", "wanted", "fits"),
    [
        ("1.4.0-hotfix", ">=1.4.0-hotfix,<2.0.0", True),
        ("1.4.0", ">=1.4.0-hotfix", False),
        ("1.5.0-SNAPSHOT", ">=1.5.0", False),
        ("1.4.0", ">=1.4,<2", True),
        ("1.4.0-hotfix", "1.4", False),
        ("1.3.9", ">=1.4", False),
        ("1.4", ">=1.4.0", None),
        ("1.0.0-RC1", ">=1.0.0-rc1", True),
        ("v7.1", ">=6", None),
        ("14-debezium", ">=12", None),
    ],
)
def test_ranges_follow_the_order_of_tags(tag: str, wanted: str, fits: bool | None) -> None:
    assert tag_satisfies(tag, wanted) is fits


@pytest.mark.parametrize("wrong", ["", "latest", ">= ", "^1.2", "1.2.*"])
def test_what_is_no_range_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="is not a comparison"):
        tag_range(wrong)


def test_a_pin_below_a_constraint_names_both_places() -> None:
    [told] = complaints("report: {pin: 1.1.1, reason: x}", core_text=WANTS)
    assert told.startswith("extensions/mw.yml:5:17: report is 1.1.1; core/3.5.0.yml:7:3 wants report >=1.1.2-hotfix")
    assert "(new tables)" in told


def test_a_fork_must_say_what_it_provides() -> None:
    [problem] = problems(FORK % "", core_text=WANTS)
    assert problem.code == "E-CONSTRAINT"
    assert "does not say what it contains" in problem.message


def test_a_fork_is_held_by_what_it_provides() -> None:
    assert not problems(FORK % ", provides: report 1.1.3", core_text=WANTS)
    [problem] = problems(FORK % ", provides: report 1.1.2", core_text=WANTS)
    assert "report is provided as 1.1.2" in problem.message


def test_a_constraint_of_the_country_holds_for_core() -> None:
    head = HEAD + 'constraints: {auth: ">=4.2.0"}\n'
    assert [one.code for one in problems("report: {pin: 1.1.3, reason: x}", head=head)] == ["E-CONSTRAINT"]


def test_a_constraint_on_what_never_was_is_refused() -> None:
    head = HEAD + 'constraints: {auht: ">=4.2.0"}\n'
    [told] = complaints("report: {pin: 1.1.3, reason: x}", head=head)
    assert "Did you mean `auth`?" in told


def test_a_constraint_on_what_was_left_out_has_no_subject() -> None:
    assert not problems("report: {remove: true, reason: x}", core_text=WANTS)


def test_an_override_lets_its_one_version_pass_and_is_explained() -> None:
    made = merged("report: {pin: 1.1.1, reason: x}", head=OVERRIDE, core_text=WANTS).manifest
    [value] = explain(made, "report.constraint")
    assert value.value == ">=1.1.2-hotfix (overridden)"
    assert (value.origin.layer, value.origin.reason, value.origin.beat[0].layer) == ("mw", "MW-7", "core")
    assert "overridden" in canonical(made)
    assert problems("report: {pin: 1.1.0, reason: x}", head=OVERRIDE, core_text=WANTS)


def test_an_override_without_use_is_said() -> None:
    made = merged("report: {pin: 1.1.4, reason: x}", head=OVERRIDE, core_text=WANTS)
    assert [one.code for one in made.warnings] == ["W-UNUSED-OVERRIDE"]


def test_an_override_that_the_command_line_made_needless_is_said() -> None:
    typed = Override(component="report", tag="1.1.0", reason="MW-9")
    made = merged("report: {pin: 1.1.1, reason: x}", typed, head=OVERRIDE, core_text=WANTS)
    assert [one.code for one in made.warnings] == ["W-UNUSED-OVERRIDE"]


def test_an_override_of_what_never_was_is_refused() -> None:
    head = HEAD + "overrides: {reprot: {version: 1.1.1, reason: MW-7}}\n"
    [told] = complaints("log: {pin: '2', reason: x}", head=head)
    assert told.startswith("extensions/mw.yml:4:13: there is no component reprot to override a constraint of.")


def test_what_a_fork_provides_is_doubted_once_another_tag_of_it_is_typed() -> None:
    typed = Override(component="report", tag="1.0", reason="MW-9")
    made = merged(FORK % ", provides: report 1.1.3", typed, core_text=WANTS)
    assert [one.code for one in made.warnings] == ["W-PROVIDES"]


def test_an_override_needs_a_reason() -> None:
    with pytest.raises(Exception, match="reason"):
        merged("report: {pin: 1.1.1, reason: x}", head=OVERRIDE.replace("MW-7", '""'), core_text=WANTS)


def test_the_command_line_overrides_with_a_reason_only() -> None:
    def said(reason: str) -> list[str]:
        return complaints("", Override(component="report", tag="1.1.1", reason=reason), core_text=WANTS)

    assert said("MW-9") == []
    assert len(said("")) == 1
