"""Canonical bytes, and finding the file of a release."""

from pathlib import Path

import pytest

from olmis_release.errors import BadInput
from olmis_release.manifest.lock import canonical, known_releases, load_release, read_release, readable, sha256_of
from olmis_release.manifest.merge import Override
from olmis_release.manifest.model import Beaten, Origin, ReleaseManifest
from olmis_release.workspace import Workspace
from tests.conftest import Golden
from tests.fakes.manifest import component, merged, release

FULL = release(
    {
        "ui": component("mw/ui:1.0", role="ui", replaces="reference-ui", consul="ui", reports_version="1.0.0"),
        "auth": component(
            f"openlmis/auth:4.1.0@sha256:{'a' * 64}",
            schema="auth",
            compose={"volumes": ["z:/z", "a:/a"], "environment": {"Z": "1.10", "A": "no", "file": "f", "layer": "l"}},
            origin={
                "image": Origin(
                    layer="mw",
                    file="f.yml",
                    line=3,
                    reason="why",
                    beat=(Beaten(layer="core", value="x", file="c", line=1),),
                )
            },
        ),
    },
    extension="mw",
    variables={"B": None, "A": "", "C": "x"},
    volumes={"z": {}, "a": {"external": "true"}},
    dropped={"cce": Origin(layer="mw", file="f.yml", line=9)},
)


def put(root: Path, name: str, version: str) -> Path:
    path = root / "manifests" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(canonical(FULL.model_copy(update={"version": version})), encoding="utf-8")
    return path


def test_canonical_bytes_read_back_to_the_same_manifest(tmp_path: Path) -> None:
    path = put(tmp_path, "rc1.yml", FULL.version)
    assert read_release(path, shown_as="rc1.yml") == FULL


def crowd(size: int) -> ReleaseManifest:
    """Return a release of many components, each with a body and its origins."""
    said = Origin(layer="mw", file="manifests/extensions/mw.yml", line=3, reason="why", beat=())
    body = {"environment": {f"V{number}": "x" for number in range(8)}, "env_file": ["settings.env"]}
    origin = dict.fromkeys(("image", "consul", "role", "compose.environment.V1", "compose.env_file"), said)
    one = component("openlmis/auth:4.1.0", compose=body, origin=origin)
    return release({f"c{number}": one for number in range(size)})


def test_what_is_written_is_read_again_however_many_components_it_has(tmp_path: Path) -> None:
    many = crowd(1_200)
    (tmp_path / "rc1.yml").write_text(readable(many), encoding="utf-8")
    assert len(read_release(tmp_path / "rc1.yml", shown_as="rc1.yml").components) == 1_200


def test_what_could_not_be_read_again_is_not_written() -> None:
    with pytest.raises(BadInput, match="4,000 components"):
        readable(crowd(4_000))


def test_a_candidate_reads_as_agreed(golden: Golden) -> None:
    statements = """
        auth: {pin: 4.1.1-hotfix.1, set: {environment.JAVA_OPTS: -Xmx1g}, reason: MW-812}
        report: {replace: {as: reports, image: mw/reports:1.0.5, provides: report 1.1.2}, reason: own reports}
        log: {remove: true, reason: logs go elsewhere}
        dhis2: {add: {image: mw/dhis2:1.0.4, consul: dhis2, compose: {volumes: [config:/config]}}}
    """
    golden("manifest/candidate.yml", canonical(merged(statements, Override(component="dhis2", tag="1.0.5")).manifest))


def test_the_order_in_which_a_manifest_was_built_does_not_show() -> None:
    reordered = ReleaseManifest(
        **{
            **FULL.model_dump(),
            "components": {name: FULL.components[name].model_dump() for name in reversed(FULL.components)},
            "variables": dict(reversed(FULL.variables.items())),
        }
    )
    assert canonical(reordered) == canonical(FULL)
    assert sha256_of(reordered) == sha256_of(FULL)


def test_lists_keep_their_order_because_it_means_something() -> None:
    assert '["z:/z", "a:/a"]' in canonical(FULL)


def test_a_manifest_begins_with_what_it_is() -> None:
    assert canonical(FULL).startswith("kind: release\nschema: 1\nversion: 3.5.0+mw1\ncore: 3.5.0\nextension: mw\n")


def test_another_digest_is_another_name() -> None:
    other = FULL.components["auth"].model_copy(update={"image": FULL.components["ui"].image})
    assert sha256_of(FULL.model_copy(update={"components": {**FULL.components, "auth": other}})) != sha256_of(FULL)


def test_a_release_wins_over_its_candidates(tmp_path: Path) -> None:
    put(tmp_path, "candidates/3.5.0+mw1/rc2.yml", "3.5.0+mw1")
    assert load_release(Workspace(root=tmp_path), "3.5.0+mw1")[1].name == "rc2.yml"
    put(tmp_path, "releases/3.5.0+mw1.yml", "3.5.0+mw1")
    assert load_release(Workspace(root=tmp_path), "3.5.0+mw1")[1].name == "3.5.0+mw1.yml"
    assert load_release(Workspace(root=tmp_path), "3.5.0-mw1")[1].name == "3.5.0+mw1.yml"


def test_an_unknown_release_is_answered_with_those_that_exist_oldest_first(tmp_path: Path) -> None:
    for version in ("3.5.0+mw10", "3.5.0+mw9", "not-a-version"):
        put(tmp_path, f"candidates/{version}/rc1.yml", version)
    put(tmp_path, "releases/3.4.1+mw1.yml", "3.4.1+mw1")
    assert known_releases(Workspace(root=tmp_path)) == ("3.4.1+mw1", "3.5.0+mw9", "3.5.0+mw10")
    with pytest.raises(BadInput) as refused:
        load_release(Workspace(root=tmp_path), "3.5.0+mw8")
    assert "neither a release nor a candidate 3.5.0+mw8. Did you mean" in refused.value.message
    assert refused.value.resolution == (
        "There are: 3.4.1+mw1, 3.5.0+mw9, 3.5.0+mw10. Make it: olmis-release candidate 3.5.0+mw8"
    )


def test_a_file_that_holds_another_version_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "releases/3.5.0+mw1.yml", "3.5.0+mw2")
    with pytest.raises(BadInput, match=r"manifests/releases/3\.5\.0\+mw1\.yml is version 3\.5\.0\+mw2"):
        load_release(Workspace(root=tmp_path), "3.5.0+mw1")
