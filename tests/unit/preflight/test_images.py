"""images-at-registry, image-room and mutable-tags."""

from dataclasses import replace

import pytest

from olmis_release.errors import TargetUnreachable
from olmis_release.instance.config import Docker
from olmis_release.instance.ports import ExecResult
from olmis_release.manifest.model import ImageRef
from olmis_release.preflight.checks.image_room import images_have_room
from olmis_release.preflight.checks.images_at_registry import images_are_at_registry
from olmis_release.preflight.checks.mutable_tags import is_mutable, tags_are_fixed
from olmis_release.preflight.room import engine_is_local, parse_df
from tests.fakes.instance import a_container, an_image
from tests.fakes.preflight import GIB, Place, a_component, a_release, an_instance

DF = "Filesystem 1-blocks Used Available Capacity Mounted on\noverlay 100 50 {free} 50% /\n"


def free(place: Place, size_bytes: int) -> None:
    place.engine.on_exec = lambda *_: ExecResult(exit_code=0, stdout=DF.format(free=size_bytes), stderr="")


def has_on_engine(place: Place, *components: str) -> None:
    for name in components:
        place.engine.images[place.services[name]["image"]] = an_image(place.services[name]["image"])


def test_every_image_and_the_walls_is_asked_for(place: Place) -> None:
    finding = images_are_at_registry(place.subject)
    assert (finding.status, finding.message) == ("ok", "All 7 images are there, by digest.")


def test_a_wall_that_stands_needs_no_image(place: Place) -> None:
    wall = replace(a_container(""), id="wall", name="uat-wall")
    place.engine.all["wall"] = wall
    assert images_are_at_registry(place.subject).message == "All 6 images are there, by digest."


def test_all_missing_images_are_listed_at_once(place: Place) -> None:
    place.registry.digests |= {"openlmis/auth:4.0.0": None, "openlmis/ui:1.0.0": None}
    finding = images_are_at_registry(place.subject)
    assert finding.status == "fail"
    assert finding.message.startswith(
        "2 of 7 images cannot be had: auth (openlmis/auth:4.0.0: not at the registry); ui"
    )


def test_an_image_that_only_the_engine_has_is_told(place: Place) -> None:
    place.registry.digests["openlmis/auth:4.0.0"] = None
    has_on_engine(place, "auth")
    assert images_are_at_registry(place.subject).status == "warn"


def test_a_registry_that_does_not_answer_for_one_image_does_not_hide_the_others(place: Place) -> None:
    def has(image: ImageRef) -> bool:
        if image.repository == "openlmis/auth":
            raise TargetUnreachable("The registry x does not answer.", resolution="Check it.")
        return image.repository != "openlmis/ui"

    place.registry.has = has  # type: ignore[method-assign]
    message = images_are_at_registry(place.subject).message
    assert "auth (openlmis/auth:4.0.0: The registry x does not answer.)" in message
    assert "ui (openlmis/ui:1.0.0: not at the registry)" in message


def test_a_manifest_that_is_not_pinned_is_refused(place: Place) -> None:
    open_image = a_component("auth").model_copy(update={"image": ImageRef(repository="openlmis/auth", tag="4.0.0")})
    place.manifest = a_release(auth=open_image)
    finding = images_are_at_registry(place.subject)
    assert (finding.status, finding.message) == ("fail", "Images without a digest: auth.")


def test_room_for_images_is_judged_by_the_ones_they_replace(place: Place) -> None:
    has_on_engine(place, "db", "nginx", "requisition", "ui", "extensions")
    old = a_container("auth").image_id
    place.engine.images[old] = an_image(old, size_bytes=2 * GIB)
    free(place, 3 * GIB)
    assert images_have_room(place.subject).status == "ok"
    free(place, 2 * GIB)
    finding = images_have_room(place.subject)
    assert (finding.status, finding.message.startswith("1 image to pull, containers and logs need about 2.4 GB")) == (
        "fail",
        True,
    )


def test_assumed_sizes_warn_and_never_refuse(place: Place) -> None:
    free(place, 2 * GIB)
    finding = images_have_room(place.subject)
    assert (finding.status, finding.message.startswith("6 images to pull, containers and logs need")) == ("warn", True)


def test_a_full_disk_is_refused_even_when_nothing_is_to_be_pulled(place: Place) -> None:
    has_on_engine(place, *place.manifest.components)
    free(place, 1_000_000)
    assert images_have_room(place.subject).status == "fail"


def test_room_that_cannot_be_measured_is_told(place: Place) -> None:
    place.config = an_instance(docker={"host": "ssh://ops@example.org"})
    place.engine.on_exec = lambda *_: ExecResult(exit_code=127, stdout="", stderr="df: not found")
    assert images_have_room(place.subject).status == "warn"


def test_on_an_empty_local_host_the_engines_folder_is_asked(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    place.engine.all.clear()
    place.engine.about = replace(place.engine.about, root_dir=str(place.root))
    assert "cannot be measured" not in images_have_room(place.subject).message
    place.engine.about = replace(place.engine.about, root_dir=str(place.root / "absent"))
    assert "cannot be measured" in images_have_room(place.subject).message


@pytest.mark.parametrize("output", ["", "one line", "a\nb c", "head\nfs 1 2 - 4% /"])
def test_what_is_not_df_gives_no_figure(output: str) -> None:
    assert parse_df(output) is None


def test_where_the_engine_is_decides_what_can_be_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    assert engine_is_local(Docker())
    assert not engine_is_local(Docker(context="production"))
    assert not engine_is_local(Docker(host="ssh://ops@example.org"))
    monkeypatch.setenv("DOCKER_HOST", "tcp://example.org:2376")
    assert not engine_is_local(Docker())
    assert engine_is_local(Docker(host="unix:///run/docker.sock"))


@pytest.mark.parametrize(
    ("reference", "mutable"),
    [
        ("openlmis/auth:4.0.0", False),
        ("openlmis/requisition:7.1.1-hotfix.1", False),
        ("openlmis/auth:4.0.0-SNAPSHOT", True),
        ("openlmis/auth:3.7-snapshot", True),
        ("openlmis/report:latest", True),
        ("gliderlabs/consul-server", True),
        ("openlmis/ui:master", True),
        ("openlmis/ui:7.0.0-STAGING", True),
        ("openlmis/ui:main-2", False),
    ],
)
def test_tags_that_move_are_known(reference: str, *, mutable: bool) -> None:
    assert is_mutable(ImageRef.parse(reference)) is mutable


@pytest.mark.parametrize(("policy", "status"), [("allow", "ok"), ("warn", "warn"), ("refuse", "fail")])
def test_the_policy_decides_about_tags_that_move(place: Place, policy: str, status: str) -> None:
    place.manifest = a_release(auth=a_component("auth", tag="4.0.0-SNAPSHOT"))
    place.config = an_instance(policy={"mutable_tags": policy})
    finding = tags_are_fixed(place.subject)
    assert (finding.status, "auth (4.0.0-SNAPSHOT)" in finding.message) == (status, True)


def test_fixed_tags_pass_the_strictest_policy(place: Place) -> None:
    assert tags_are_fixed(place.subject).status == "ok"
