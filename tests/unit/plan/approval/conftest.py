"""Fixtures for tests of approvals: everything is typed, and the target must not be asked."""

from __future__ import annotations

from typing import NoReturn

import pytest

from olmis_release.cli import wiring
from tests.fakes.approvals import Office
from tests.fakes.cli import Desk
from tests.unit.cli.conftest import desk

__all__ = ["desk"]


@pytest.fixture
def office(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Office:
    """Return an office whose target must not be asked for anything."""

    def untouched(*_: object) -> NoReturn:
        pytest.fail("the target was asked")

    monkeypatch.setattr(wiring, "open_site", untouched)
    monkeypatch.delenv("OLMIS_RELEASE_KEY", raising=False)
    monkeypatch.setenv("HOME", str(desk.root / "nobody"))
    office = Office(desk=desk)
    office.policy()
    return office
