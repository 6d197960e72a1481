"""Versions of releases and of images, and their two orders."""

from itertools import pairwise

import pytest
import semver
from hypothesis import given
from hypothesis import strategies as st

from olmis_release.version import Order, ReleaseVersion, compare_tags, has_order, satisfies

parse = ReleaseVersion.parse

versions = st.builds(
    lambda core, name, revision: parse(f"{core}+{name}{revision}" if name else core),
    st.sampled_from(
        ["3.4.1", "3.5.0-SNAPSHOT", "3.5.0-rc.1", "3.5.0-RC1", "3.5.0-RC10", "3.5.0-RC2", "3.5.0", "3.10.0"]
    ),
    st.sampled_from(["", "ao", "mw", "mw-test"]),
    st.integers(1, 20),
)
tags = st.builds(
    lambda prefix, numbers, stage: prefix + ".".join(map(str, numbers)) + stage,
    st.sampled_from(["", "v"]),
    st.lists(st.integers(0, 12), min_size=1, max_size=3),
    st.sampled_from(
        ["", "-SNAPSHOT", "-beta", "-BETA-SNAPSHOT", "-RC1", "-rc2", "-RC10", "-hotfix", "-hotfix.2", "-alpine"]
    ),
)

ordered = st.builds(
    lambda numbers, stage: ".".join(map(str, numbers)) + stage,
    st.tuples(st.integers(0, 2), st.integers(0, 12), st.integers(0, 2)),
    st.sampled_from(["", "-SNAPSHOT", "-beta", "-RC1", "-rc1", "-rc2", "-RC10", "-hotfix", "-hotfix.2", "-hotfix.10"]),
)


def test_a_release_version_has_core_implementation_and_revision() -> None:
    version = parse("3.5.0+mw12")
    assert (str(version.core), version.name, version.revision, str(version)) == ("3.5.0", "mw", 12, "3.5.0+mw12")


def test_plain_core_has_no_implementation() -> None:
    assert (parse("3.5.0").name, parse("3.5.0").revision) == (None, 0)


@pytest.mark.parametrize("text", ["3.5.0_mw1", "3.5.0-mw1"])
def test_tags_cannot_hold_a_plus_so_two_spellings_of_it_are_read(text: str) -> None:
    assert parse(text) == parse("3.5.0+mw1")
    assert parse(text).tag == "3.5.0_mw1"


def test_a_pre_release_of_core_is_no_implementation() -> None:
    assert parse("3.5.0-rc1").name is None
    assert parse("3.5.0-rc.1+mw2").name == "mw"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "3.5",
        "v3.5.0",
        "3.5.0+mw",
        "3.5.0+mw0",
        "3.5.0+MW1",
        "3.5.0+mw1+ao1",
        "3.5.0-mw1+ao1",
        "3.5.0-BENIN",
        "3.5.0-angola.r1",
        "3.5.0-truststore",
        "../3.5.0",
        "010",
        "3.5.0+",
        "9" * 5000,
    ],
)
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"such as 3\.5\.0\+mw1"):
        parse(text)


def test_releases_are_ordered_by_core_then_implementation_with_numeric_revisions() -> None:
    texts = ["3.4.1+mw3", "3.5.0-rc.1+mw1", "3.5.0", "3.5.0+ao1", "3.5.0+mw9", "3.5.0+mw10", "3.10.0"]
    assert [str(version) for version in sorted(map(parse, reversed(texts)))] == texts


def test_pre_releases_and_hotfixes_of_core_are_ordered_as_openlmis_means_them() -> None:
    texts = ["3.5.0-SNAPSHOT", "3.5.0-beta", "3.5.0-RC2", "3.5.0-RC10", "3.5.0-RC10+mw1", "3.5.0", "3.5.0-hotfix"]
    assert [str(version) for version in sorted(map(parse, reversed(texts)))] == texts


def test_a_pre_release_of_core_may_have_an_implementation_in_either_spelling() -> None:
    assert parse("3.5.0-RC1-mw-test2") == parse("3.5.0-RC1+mw-test2")
    assert str(parse("3.5.0-rc.1-mw2")) == "3.5.0-rc.1+mw2"


def test_two_implementations_of_one_core_are_two_releases() -> None:
    assert len({parse("3.5.0+mw1"), parse("3.5.0+mw2"), parse("3.5.0+mw1")}) == 2


@given(versions, versions, versions)
def test_the_order_of_releases_is_total_and_transitive(a: ReleaseVersion, b: ReleaseVersion, c: ReleaseVersion) -> None:
    assert parse(str(a)) == parse(a.tag) == a
    assert (a < b) + (b < a) + (a == b) == 1
    assert (str(a) == str(b)) == (a == b)
    low, middle, high = sorted([a, b, c])
    assert low <= middle <= high
    assert low <= high


STAGES = ["1.0.0-SNAPSHOT", "1.0.0-beta", "1.0.0-RC2", "1.0.0-RC10", "1.0.0", "1.0.0-hotfix", "1.0.0-hotfix.1", "1.0.1"]


