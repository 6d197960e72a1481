from pathlib import Path

import pytest

from olmis_release.cli import wiring
from tests.fakes.cli import Desk
from tests.fakes.preflight import Place

VARIABLES = ("REPO", "PROGRESS", "COLOR", "NO_INPUT", "MIRRORS", "OPERATOR")


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Desk:
    for name in (*(f"OLMIS_RELEASE_{variable}" for variable in VARIABLES), "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OLMIS_RELEASE_OPERATOR", "M. Banda")
    monkeypatch.setenv("COLUMNS", "120")
    root = tmp_path / "workspace"
    root.mkdir()
    desk = Desk(root=root, capsys=capsys, place=Place(root=root))
    desk.instance("uat")
    monkeypatch.setattr(wiring, "open_site", desk.open_site)
    return desk
