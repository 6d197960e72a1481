"""The nearest Core release: exact, a tie, or none."""

from __future__ import annotations

from olmis_release.manifest.image import ImageRef
from olmis_release.manifest.infer import CoreImages, Nearest, nearest_core

RELEASES = [
    CoreImages(version="3.5.0", tags={"openlmis/auth": "4.1.0", "openlmis/report": "1.0.0", "openlmis/cce": "1.0.0"}),
    CoreImages(version="3.6.0", tags={"openlmis/auth": "4.2.0", "openlmis/report": "1.1.0", "openlmis/cce": "1.0.0"}),
    CoreImages(version="3.6.1", tags={"openlmis/auth": "4.2.0", "openlmis/report": "1.2.0", "openlmis/cce": "1.0.0"}),
]


def near(**images: str) -> Nearest:
    return nearest_core({name: ImageRef.parse(image) for name, image in images.items()}, RELEASES)


def test_an_exact_match() -> None:
    found = near(auth="openlmis/auth:4.1.0", report="openlmis/report:1.0.0", nginx="openlmis/nginx:9")

    assert found == Nearest(matches=("3.5.0",), matched=2, of=2)
    assert found.is_exact


def test_a_tie_names_every_release_newest_first() -> None:
    assert near(auth="openlmis/auth:4.2.0").matches == ("3.6.1", "3.6.0")


def test_what_deviates_is_named() -> None:
    found = near(auth="docker.io/openlmis/auth:4.2.0", report="openlmis/report:1.2.0-hotfix", cce="openlmis/cce:1.0.0")

    assert (found.matches, found.matched, found.of, found.deviating) == (("3.6.1", "3.6.0"), 2, 3, ("report",))


def test_nothing_in_common_claims_nothing() -> None:
    assert near(auth="openlmis/auth:9.9.9", ui="org/ui:1") == Nearest(of=1, deviating=("auth",))


def test_an_untagged_image_tells_nothing() -> None:
    assert near(auth="openlmis/auth").matches == ()


def test_a_countrys_own_image_is_not_cores() -> None:
    assert near(report="openlmismw/report:1.0.0") == Nearest()
