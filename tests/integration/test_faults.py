"""Every fault version: whatever a release does wrong, the old one serves again and the rows are there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.estate import Estate
from tests.integration.trial import deploy, require, runs, write_row

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

READY_S = 10
FAULTS = {
    "never-listens": "requisition",
    "wrong-version": "7.0.0",
    "slow-boot": "not ready after",
    "error-500": "requisitions are listed",
    "failing-migration": "division by zero",
    "drops-column": "requisitions are listed",
}


@pytest.fixture
def impatient(small: Estate) -> Iterator[Estate]:
    """The small estate with little time to get ready."""
    text = small.instance_file.read_text()
    small.change({("timeouts", "ready_s"): f"{READY_S}"})
    yield small
    small.instance_file.write_text(text)


@pytest.mark.parametrize(("fault", "told"), FAULTS.items())
def test_a_release_with_a_fault_is_taken_back(impatient: Estate, fault: str, told: str) -> None:
    write_row(impatient, "requisition", f"before {fault}")
    done = require(deploy(impatient, requisition=f"7.1.0-{fault}"), exit_code=9)
    assert told in done.stdout + done.stderr
    assert impatient.version("requisition") == "7.1.0"
    assert f"before {fault}" in impatient.rows("requisition")
    assert runs(impatient)[0]["outcome"] == "rolled-back"


def test_a_service_that_dies_soon_after_its_start_is_taken_back(impatient: Estate) -> None:
    impatient.change({("timeouts", "steady_s"): "30"})
    done = require(deploy(impatient, requisition="7.1.0-exits-after-20"), exit_code=9)
    assert "requisition" in done.stdout + done.stderr
    assert impatient.version("requisition") == "7.1.0"
