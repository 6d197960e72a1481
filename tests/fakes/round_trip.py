"""The round trip: import, candidate, rendered Compose file, and what Compose makes of it beside the original."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from olmis_release.manifest.candidate import make_candidate
from olmis_release.manifest.importers.by_design import DIFFERENCES
from olmis_release.manifest.importers.importing import Request, import_extension
from olmis_release.manifest.importers.writing import Manifest, write
from olmis_release.manifest.layers import CoreManifest
from olmis_release.manifest.model import ReleaseManifest
from olmis_release.manifest.render import Surroundings, render
from olmis_release.workspace import Workspace
from tests.fakes.compose_config import compose_config, differences

CONFIG = "org.openlmis.release.config"
_PRODUCTION = {"spring_profiles_active": "production"}
_ALWAYS_TAKEN_OUT = ("container_name", "scale", "profiles", "configs", "secrets", "build")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """What came of it: refused by Compose, refused by us (with what was said), or what differs."""

    by_compose: str = ""
    by_us: tuple[str, ...] = ()
    differs: tuple[str, ...] = ()
    services: int = 0

    @property
    def is_equal(self) -> bool:
        """Compose makes the same of both."""
        return not (self.by_compose or self.by_us or self.differs)


def lay_out(folder: Path, files: Mapping[str, str]) -> Path:
    """Write files below a folder and return it."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    return folder


def travel(
    request: Request,
    original: Path,
    work: Path,
    *,
    core: CoreManifest,
    settings: str = ".env",
    options: Sequence[str] = (),
) -> Trip:
    """Send a distribution on the round trip.

    Args:
        request: What is imported.
        original: The folder in which Compose reads the same files, what the source leaves out (settings) added.
        work: An empty folder.
        core: The Core release that the extension is written against.
        settings: The file in that folder that stands for the instance's settings.
        options: Options with which Compose reads the original.
    """
    theirs = compose_config(original, *options, env=_PRODUCTION)  # a variable that the source leaves to the shell
    if isinstance(theirs, str):
        return Trip(by_compose=theirs)
    workspace = Workspace(root=work)
    (work / "manifests" / "core").mkdir(parents=True)
    data = core.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    write(workspace.core(core.version), Manifest(kind="core", said="", data={"kind": "core", **data}), replace=True)
    found = import_extension(workspace, "xx", request)
    if found.errors:
        return Trip(by_us=tuple(map(str, found.errors)))
    manifest = make_candidate(workspace, f"{found.base}+xx1", digest_of=None).manifest
    front = "nginx" if "nginx" in manifest.components else next(iter(manifest.components))
    (work / "ours.yml").write_text(render(manifest, _surroundings(original / settings, manifest, front)).text)
    ours = compose_config(original, "--project-directory", ".", "--env-file", "/dev/null", "-f", str(work / "ours.yml"))
    if isinstance(ours, str):
        return Trip(by_us=(ours,))
    _take_out_what_differs_by_design(theirs, ours, manifest, front=front)
    services = len(theirs["services"])
    return Trip(differs=(*differences(theirs, ours), *_around(theirs, ours)), services=services)


def _surroundings(settings: Path, manifest: ReleaseManifest, front: str) -> Surroundings:
    missing = {name: _PRODUCTION.get(name, "") for name, value in manifest.variables.items() if value is None}
    return Surroundings(
        project="x",
        variables=missing,
        settings_file=str(settings),
        settings_values={},
        settings_fingerprint="",
        overrides={},
        mirrors={},
        front=front,
    )


def _take_out_what_differs_by_design(
    theirs: dict[str, Any], ours: dict[str, Any], manifest: ReleaseManifest, *, front: str
) -> None:
    """Undo exactly what `by_design` lists; anything else that differs stays to be found."""
    listed = {part for part, _ in DIFFERENCES}
    assert {"build", "container_name", "restart", f"labels.{CONFIG}", "volumes", "ports of the front door"} <= listed
    roles = {"config", "extension"}
    tags = "|".join(re.escape(one.image.tag) for one in manifest.components.values() if one.role.value in roles)
    marked = re.compile(rf"-(?:{tags})\Z" if tags else r"(?!)")
    for name, service in ours["services"].items():
        if name in theirs["services"]:
            _align(theirs["services"][name], service, marked)
    theirs["services"].get(front, {}).pop("ports", None)
    used = {mount["source"] for one in theirs["services"].values() for mount in one.get("volumes", [])}
    theirs["volumes"] = {name: body for name, body in theirs.get("volumes", {}).items() if name in used}
    ours["volumes"] = {
        marked.sub("", name): body | {"name": marked.sub("", body["name"])}
        for name, body in ours.get("volumes", {}).items()
    }


def _align(original: dict[str, Any], service: dict[str, Any], marked: re.Pattern[str]) -> None:
    """Make a service and its original alike where they differ by design."""
    assert service["labels"].pop(CONFIG)
    service["labels"] = service["labels"] or None
    original.setdefault("labels", None)
    original.setdefault("restart", service.get("restart"))
    image = original.setdefault("image", service["image"])
    original["image"] = image if ":" in image.rpartition("/")[2] else f"{image}:latest"
    for key in _ALWAYS_TAKEN_OUT:
        original.pop(key, None)
    # A name without value comes from the shell there, and from the instance here.
    for key, value in (original.get("environment") or {}).items():
        original["environment"][key] = _PRODUCTION.get(key, "") if value is None else value
    for mount in (*service.get("volumes", []), *original.get("volumes", [])):
        mount["source"] = marked.sub("", mount.get("source", ""))


def _around(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> list[str]:
    """Return in what volumes and networks differ."""
    return [
        f"{key}: {theirs.get(key)} | {ours.get(key)}"
        for key in ("volumes", "networks")
        if (theirs.get(key) or {}) != (ours.get(key) or {})
    ]
