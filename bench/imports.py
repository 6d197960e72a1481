"""How long imports take: every release of Core and every state of a country's history, in one process.

Run it with the repositories at hand: `python -m bench.imports [CORE COUNTRY]`. Each import is the whole of it but the
file: read, find the nearest of all Core releases, judge, make the manifest's text. One state is read by `docker compose
config` as well, because that much is the same work.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from olmis_release.manifest.importers.core import core_data, core_manifest, core_version
from olmis_release.manifest.importers.cores import COMPOSE_FILE, choose_base
from olmis_release.manifest.importers.country import extension_of
from olmis_release.manifest.importers.distribution import read_at
from olmis_release.manifest.importers.judging import judged
from olmis_release.manifest.importers.source import Source, open_source
from olmis_release.manifest.importers.writing import Manifest
from olmis_release.manifest.infer import nearest_core, telling_images
from olmis_release.manifest.layers import CoreManifest
from olmis_release.manifest.policy import Stage

REAL = Path(__file__).parents[2] / "shared" / "real"
LIMIT_S = 60.0


def main(arguments: list[str]) -> int:
    """Measure, print, and return 1 when the limit is not kept."""
    core, country = arguments or [str(REAL / "ref-distro.bundle"), str(REAL / "mw-deployment.bundle")]
    if not all(Path(path).exists() for path in (core, country)):
        print(f"skipped: {core} and {country} are not both there; name a Core and a country repository.")
        return 0
    began, worked = time.perf_counter(), time.process_time()
    with open_source(core) as source:
        tags = source.tags()
        read = {core_version(tag): _core(source, tag) for tag in tags}
    cores = {version: one for version, one in read.items() if one}
    with open_source(country) as source:
        states, files = _history(source, cores)
    elapsed_s, worked_s = time.perf_counter() - began, time.process_time() - worked
    print(f"{len(tags)} Core releases and {states} states ({files} compose files) of a country: {elapsed_s:.1f} s")
    print(f"  {worked_s:.1f} s of it this process was at work, the rest it waited for git and for other programs")
    print(f"  limit {LIMIT_S:.0f} s; {1000 * elapsed_s / (len(tags) + files):.1f} ms for each compose file")
    _beside_compose(country)
    return 0 if elapsed_s <= LIMIT_S else 1


def _core(source: Source, tag: str) -> CoreManifest | None:
    """Import a Core release; None for one that its own files do not describe."""
    distribution, version = read_at(source, f"refs/tags/{tag}", files=[COMPOSE_FILE]), core_version(tag)
    judged(None, distribution, stage=Stage.DEVELOPMENT)
    if distribution.doubtful:
        return None
    assert Manifest(kind="core", said=version, data=core_data(distribution, version)).text()
    return core_manifest(distribution, version)


def _history(source: Source, cores: Mapping[str, CoreManifest]) -> tuple[int, int]:
    """Import what every commit changed; return the number of commits and of files."""
    assert source.repository is not None
    files = 0
    commits = source.repository.git.rev_list("HEAD").split()
    for commit in commits:
        for path in source.repository.git.show(commit, name_only=True, format="").split():
            if path.endswith(".yml") and source.at(commit).read(path) is not None:
                _state(source, commit, path, cores=cores)
                files += 1
    return len(commits), files


def _state(source: Source, commit: str, path: str, *, cores: Mapping[str, CoreManifest]) -> None:
    folder, _, name = path.rpartition("/")
    distribution = read_at(source, commit, folder=folder, files=[name])
    nearest = nearest_core(distribution.images, [telling_images(one) for one in cores.values()])
    judged(None, distribution, stage=Stage.DEVELOPMENT, cores=cores)
    base = choose_base(nearest, cores, None)
    if base and not distribution.doubtful:
        country = extension_of(distribution, base, name="country", stand_ins={})
        assert Manifest(kind="extension", said=commit, data=country.data).text()


def _beside_compose(country: str) -> None:
    """Read one state with this tool and with `docker compose config`."""
    with open_source(country) as source, tempfile.TemporaryDirectory() as folder:
        tree = source.at(None)
        path = "deployment/prod_env/docker-compose.yml"
        data = tree.read(path)
        if data is None:
            return
        Path(folder, ".env").touch()
        Path(folder, "docker-compose.yml").write_bytes(data)
        began = time.perf_counter()
        read_at(source, None, folder="deployment/prod_env")
        ours_s = time.perf_counter() - began
        began = time.perf_counter()
        argv = ["docker", "compose", "-f", f"{folder}/docker-compose.yml", "config", "--quiet"]
        done = subprocess.run(argv, cwd=folder, capture_output=True, check=False)
        theirs_s = time.perf_counter() - began
    against = f"docker compose config {1000 * theirs_s:.0f} ms" if done.returncode == 0 else "no docker compose here"
    print(f"one state: {1000 * ours_s:.0f} ms within this process; {against} (a process of its own)")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
