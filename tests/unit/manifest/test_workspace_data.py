"""This repository's own manifests: they hold together, and say of Core what Core published."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from olmis_release.instance.config import InstanceConfig
from olmis_release.manifest.candidate import make_candidate
from olmis_release.manifest.extension import load_core
from olmis_release.manifest.model import ImageRef, ReleaseManifest, Role
from olmis_release.manifest.render import Surroundings, render
from olmis_release.version import ReleaseVersion
from olmis_release.workspace import Workspace
from olmis_release.yamlio import read_model, read_yaml

ROOT = Path(__file__).resolve().parents[3]
REAL = ROOT.parent / "shared" / "real" / "ref-distro.bundle"
RELEASES = ("3.4.1+mw1", "3.5.0+mw1", "3.6.0+mw1")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    for folder in ("core", "extensions"):
        shutil.copytree(ROOT / "manifests" / folder, tmp_path / "manifests" / folder)
    return Workspace(root=tmp_path)


def digest_of(image: ImageRef) -> str:
    return f"sha256:{sum(str(image).encode()):064x}"


def release(workspace: Workspace, version: str) -> ReleaseManifest:
    return make_candidate(workspace, version, digest_of=digest_of).manifest


@pytest.mark.parametrize(
    ("version", "images"),
    [
        ("3.4.1+mw1", {"ui": "1.1.0", "reports": "1.0.4", "requisition": "7.0.0", "dhis2-integration": "1.0.3"}),
        ("3.5.0+mw1", {"ui": "1.2.0", "reports": "1.0.5", "requisition": "7.1.1-hotfix.1", "mw-extensions": "1.0.0"}),
        ("3.6.0+mw1", {"ui": "1.3.0", "reports": "1.0.6", "requisition": "8.0.0-hotfix.1", "mw-extensions": "1.1.0"}),
    ],
)
def test_each_release_has_its_own_images(workspace: Workspace, version: str, images: dict[str, str]) -> None:
    components = release(workspace, version).components
    assert {name: components[name].image.tag for name in images} == images
    assert not {"cce", "ftp", "report", "reference-ui"} & components.keys()
    assert components["auth"].compose["environment"]["JAVA_OPTS"].startswith("-server -Xmx1536m")  # type: ignore[call-overload,index,union-attr]


def test_the_database_stays_as_it_is_from_release_to_release(workspace: Workspace) -> None:
    around = Surroundings(
        project="p",
        variables={"spring_profiles_active": "production"},
        settings_file="s",
        settings_values={},
        settings_fingerprint="f",
        overrides={},
        mirrors={},
        front="nginx",
    )
    manifests = [release(workspace, version) for version in RELEASES]
    assert len({render(manifest, around).configs["db"] for manifest in manifests}) == 1
    assert {str(manifest.components["db"].image) for manifest in manifests} == {"openlmis/postgres:9.6-debezium"}


@pytest.mark.parametrize("version", RELEASES)
def test_every_component_that_owns_a_schema_answers_with_its_version(workspace: Workspace, version: str) -> None:
    owners = [component for component in release(workspace, version).components.values() if component.schema_name]
    assert len(owners) == 9
    assert all(component.consul and component.role is Role.SERVICE for component in owners)


def test_the_instance_uat_is_a_good_one_and_speaks_of_components_that_exist(workspace: Workspace) -> None:
    config = read_model(InstanceConfig, read_yaml(ROOT / "manifests/instances/uat.yml", shown_as="uat.yml"))
    around = Surroundings(
        project=config.project,
        variables=config.variables,
        settings_file=config.settings,
        settings_values={"spring_profiles_active": "production"},
        settings_fingerprint="f",
        overrides={name: change.set for name, change in config.components.items()},
        mirrors=config.registries,
        front=config.wall.component,
    )
    services = yaml.safe_load(render(release(workspace, "3.5.0+mw1"), around).text)["services"]
    assert [name for name, body in services.items() if body.get("ports")] == []


def published(version: str, folder: Path) -> tuple[dict[str, str], str]:
    """Return the images of a Core release as its own files give them, and the commit they were taken from."""
    repository = folder / "core"
    if not repository.exists():
        subprocess.run(["git", "clone", "-q", "--bare", REAL, repository], check=True, capture_output=True)

    def git(*arguments: str) -> str:
        return subprocess.run(["git", "-C", repository, *arguments], check=True, capture_output=True, text=True).stdout

    values = dict(line.split("=", 1) for line in git("show", f"v{version}:.env").splitlines() if "=" in line)
    services = yaml.safe_load(git("show", f"v{version}:docker-compose.yml"))["services"]
    images = {name: body.get("image", "") for name, body in services.items()}
    for key, value in values.items():
        images = {name: image.replace(f"${{{key}}}", value) for name, image in images.items()}
    return images, git("log", "-1", "--format=%B", f"v{version}").rpartition("upstream-commit: ")[2].strip()


@pytest.mark.skipif(not REAL.exists(), reason="the bundle of Core's published releases is not beside this checkout")
@pytest.mark.parametrize("version", ["3.4.1", "3.5.0", "3.6.0"])
def test_core_manifests_name_the_images_that_core_published(version: str, tmp_path: Path) -> None:
    core = load_core(Workspace(root=ROOT), ReleaseVersion.parse(version)).manifest
    images, commit = published(version, tmp_path)
    written = {name: component.image or "" for name, component in core.components.items()}
    # Core 3.4.1 forgot to say which hapifhir it meant.
    written |= {"hapifhir": images["hapifhir"]} if version == "3.4.1" else {}
    assert written == images
    assert core.source.commit == commit
