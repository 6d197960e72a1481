import pytest

from tests.standin.service.spec import Migration
from tests.standin.service.verdict import Applied, Verdict, judge

EVERY_RELEASE = ("4.0.3", "4.1.2", "5.2", "6.0.8")
STRICT = EVERY_RELEASE[1:]


def files(*versions: int) -> list[Migration]:
    return [
        Migration(version=number, name="m", script=f"{number}__m.sql", sql="", checksum=number) for number in versions
    ]


def rows(*versions: int) -> list[Applied]:
    return [Applied(version=number, checksum=number) for number in versions]


def pending(verdict: Verdict) -> list[int]:
    return [migration.version for migration in verdict.pending]


@pytest.mark.parametrize("flyway", EVERY_RELEASE)
def test_what_was_never_applied_is_applied_in_the_order_of_the_numbers(flyway: str) -> None:
    verdict = judge(rows(1), files(3, 1, 2), flyway=flyway)
    assert pending(verdict) == [2, 3]
    assert not verdict.refusals


@pytest.mark.parametrize("flyway", EVERY_RELEASE)
def test_a_changed_checksum_stops_the_start(flyway: str) -> None:
    verdict = judge([Applied(version=1, checksum=99)], files(1, 2), flyway=flyway)
    assert "checksum mismatch for migration version 1" in verdict.refusals[0]
    assert not verdict.pending


@pytest.mark.parametrize("flyway", EVERY_RELEASE)
def test_a_row_newer_than_the_image_is_a_warning_so_older_code_starts(flyway: str) -> None:
    verdict = judge(rows(1, 2, 3), files(1, 2), flyway=flyway)
    assert not verdict.refusals
    assert "newer than the latest available migration (2)" in verdict.warnings[0]


@pytest.mark.parametrize("flyway", EVERY_RELEASE)
def test_a_row_that_the_image_lacks_in_the_middle_stops_the_start(flyway: str) -> None:
    assert judge(rows(1, 2), files(1, 3), flyway=flyway).refusals == (
        "Detected applied migration not resolved locally: 2",
    )


def test_a_late_file_is_skipped_in_silence_by_the_oldest_release() -> None:
    verdict = judge(rows(1, 3), files(1, 2, 3, 4), flyway="4.0.3")
    assert not verdict.refusals
    assert pending(verdict) == [4]


@pytest.mark.parametrize("flyway", STRICT)
def test_a_late_file_stops_the_start_of_later_releases(flyway: str) -> None:
    verdict = judge(rows(1, 3), files(1, 2, 3, 4), flyway=flyway)
    assert verdict.refusals == ("Detected resolved migration not applied to database: 2",)


@pytest.mark.parametrize("flyway", EVERY_RELEASE)
def test_a_failed_row_stops_the_start(flyway: str) -> None:
    verdict = judge([Applied(version=1, checksum=1, success=False)], files(1), flyway=flyway)
    assert verdict.refusals == ("Detected failed migration to version 1",)


@pytest.mark.parametrize("flyway", EVERY_RELEASE)
def test_an_empty_history_takes_everything(flyway: str) -> None:
    assert pending(judge([], files(2, 1), flyway=flyway)) == [1, 2]
