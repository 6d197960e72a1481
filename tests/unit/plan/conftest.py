"""An instance on which nothing runs, and one that serves a release."""

from __future__ import annotations

from pathlib import Path

import pytest

from olmis_release.manifest.model import ReleaseManifest
from tests.fakes.database import FakeDatabase
from tests.fakes.plan import changed, with_tag
from tests.fakes.plan_estate import OLD, REQUISITION_FILES, Estate


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    """Return an instance on which nothing was deployed yet."""
    return Estate(tmp_path)


@pytest.fixture
def serving(estate: Estate) -> Estate:
    """Return an instance that serves 3.4.1+mw1."""
    estate.database.all.clear()
    run = estate.deploy(OLD)
    assert run.previous is None
    estate.database.all.update(FakeDatabase().all)  # the database came up with the deploy
    estate.migrated("requisition", REQUISITION_FILES)
    return estate


@pytest.fixture
def newer() -> ReleaseManifest:
    """Return a release with a newer requisition."""
    return changed(OLD, "3.5.0+mw1", requisition=with_tag(OLD.components["requisition"], "7.1.1"))
