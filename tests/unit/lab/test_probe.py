from __future__ import annotations

import pytest

from lab.probe import Hit, outage_of


def hits(*statuses: int, every_s: float = 1.0) -> tuple[Hit, ...]:
    """One probe after the other, each taking a tenth of its time."""
    return tuple(
        Hit(sent_s=number * every_s, ended_s=number * every_s + every_s / 10, status=status)
        for number, status in enumerate(statuses)
    )


def test_no_failed_probe_is_no_outage() -> None:
    assert outage_of({"/": hits(200, 204)}).total_s == 0.0


def test_an_outage_lasts_from_the_first_failed_probe_until_service_is_back() -> None:
    outage = outage_of({"/": hits(200, 503, 0, 200)})
    assert outage.total_s == pytest.approx(2.1)
    assert outage.statuses == {0: 1, 200: 2, 503: 1}


def test_users_are_cut_off_while_any_route_is() -> None:
    outage = outage_of({"/": hits(200, 503, 200, 200, 200, 200), "/auth": hits(200, 200, 503, 200, 503, 200)})
    assert [round(span.length_s, 1) for span in outage.spans] == [2.1, 1.1]
    assert outage.longest_s == pytest.approx(2.1)


def test_an_outage_that_never_ends_is_told() -> None:
    outage = outage_of({"/": hits(200, 503, 503)})
    assert not outage.recovered
    assert outage.total_s == pytest.approx(1.1)
