"""How fast manifests are made and compared: ``python -m bench.manifests_speed``.

Four figures, each beside the limit that it must keep, and beside what comes nearest to the same work: the start of
``git`` for the start of the tool, ``docker compose config`` of the same release for a candidate. No network is used.
Figures of commands are the best of some runs by the clock on the wall; those of merge and diff are processor time, for
they run in this process: both so that other work on the machine says little.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from olmis_release.manifest.comparison import compare_sides
from olmis_release.manifest.extension import Layer
from olmis_release.manifest.layers import CoreManifest, ExtensionManifest
from olmis_release.manifest.local import Surroundings
from olmis_release.manifest.lock import canonical, load_release
from olmis_release.manifest.merge import merge
from olmis_release.manifest.model import ReleaseManifest
from olmis_release.manifest.render import render
from olmis_release.manifest.side import of_release
from olmis_release.workspace import Workspace
from olmis_release.yamlio import Document, write_yaml

TOOL = Path(sys.executable).parent / "olmis-release"
ROUNDS = 7
SIZES = (2_500, 5_000, 10_000)
LIMITS_S = {"version": 0.15, "candidate": 0.6, "large": 5.0}


def main() -> int:
    """Measure everything; return 1 if a limit was not kept."""
    kept = [_version(), _candidate(), *_large()]
    return 0 if all(kept) else 1


def _version() -> bool:
    ours, git = _run([TOOL, "--version"]), _run(["git", "--version"])
    return _told("olmis-release --version", ours, limit_s=LIMITS_S["version"], beside=f"git --version {git:.3f} s")


def _candidate() -> bool:
    """Time the command on a workspace of 20 components, and Compose reading what comes out of it."""
    with TemporaryDirectory() as folder:
        workspace = Workspace(root=Path(folder))
        _write(workspace, 20)
        ours = _run([TOOL, "--repo", folder, "candidate", "3.5.0+mw1", "--offline"], before=lambda: _forget(workspace))
        beside = _compose_config(workspace)
    return _told("candidate of 20 components", ours, limit_s=LIMITS_S["candidate"], beside=beside)


def _compose_config(workspace: Workspace) -> str:
    if shutil.which("docker") is None:
        return "docker compose is not here"
    manifest, _ = load_release(workspace, "3.5.0+mw1")
    file = workspace.root / "compose.yml"
    file.write_text(render(manifest, _surroundings()).text, encoding="utf-8")
    (workspace.root / "settings.env").write_text("A=b\n", encoding="utf-8")
    seconds = _run(["docker", "compose", "-f", file, "config", "--quiet"])
    return f"docker compose config of the same release {seconds:.3f} s"


def _surroundings() -> Surroundings:
    return Surroundings(
        project="bench",
        variables={},
        settings_file="settings.env",
        settings_values={},
        settings_fingerprint="",
        overrides={},
        mirrors={},
        front="c0",
    )


def _large() -> list[bool]:
    """Time merge, comparison and canonical text of ever larger releases: twice the size, twice the time."""
    kept, last, one = [], (0.0, 0.0), None
    for size in SIZES:
        begun = time.process_time()
        one = merge(*_layers(size), version="3.5.0+mw1").manifest
        merged_s = time.process_time() - begun
        other = _moved(one)
        begun = time.process_time()
        changed = compare_sides(of_release(one, name="a"), of_release(other, name="b")).changed
        compared_s = time.process_time() - begun
        assert len(changed) == size
        growth = f"grew by {merged_s / last[0]:.1f} and {compared_s / last[1]:.1f}" if last[0] else ""
        print(f"merge of {size:6,} components {merged_s:.2f} s, diff {compared_s:.2f} s  {growth}")
        last = (merged_s, compared_s)
        kept.append(merged_s + compared_s <= LIMITS_S["large"])
    begun = time.process_time()
    assert one is not None
    canonical(one)
    print(
        f"canonical text of it {time.process_time() - begun:.2f} s; limit of merge and diff {LIMITS_S['large']:.0f} s"
    )
    return kept


def _layers(size: int) -> tuple[Layer[CoreManifest], Layer[ExtensionManifest]]:
    """Return a Core of this many components, and an extension that says something about every one."""
    core, extension = _core(size), _extension(size)
    return (
        Layer(
            name="core", manifest=CoreManifest.model_validate(core), document=Document(data=core, shown_as="core.yml")
        ),
        Layer(
            name="mw",
            manifest=ExtensionManifest.model_validate(extension),
            document=Document(data=extension, shown_as="mw.yml"),
        ),
    )


def _core(size: int) -> dict[str, object]:
    components = {
        f"c{number}": {
            "image": f"openlmis/c{number}:1.{number}.0",
            "consul": f"c{number}",
            "compose": {
                "env_file": ["settings.env"],
                "environment": {"JAVA_OPTS": "-Xmx512m", "PORT": "8080"},
                "volumes": ["config:/config"],
                "depends_on": [f"c{number - 1}"] if number else [],
            },
        }
        for number in range(size)
    }
    source = {"repository": "bench", "ref": "v3.5.0", "commit": "0" * 40}
    return {
        "kind": "core",
        "version": "3.5.0",
        "source": source,
        "volumes": {"config": {}},
        "components": components,
    }


def _extension(size: int) -> dict[str, object]:
    statements = {
        f"c{number}": {"pin": f"1.{number}.1", "set": {"environment.JAVA_OPTS": "-Xmx1g"}, "reason": "bench"}
        for number in range(size)
    }
    return {"kind": "extension", "name": "mw", "core": ">=3.5.0,<3.6.0", "components": statements}


def _moved(manifest: ReleaseManifest) -> ReleaseManifest:
    components = {
        name: component.model_copy(
            update={
                "image": component.image.model_copy(update={"tag": f"{component.image.tag}-hotfix"}),
                "compose": {**component.compose, "environment": {"JAVA_OPTS": "-Xmx2g"}},
            }
        )
        for name, component in manifest.components.items()
    }
    return manifest.model_copy(update={"components": components})


def _write(workspace: Workspace, size: int) -> None:
    for path, data in (
        (workspace.core("3.5.0"), _core(size)),
        (workspace.extensions / "mw.yml", _extension(size)),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(write_yaml(data), encoding="utf-8")


def _forget(workspace: Workspace) -> None:
    shutil.rmtree(workspace.candidates("3.5.0+mw1"), ignore_errors=True)


def _run(command: Sequence[str | Path], *, before: Callable[[], None] = lambda: None) -> float:
    """Return the best of some runs, in seconds."""
    taken = []
    for _ in range(ROUNDS):
        before()
        begun = time.perf_counter()
        subprocess.run([str(word) for word in command], check=True, capture_output=True)
        taken.append(time.perf_counter() - begun)
    return min(taken)


def _told(what: str, seconds: float, *, limit_s: float, beside: str) -> bool:
    kept = seconds <= limit_s
    print(f"{what:28} {seconds:.3f} s  {'within' if kept else 'ABOVE'} {limit_s} s  ({beside})")
    return kept


if __name__ == "__main__":
    sys.exit(main())