@pytest.mark.parametrize(("before", "after"), list(pairwise(STAGES)))
def test_tags_go_from_snapshot_over_release_to_hotfix(before: str, after: str) -> None:
    assert compare_tags(before, after) is Order.UP
    assert compare_tags(after, before) is Order.DOWN


@pytest.mark.parametrize(
    ("before", "after", "order"),
    [
        ("15.3.0", "15.3.0-hotfix", Order.UP),
        ("7", "6", Order.DOWN),
        ("9", "10", Order.UP),
        ("6", "v7.1", Order.UNKNOWN),
        ("12-debezium", "14-debezium", Order.UNKNOWN),
        ("psql-14", "psql-15", Order.UNKNOWN),
        ("7.1", "7.2", Order.UP),
        ("v7.1", "v8", Order.UP),
        ("9.6", "10", Order.UP),
        ("3.2.12", "7", Order.UP),
        ("v7.1", "8", Order.UNKNOWN),
        ("v7", "v7.1", Order.UNKNOWN),
        ("7", "7.0", Order.UNKNOWN),
        ("7-RC1", "7.1", Order.UNKNOWN),
        ("1.0", "01.0", Order.UNKNOWN),
        ("1.0.0-SNAPSHOT", "1.0.0-BETA-SNAPSHOT", Order.UP),
        ("1.0.0-BETA-SNAPSHOT", "1.0.0-beta", Order.UP),
        ("1.0.0-alpha", "1.0.0-BETA", Order.UP),
        ("7.1.1-hotfix.9", "7.1.1-hotfix.10", Order.UP),
        ("1.0.4", "1.0.4-truststore", Order.UNKNOWN),
        ("1.0.4-SNAPSHOT", "1.0.4-truststore", Order.UNKNOWN),
        ("12.0.0", "12.0.0-BENIN", Order.UNKNOWN),
        ("12.0.0-BENIN", "12.0.1", Order.UNKNOWN),
        ("8.3.8-angola.r1", "8.3.8", Order.UNKNOWN),
        ("3.2.12", "3.2.12-alpine", Order.UNKNOWN),
        ("14-debezium", "v7.1", Order.UNKNOWN),
        ("5.1.9", "5.1.9.hotfix.1", Order.UNKNOWN),
        ("1.0.0-RC1", "1.0.0-rc1", Order.UNKNOWN),
        ("latest", "latest", Order.SAME),
        ("1.0.0", "latest", Order.UNKNOWN),
    ],
)
def test_what_cannot_be_ordered_is_unknown_and_never_guessed(before: str, after: str, order: Order) -> None:
    assert compare_tags(before, after) is order


OPPOSITE = {Order.UP: Order.DOWN, Order.DOWN: Order.UP, Order.SAME: Order.SAME, Order.UNKNOWN: Order.UNKNOWN}


@given(tags, tags)
def test_the_way_back_is_the_opposite_of_the_way_there(before: str, after: str) -> None:
    assert compare_tags(after, before) is OPPOSITE[compare_tags(before, after)]
    assert (compare_tags(before, after) is Order.SAME) == (before == after)


@given(tags, tags, tags)
def test_up_and_up_again_is_up(a: str, b: str, c: str) -> None:
    if compare_tags(a, b) is compare_tags(b, c) is Order.UP:
        assert compare_tags(a, c) is Order.UP


@given(ordered, ordered)
def test_two_versions_of_one_precision_are_always_ordered(before: str, after: str) -> None:
    assert (compare_tags(before, after) is Order.UNKNOWN) == (before != after and before.lower() == after.lower())


@given(ordered, st.sampled_from(["-alpine", "-BENIN", "-angola.r1", "-truststore", "-mw1", ".hotfix.1"]), tags)
def test_the_suffix_of_a_country_never_makes_a_pre_release(tag: str, suffix: str, other: str) -> None:
    assert not has_order(f"{tag}{suffix}")
    if other != f"{tag}{suffix}":
        assert compare_tags(f"{tag}{suffix}", other) is Order.UNKNOWN


@pytest.mark.parametrize(
    ("version", "holds"), [("3.4.9", False), ("3.5.0", True), ("3.5.7", True), ("3.6.0", False), ("3.6.0-rc1", True)]
)
def test_a_range_holds_what_all_its_parts_hold(version: str, holds: bool) -> None:
    assert satisfies(semver.Version.parse(version), ">=3.5.0, <3.6.0") is holds


def test_a_range_of_core_counts_its_candidates_as_numbers() -> None:
    assert satisfies(semver.Version.parse("3.12.0-RC10"), ">=3.12.0-RC2,<3.12.0")


def test_a_bare_version_in_a_range_means_exactly_that() -> None:
    assert satisfies(semver.Version.parse("3.5.0"), "3.5.0")
    assert not satisfies(semver.Version.parse("3.5.1"), "3.5.0")
    assert satisfies(semver.Version.parse("3.5.1"), "!=3.5.0,>3.5.0,<=3.5.1")


@pytest.mark.parametrize("text", ["", ">=3.5", "^3.5.0", ">=3.5.0,", ">= <3.5.0", "3.x"])
def test_a_range_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a comparison"):
        satisfies(semver.Version.parse("3.5.0"), text)
