"""A sample of `make torture GROUP=shim`: whichever call fails, and however, one command after another leads out."""

from __future__ import annotations

import pytest

from tests.torture.cases import Flow
from tests.torture.shim import shim_cases, tortured

EVERY = 23
"""Prime to the number of ways to fail, so that every way comes up."""


@pytest.mark.parametrize("flow", Flow)
def test_whichever_call_fails_the_end_is_old_or_new_and_no_row_is_lost(flow: Flow) -> None:
    found = {case.name: tortured(case).complaints for case in shim_cases(flow)[::EVERY]}
    assert {name: complaints for name, complaints in found.items() if complaints} == {}
