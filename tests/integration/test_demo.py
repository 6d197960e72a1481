"""What `make demo-up` leaves for working by hand."""

from __future__ import annotations

import subprocess

import pytest

from lab.demo import write_env
from lab.estate import Estate

pytestmark = pytest.mark.docker


def test_the_env_file_sets_what_is_needed(small: Estate) -> None:
    write_env(small)
    script = ". ./env && cd / && olmis-release status --json"
    done = subprocess.run(["sh", "-c", script], cwd=small.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert '"uat"' in done.stdout
