"""What all tests share: golden files, rewritten only when asked for by ``--update-golden``."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

# How long one example takes says more about what else the machine does than about the code.
settings.register_profile("any-machine", deadline=None)
settings.load_profile("any-machine")

GOLDEN = Path(__file__).resolve().parent / "golden"
Golden = Callable[[str, str], None]


LONGEST_FIRST = ("test_torture_sample", "test_writes", "test_faults", "test_database_fallback", "test_rollback")
"""Files that take minutes: begun last, they would be waited for alone when tests run side by side."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the long files; the rest stays in its order."""
    places = {name: place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(places)))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew instead of comparing")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Return a function (name under tests/golden, text) that compares the text with the file of that name."""

    def check(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == text, f"{path} differs; look, then run with --update-golden"

    return check
