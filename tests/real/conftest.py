"""The real data beside the checkout; its tests are skipped where it is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from olmis_release.manifest.importers.source import Source, open_source

REAL = Path(__file__).parents[3] / "shared" / "real"
CORE, COUNTRY = REAL / "ref-distro.bundle", REAL / "mw-deployment.bundle"


@pytest.fixture(scope="session")
def core_bundle() -> Path:
    if not CORE.exists():
        pytest.skip(f"{CORE} is not there: the real data is no part of this repository")
    return CORE


@pytest.fixture(scope="session")
def country_bundle() -> Path:
    if not COUNTRY.exists():
        pytest.skip(f"{COUNTRY} is not there: the real data is no part of this repository")
    return COUNTRY


@pytest.fixture(scope="session")
def core_source(core_bundle: Path) -> Iterator[Source]:
    with open_source(str(core_bundle)) as source:
        yield source


@pytest.fixture(scope="session")
def country_source(country_bundle: Path) -> Iterator[Source]:
    with open_source(str(country_bundle)) as source:
        yield source
