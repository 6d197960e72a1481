"""restart-policy and memory: they only ever warn."""

from dataclasses import replace

import pytest

from olmis_release.preflight.checks.memory import heap_bytes, memory_is_enough
from olmis_release.preflight.checks.restart_policy import components_come_back
from tests.fakes.preflight import GIB, Place


def test_components_that_restart_always_come_back(place: Place) -> None:
    assert components_come_back(place.subject).status == "ok"


@pytest.mark.parametrize("policy", ["unless-stopped", "no", "on-failure"])
def test_components_that_would_stay_down_are_named(place: Place, policy: str) -> None:
    place.services["auth"]["restart"] = policy
    finding = components_come_back(place.subject)
    assert (finding.status, finding.message) == ("warn", "After a crash of the engine these stay down: auth.")


@pytest.mark.parametrize(("memory", "status"), [(2 * GIB, "ok"), (GIB, "ok"), (GIB - 1, "warn"), (0, "warn")])
def test_the_sum_of_the_heaps_is_compared_with_the_memory(place: Place, memory: int, status: str) -> None:
    place.engine.about = replace(place.engine.about, memory_bytes=memory)
    assert memory_is_enough(place.subject).status == status


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ("-server -Xmx512m -Xms1g", 512 * 1024**2),
        ("-Xmx1g -Xmx2G", 2 * GIB),
        ("-Xmx1048576k", GIB),
        ("-Xmx1073741824", GIB),
        ("", 0),
        ("-Xmxlots", 0),
    ],
)
def test_the_last_heap_limit_counts(options: str, size: int) -> None:
    assert heap_bytes(options) == size
