"""Emergency candidates, and the matrix of impact and urgency."""

from typing import Any

import pytest

from olmis_release.errors import BadInput
from olmis_release.manifest.emergency import Impact, Priority, Route, Urgency, priority_of, route_of
from olmis_release.manifest.lock import canonical, sha256_of
from olmis_release.manifest.model import ReleaseManifest
from olmis_release.manifest.patching import PatchOrder, patched, prove_only
from olmis_release.yamlio import parse_yaml, read_model
from tests.fakes.manifest import component, release

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64
BASE = release(
    {
        "auth": component(f"openlmis/auth:4.1.0@{A}"),
        "requisition": component(f"openlmis/requisition:7.1.0@{A}", reports_version="7.1"),
    }
)


def order(*tags: tuple[str, str], **changes: Any) -> PatchOrder:
    usual: dict[str, Any] = {
        "release": "3.5.0+mw2",
        "tags": tags or (("requisition", "7.1.1-hotfix.1"),),
        "ticket": "MW-812",
        "impact": Impact.EXTENSIVE,
        "urgency": Urgency.CRITICAL,
    }
    return PatchOrder(**{**usual, **changes})


def codes(wrong: PatchOrder) -> list[str]:
    with pytest.raises(BadInput) as refused:
        patched(BASE, wrong, digest_of=None)
    return [problem.code for problem in refused.value.problems]


def test_only_the_named_component_differs_and_the_reason_is_kept() -> None:
    made = patched(BASE, order(), digest_of=lambda _: B)
    assert made.components["auth"] == BASE.components["auth"]
    changed = made.components["requisition"]
    assert (changed.image.tag, changed.image.digest, changed.reports_version) == ("7.1.1-hotfix.1", B, None)
    assert changed.origin["image"].reason == "MW-812"
    assert made.patch is not None
    assert (made.patch.base, made.patch.base_sha256) == ("3.5.0+mw1", sha256_of(BASE))
    assert (made.patch.priority, made.patch.route) == (Priority.BLOCKER, Route.EMERGENCY)


def test_an_emergency_candidate_reads_back_as_it_was_written() -> None:
    made = patched(BASE, order(), digest_of=lambda _: B)
    again = read_model(ReleaseManifest, parse_yaml(canonical(made).encode(), shown_as="rc1.yml"))
    assert canonical(again) == canonical(made)


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        (order(("nosuch", "1.0.0")), ["E-UNKNOWN-COMPONENT"]),
        (order(("requisition", "7.1.0")), ["E-PATCH-SAME"]),
        (order(("requisition", "not a tag")), ["E-TAG"]),
        (order(("auth", "4.1.1"), ("auth", "4.1.2")), ["E-CONFLICT"]),
        (order(release="3.5.0+mw1"), ["E-PATCH-VERSION"]),
        (order(release="3.6.0+mw2"), ["E-PATCH-VERSION"]),
        (order(release="3.5.0+ao2"), ["E-PATCH-VERSION"]),
        (order(("nosuch", "1"), ("auth", "4.1.0"), release="3.5.0+mw1"), None),
    ],
)
def test_a_wrong_order_is_refused_whole(wrong: PatchOrder, expected: list[str] | None) -> None:
    found = codes(wrong)
    assert found == expected if expected else len(found) == 3


def test_an_image_that_the_registry_does_not_have_is_refused() -> None:
    with pytest.raises(BadInput, match=r"--set requisition=7\.1\.1-hotfix\.1: .* is not at the registry"):
        patched(BASE, order(), digest_of=lambda _: None)


@pytest.mark.parametrize(
    "wider",
    [
        {"variables": {"A": "1"}},
        {"components": {**BASE.components, "auth": component(f"openlmis/auth:4.1.0@{B}")}},
        {"components": {**BASE.components, "auth": component("openlmis/auth:4.1.0")}},
        {"components": {**BASE.components, "cce": component("openlmis/cce:1.0.0")}},
        {"components": {**BASE.components, "requisition": component("openlmis/requisition:8", compose={"cpus": "1"})}},
    ],
)
def test_anything_wider_is_refused(wider: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="the emergency names requisition only"):
        prove_only(BASE, BASE.model_copy(update=wider), named=["requisition"])


@pytest.mark.parametrize(
    ("impact", "priorities"),
    [
        (Impact.EXTENSIVE, ["Blocker", "Blocker", "Critical", "Major"]),
        (Impact.SIGNIFICANT, ["Blocker", "Critical", "Major", "Minor"]),
        (Impact.MODERATE, ["Critical", "Major", "Minor", "Trivial"]),
        (Impact.MINOR, ["Major", "Minor", "Trivial", "Trivial"]),
    ],
)
def test_impact_and_urgency_make_a_priority(impact: Impact, priorities: list[str]) -> None:
    assert [str(priority_of(impact, urgency)) for urgency in Urgency] == priorities
    routes = ["emergency" if one in {"Blocker", "Critical"} else "standard" for one in priorities]
    assert [str(route_of(priority_of(impact, urgency))) for urgency in Urgency] == routes
