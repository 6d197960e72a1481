"""The end of a run in the ledger: what is told where it could not be written."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from olmis_release.deploy.closing import end_in_ledger
from olmis_release.deploy.lock import Hold
from olmis_release.errors import LockLost, ReleaseError, TargetUnreachable
from olmis_release.events import Note
from olmis_release.instance.ports import Fence
from olmis_release.plan.model import Outcome
from tests.fakes.cli import a_run
from tests.fakes.plan_estate import Estate, Notebook

GONE = TargetUnreachable("The database component db does not run.", resolution="Start it.")
LOST = LockLost.to("uat", epoch=7)


@pytest.mark.parametrize(
    ("previous", "outcome", "error", "warned"),
    [
        (None, Outcome.ROLLED_BACK, GONE, False),
        (None, Outcome.DEPLOYED, GONE, True),
        (None, Outcome.ROLLED_BACK, LOST, True),
        ("3.4.1+mw1", Outcome.ROLLED_BACK, GONE, True),
    ],
)
def test_only_a_first_deploy_that_was_taken_back_takes_its_ledger_along(
    tmp_path: Path, previous: str | None, outcome: Outcome, error: ReleaseError, *, warned: bool
) -> None:
    notebook = Notebook()
    estate = Estate(root=tmp_path, reporter=notebook)
    estate.database.ledger.fails = {"end": error, "keep_settings_key": error}
    hold = SimpleNamespace(site=estate.site, fence=Fence(instance="uat", epoch=1))
    end_in_ledger(cast(Hold, hold), a_run("F7DS-JEEJ", previous=previous, outcome=outcome))
    notes = [one.message for one in notebook.events if isinstance(one, Note)]
    assert any("still calls this run open" in one for one in notes) is warned
