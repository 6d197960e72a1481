"""What an upgrade of Core must heed on its way."""

from __future__ import annotations

import pytest

from olmis_release.plan.upgrade_paths import all_rules, rules_between


def crossed(old: str | None, new: str) -> list[str]:
    return [rule.to for rule in rules_between(old, new)]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("3.5.0", "3.6.0", []),
        ("3.6.0", "3.7.0", ["3.7.0"]),
        ("3.18.0", "3.19.2", ["3.19.0", "3.19.0", "3.19.2"]),
        ("3.6.0", "3.5.0", []),
        (None, "3.6.0", []),
    ],
)
def test_the_rules_of_every_version_on_the_way_hold(old: str | None, new: str, expected: list[str]) -> None:
    assert crossed(old, new) == expected


def test_coming_from_too_far_below_breaks_a_rule() -> None:
    (rule,) = [one for one in rules_between("3.5.0", "3.7.0") if one.through]
    assert rule.broken
    assert not rules_between("3.6.0", "3.7.0")[0].broken


def test_every_rule_names_its_source() -> None:
    assert all(rule.source and rule.text.endswith(".") for rule in all_rules())
