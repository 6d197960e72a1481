"""Numbers and booleans that Compose reads from nothing else."""

from __future__ import annotations

from olmis_release.manifest.image import ComposeBody
from olmis_release.manifest.typed import typed


def test_what_compose_takes_only_as_a_number_or_boolean_is_written_as_one() -> None:
    assert typed({
        "memswap_limit": "-1",
        "networks": {"default": {"priority": "10", "aliases": ["7"]}},
        "depends_on": {"db": {"condition": "service_healthy", "required": "false"}},
        "volumes": ["data:/data", {"type": "tmpfs", "tmpfs": {"mode": "493"}}],
        "healthcheck": {"retries": "1.5"},
    }) == {
        "memswap_limit": -1,
        "networks": {"default": {"priority": 10, "aliases": ["7"]}},
        "depends_on": {"db": {"condition": "service_healthy", "required": False}},
        "volumes": ["data:/data", {"type": "tmpfs", "tmpfs": {"mode": 493}}],
        "healthcheck": {"retries": 1},
    }  # fmt: skip


def test_everything_else_stays_text() -> None:
    body: ComposeBody = {"mem_limit": "1073741824", "environment": {"PORT": "8080"}, "healthcheck": {"retries": "3"}}

    assert typed(body) == body
