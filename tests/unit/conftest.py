"""Fixtures for tests of the whole tool that need no Docker."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest
import tenacity.nap

from olmis_release.smoke import readiness
from tests.unit.cli.conftest import desk

__all__ = ["desk"]

_POLL_S = 0.005
_AT_MOST_S = 0.02


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at fake services often, and wait little between tries: nothing here takes time to become ready."""
    monkeypatch.setattr(readiness, "REAL", readiness.Pace(poll_s=_POLL_S))
    monkeypatch.setattr(
        tenacity.nap, "time", SimpleNamespace(sleep=lambda seconds: time.sleep(min(seconds, _AT_MOST_S)))
    )
