"""Import, candidate, rendered Compose file: what Compose makes of it is what it makes of the country's own file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from olmis_release.manifest.candidate import make_candidate
from olmis_release.manifest.importers.by_design import DIFFERENCES
from olmis_release.manifest.importers.importing import Request, import_extension
from olmis_release.manifest.importers.source import Source
from olmis_release.manifest.model import ReleaseManifest
from olmis_release.manifest.render import Surroundings, render
from olmis_release.workspace import Workspace
from tests.fakes.compose_config import compose_config, differences, needs_compose

# Commit, folder: small and large distances from Core, all four places, nine years.
STATES = [
    ("6804eae", "prod_env"),
    ("d451cec", "prod_env"),
    ("3abd31a", "prod_env"),
    ("c6b395a", "prod_env"),
    ("a132e1b", "uat_env"),
    ("a132e1b", "dev_env"),
    ("a132e1b", "training_env"),
]
CONFIG = "org.openlmis.release.config"
_VALUES = {"spring_profiles_active": "production"}


@needs_compose
@pytest.mark.parametrize(("commit", "place"), STATES)
def test_what_is_rendered_is_what_the_country_wrote(
    commit: str, place: str, country_source: Source, country_bundle: Path, core_bundle: Path, tmp_path: Path
) -> None:
    ref, folder = f"refs/tags/upstream-{commit}", f"deployment/{place}"
    workspace = Workspace(root=tmp_path)
    (tmp_path / "manifests").mkdir()
    request = Request(source=str(country_bundle), ref=ref, folder=folder, core_source=str(core_bundle))
    found = import_extension(workspace, "mw", request)
    assert [str(problem) for problem in found.errors] == []

    manifest = make_candidate(workspace, f"{found.base}+mw1", digest_of=None).manifest
    data = country_source.at(ref).read(f"{folder}/docker-compose.yml")
    assert data is not None
    (tmp_path / "theirs.yml").write_bytes(data)
    (tmp_path / ".env").write_text("spring_profiles_active=production\nLETTER=x\n")
    (tmp_path / "ours.yml").write_text(render(manifest, _surroundings(tmp_path, manifest)).text)
    theirs, ours = compose_config(tmp_path, "-f", "theirs.yml"), compose_config(tmp_path, "-f", "ours.yml")

    assert isinstance(theirs, dict), theirs
    assert isinstance(ours, dict), ours
    _take_out_what_differs_by_design(theirs, ours, manifest)
    assert differences(theirs, ours) == []


def _surroundings(folder: Path, manifest: ReleaseManifest) -> Surroundings:
    missing = {name: _VALUES.get(name, "") for name, value in manifest.variables.items() if value is None}
    return Surroundings(
        project="x",
        variables=missing,
        settings_file=str(folder / ".env"),
        settings_values={},
        settings_fingerprint="",
        overrides={},
        mirrors={},
        front="nginx",
    )


def _take_out_what_differs_by_design(theirs: dict[str, Any], ours: dict[str, Any], manifest: ReleaseManifest) -> None:
    """Undo exactly what `by_design` lists; anything else that differs fails the test."""
    listed = {part for part, _ in DIFFERENCES}
    assert {"build", "container_name", "restart", f"labels.{CONFIG}", "volumes", "ports of the front door"} <= listed
    tags = "|".join(re.escape(one.image.tag) for one in manifest.components.values() if one.role.value == "config")
    for name, service in ours["services"].items():
        original = theirs["services"][name]
        assert service["labels"].pop(CONFIG)
        service["labels"] = service["labels"] or None
        original.setdefault("labels", None)
        original.setdefault("restart", service.get("restart"))
        original.pop("container_name", None)
        if original.pop("build", None):
            service.pop("image")
        elif ":" not in original["image"]:
            original["image"] += ":latest"
        if name == "nginx":
            original.pop("ports")
        for mount in service.get("volumes", []):
            mount["source"] = re.sub(rf"-(?:{tags})\Z", "", mount["source"]) if tags else mount["source"]
