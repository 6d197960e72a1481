"""Import, candidate, rendered Compose file: what Compose makes of it is what it makes of the country's own file.

The test run takes a sample of Malawi's states; `OLMIS_RELEASE_ROUND_TRIP=all` takes every one of them, and every Core
release against itself and another one (about six minutes): Compose takes 455 of 478 different files, and
all come back; so do 39 of Core's 40 releases, and 3.4.1 is refused for an image without its version.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from olmis_release.manifest.importers.cores import choose_base, cores_of
from olmis_release.manifest.importers.distribution import read_at
from olmis_release.manifest.importers.importing import Request
from olmis_release.manifest.importers.source import Source
from olmis_release.manifest.infer import nearest_core, telling_images
from olmis_release.manifest.layers import CoreManifest
from tests.fakes.compose_config import needs_compose
from tests.fakes.round_trip import Trip, lay_out, travel

ALL = os.environ.get("OLMIS_RELEASE_ROUND_TRIP", "") == "all"
SAMPLE_STATES, SAMPLE_CORES = 8, 4
FILE = "docker-compose.yml"
SETTINGS = "spring_profiles_active=production\nLETTER=x\n"
# Small and large distances from Core, all four places, nine years: these are in every sample.
STATES = [
    ("6804eae", "prod_env"),
    ("d451cec", "prod_env"),
    ("3abd31a", "prod_env"),
    ("c6b395a", "prod_env"),
    ("a132e1b", "uat_env"),
    ("a132e1b", "dev_env"),
    ("a132e1b", "training_env"),
]


@pytest.fixture(scope="session")
def cores(core_bundle: Path) -> dict[str, CoreManifest]:
    return cores_of(str(core_bundle))


@needs_compose
@pytest.mark.timeout(1800)
def test_what_is_rendered_is_what_the_country_wrote(
    country_source: Source, cores: dict[str, CoreManifest], tmp_path: Path
) -> None:
    every = list(_states(country_source))
    step = 1 if ALL else len(every) // SAMPLE_STATES
    chosen = [(f"upstream-{commit}", f"deployment/{place}") for commit, place in STATES] + every[::step]
    tells = [telling_images(core) for core in cores.values()]

    trips = {}
    for number, (tag, folder) in enumerate(chosen):
        found = read_at(country_source, f"refs/tags/{tag}", folder=folder)
        base = choose_base(nearest_core(found.images, tells), cores, None)
        assert base is not None
        trips[tag, folder] = _trip(country_source, tag, tmp_path / str(number), folder=folder, core=base)

    assert _unlike(trips) == {}


@needs_compose
@pytest.mark.timeout(1800)
def test_every_core_release_comes_back_against_itself_and_against_another(
    core_source: Source, cores: dict[str, CoreManifest], tmp_path: Path
) -> None:
    versions = list(cores)
    step = 1 if ALL else len(versions) // SAMPLE_CORES
    trips = {}
    for number, version in enumerate(versions[::step]):
        for other in {version, versions[number]}:
            work = tmp_path / f"{version}-{other}"
            trips[version, other] = _trip(core_source, f"v{version}", work, core=cores[other])

    assert _unlike(trips) == {}


def _states(source: Source) -> Iterator[tuple[str, str]]:
    """Yield tag and folder of every file that differs from all before it."""
    seen = set()
    for tag in source.tags():
        tree = source.at(f"refs/tags/{tag}")
        for name in tree.names("deployment") or ():
            data = tree.read(f"deployment/{name}/{FILE}")
            if data is not None and (name, data) not in seen:
                seen.add((name, data))
                yield tag, f"deployment/{name}"


def _trip(source: Source, tag: str, work: Path, *, core: CoreManifest, folder: str = "") -> Trip:
    """Lay the files out beside the settings that no repository has, and send them on the round trip."""
    assert source.repository is not None
    ref = f"refs/tags/{tag}"
    read = {name: source.at(ref).read(f"{folder}/{name}" if folder else name) for name in (FILE, ".env")}
    texts = {name: data.decode() for name, data in read.items() if data is not None}
    settings = "settings.env" if ".env" in texts else ".env"
    original = lay_out(work / "original", {**texts, settings: SETTINGS})
    (work / "workspace").mkdir()
    request = Request(
        source=str(source.repository.git_dir), ref=ref, folder=folder or None, files=(FILE,), core=core.version
    )
    return travel(request, original, work / "workspace", core=core, settings=settings, options=("-f", FILE))


def _unlike(trips: dict[tuple[str, str], Trip]) -> dict[tuple[str, str], Trip]:
    """Return the trips that came back otherwise; what Compose refuses never set out."""
    gone = {key: trip for key, trip in trips.items() if not trip.by_compose}
    assert len(gone) > len(trips) * 0.9
    return {key: trip for key, trip in gone.items() if not trip.is_equal}
