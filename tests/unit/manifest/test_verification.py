"""What `verify` asks the registry, and what it makes of the answers."""

from __future__ import annotations

import pytest

from olmis_release.manifest.defects.release import find_in_release
from olmis_release.manifest.image import ImageRef
from olmis_release.manifest.render import mirrored
from olmis_release.manifest.verification import Standing, problems, verify
from tests.fakes.manifest import component, release

OURS, OTHER = (f"sha256:{letter * 64}" for letter in "ab")
NAMED, ALONE = f"openlmis/auth:4.4.0@{OURS}", f"openlmis/auth@{OURS}"


@pytest.mark.parametrize(
    ("image", "tags", "there", "standing"),
    [
        (NAMED, {"4.4.0": OURS}, {OURS}, Standing.SAME),
        (NAMED, {"4.4.0": OTHER}, {OURS, OTHER}, Standing.MOVED),
        (NAMED, {}, {OURS}, Standing.UNTAGGED),
        (NAMED, {}, set(), Standing.GONE),
        ("openlmis/auth:4.4.0", {"4.4.0": OURS}, {OURS}, Standing.OPEN),
        (ALONE, {"latest": OTHER}, {OURS, OTHER}, Standing.SAME),
        (ALONE, {}, {OURS}, Standing.SAME),
        (ALONE, {"latest": OTHER}, {OTHER}, Standing.GONE),
    ],
)
def test_each_image_is_asked_for_by_what_its_file_names(
    image: str, tags: dict[str, str], there: set[str], standing: Standing
) -> None:
    def digest_of(asked: ImageRef) -> str | None:
        if asked.digest:
            return asked.digest if asked.digest in there else None
        return tags.get(asked.tag)

    manifest = release({"auth": component(image)})
    found = tuple(verify(manifest, digest_of=digest_of, has=lambda asked: asked.digest in there))

    assert [one.standing for one in found] == [standing]
    assert (problems(found) == ()) is (standing is Standing.SAME)
    assert not any("latest" in str(problem) for problem in problems(found))


def test_an_image_that_is_named_by_its_digest_alone_stays_so_to_the_end() -> None:
    image = ImageRef.parse(ALONE)
    assert (image.by_digest, str(image), image.pinned(), image.written) == (True, ALONE, ALONE, ALONE)
    assert mirrored(image, {}) == ALONE
    assert mirrored(image, {"docker.io": "mirror:5000"}) == f"mirror:5000/{ALONE}"
    assert find_in_release(release({"auth": component(ALONE)})) == ()


def test_a_digest_on_record_does_not_excuse_an_image_without_tag() -> None:
    recorded = component("consul").model_copy(
        update={"image": ImageRef(repository="consul", untagged=True, digest=OURS)}
    )
    assert [problem.code for problem in find_in_release(release({"consul": recorded}))] == ["W-UNTAGGED-IMAGE"]
