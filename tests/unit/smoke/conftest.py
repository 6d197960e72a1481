from pathlib import Path

import pytest

from tests.fakes.preflight import Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(root=tmp_path)
