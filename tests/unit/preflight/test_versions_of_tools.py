"""engine-recent and compose-recent."""

from dataclasses import replace

import pytest

from olmis_release.preflight.checks.compose_recent import compose_is_recent
from olmis_release.preflight.checks.engine_recent import engine_is_recent
from olmis_release.preflight.numbers import numbers_in
from tests.fakes.preflight import Place


@pytest.mark.parametrize(
    ("version", "status"),
    [
        ("28.2.2", "ok"),
        ("20.10.24+dfsg1", "ok"),
        ("19.03.5", "warn"),
        ("18.09.1", "fail"),
        ("1.13.1", "fail"),
        ("unknown", "fail"),
    ],
)
def test_an_old_engine_is_refused_and_an_untested_one_told(place: Place, version: str, status: str) -> None:
    place.engine.about = replace(place.engine.about, version=version)
    assert engine_is_recent(place.subject).status == status


@pytest.mark.parametrize(
    ("version", "status"), [("2.26.1", "ok"), ("v2.17.0", "ok"), ("2.16.9", "fail"), ("1.29.2", "fail")]
)
def test_an_old_compose_is_refused(place: Place, monkeypatch: pytest.MonkeyPatch, version: str, status: str) -> None:
    monkeypatch.setattr(place.compose, "version", lambda: version)
    assert compose_is_recent(place.subject).status == status


def test_a_version_is_read_up_to_what_is_no_number() -> None:
    assert numbers_in("2.26.1-4") == (2, 26, 1)
    assert numbers_in("20.10.24+dfsg1") == (20, 10, 24)
    assert numbers_in("dev") == ()
