"""How long imports take: every release of Core and every state of a country's history, in one process.

Run it with the repositories at hand: `python -m bench.imports [CORE COUNTRY]`. One state is read by `docker compose
config` as well, because that is the same work.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from olmis_release.manifest.importers.cores import COMPOSE_FILE
from olmis_release.manifest.importers.distribution import read_at
from olmis_release.manifest.importers.source import Source, open_source

REAL = Path(__file__).parents[2] / "shared" / "real"
LIMIT_S = 60.0


def main(arguments: list[str]) -> int:
    """Measure, print, and return 1 when the limit is not kept."""
    core, country = arguments or [str(REAL / "ref-distro.bundle"), str(REAL / "mw-deployment.bundle")]
    if not all(Path(path).exists() for path in (core, country)):
        print(f"skipped: {core} and {country} are not both there; name a Core and a country repository.")
        return 0
    began = time.perf_counter()
    with open_source(core) as source:
        tags = len([read_at(source, f"refs/tags/{tag}", files=[COMPOSE_FILE]) for tag in source.tags()])
    with open_source(country) as source:
        states, files = _history(source)
    elapsed_s = time.perf_counter() - began
    print(f"{tags} Core releases and {states} states ({files} compose files) of a country: {elapsed_s:.1f} s")
    print(f"  limit {LIMIT_S:.0f} s; {1000 * elapsed_s / (tags + files):.1f} ms for each compose file")
    _beside_compose(country)
    return 0 if elapsed_s <= LIMIT_S else 1


def _history(source: Source) -> tuple[int, int]:
    """Read what every commit changed; return the number of commits and of files."""
    assert source.repository is not None
    files = 0
    commits = source.repository.git.rev_list("HEAD").split()
    for commit in commits:
        for path in source.repository.git.show(commit, name_only=True, format="").split():
            if path.endswith(".yml") and source.at(commit).read(path) is not None:
                folder, _, name = path.rpartition("/")
                read_at(source, commit, folder=folder, files=[name])
                files += 1
    return len(commits), files


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
