"""Comparing two releases."""

import pytest

from olmis_release.manifest.diff import Difference, compare
from olmis_release.manifest.model import Origin
from olmis_release.version import Order
from tests.fakes.manifest import component, release

A, B = f"@sha256:{'a' * 64}", f"@sha256:{'b' * 64}"


def test_every_component_of_both_is_named_once_in_order() -> None:
    before = release({"auth": component("o/auth:1.0.0"), "cce": component("o/cce:1.0.0"), "log": component("o/log:1")})
    after = release({"ui": component("o/ui:1.0.0"), "log": component("o/log:1"), "auth": component("o/auth:1.0.1")})
    assert [(diff.name, diff.change, diff.direction) for diff in compare(before, after)] == [
        ("auth", Difference.CHANGED, Order.UP),
        ("cce", Difference.REMOVED, None),
        ("log", Difference.UNCHANGED, Order.SAME),
        ("ui", Difference.ADDED, None),
    ]


@pytest.mark.parametrize(
    ("before", "after", "change", "direction"),
    [
        ("o/a:2.0.0", "o/a:1.0.0", Difference.CHANGED, Order.DOWN),
        ("o/a:1.0.0", "o/a:1.0.0-hotfix", Difference.CHANGED, Order.UP),
        ("o/a:12-debezium", "o/a:14-debezium", Difference.CHANGED, Order.UNKNOWN),
        ("o/a:1.0.0", "mw/a:1.0.1", Difference.CHANGED, Order.UNKNOWN),
        (f"o/a:1.0.0{A}", f"o/a:1.0.0{B}", Difference.CHANGED, Order.UNKNOWN),
        (f"o/a:1.0.0{A}", "o/a:1.0.0", Difference.UNCHANGED, Order.SAME),
    ],
)
def test_an_image_moves_up_down_or_nobody_knows(before: str, after: str, change: Difference, direction: Order) -> None:
    (diff,) = compare(release({"a": component(before)}), release({"a": component(after)}))
    assert (diff.change, diff.direction) == (change, direction)


def test_a_changed_body_is_a_change_that_names_its_values() -> None:
    before = component("o/a:1", schema="a", compose={"environment": {"A": "1", "B": "2"}, "restart": "no"})
    after = component("o/a:1", schema="b", compose={"environment": {"A": "9", "B": "2"}, "volumes": ["x:/x"]})
    (diff,) = compare(release({"a": before}), release({"a": after}))
    assert (diff.change, diff.direction) == (Difference.CHANGED, Order.SAME)
    assert diff.values == ("schema", "compose.environment.A", "compose.restart", "compose.volumes")


def test_where_a_value_comes_from_is_no_difference() -> None:
    other = component("o/a:1", origin={"image": Origin(layer="mw", file="f", line=1)})
    (diff,) = compare(release({"a": component("o/a:1")}), release({"a": other}))
    assert diff.change is Difference.UNCHANGED
