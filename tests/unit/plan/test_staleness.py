"""A plan is stale when something real has moved, and says what."""

from __future__ import annotations

import pytest

from olmis_release.manifest.model import ReleaseManifest
from olmis_release.plan.model import Base
from olmis_release.plan.staleness import differences, hook_digests, read_base
from tests.fakes.plan import a_base
from tests.fakes.plan_estate import REQUISITION_FILES, Estate

MOVED: list[tuple[dict[str, object], str]] = [
    ({"engine_id": "OTHER"}, "The engine is another one: FAKE then, OTHER now."),
    ({"settings": "second"}, "The settings file has other values."),
    ({"instance_file": "9" * 64}, "The instance file was changed."),
    (
        {"signers": {"manifests/allowed_signers": "9" * 64}},
        "manifests/allowed_signers, by which approvals are judged: new since then.",
    ),
    ({"manifest": "9" * 64}, "The release manifest was changed."),
    ({"histories": {"requisition": "beef"}}, "Migration history requisition: changed since then."),
    ({"hooks": {"pre-deploy.d/10-x": "1"}}, "Hook pre-deploy.d/10-x: new since then."),
    ({"containers": {}}, "Container of requisition: gone since then."),
    (
        {"containers": {"requisition": "sha256:2/abc/running"}},
        "requisition runs another image: 1 then, 2 now.",
    ),
    (
        {"containers": {"requisition": "sha256:1/def/running"}},
        "requisition runs with another configuration: abc then, def now.",
    ),
    (
        {"containers": {"requisition": "sha256:1/abc/exited"}},
        "requisition was running then and is exited now.",
    ),
]


@pytest.mark.parametrize(("moved", "sentence"), MOVED)
def test_each_thing_that_moved_is_a_sentence(moved: dict[str, object], sentence: str) -> None:
    assert differences(a_base(), a_base(**moved)) == (sentence,)


def test_every_part_of_the_base_is_compared() -> None:
    assert {next(iter(moved)) for moved, _ in MOVED} == set(Base.model_fields)


def test_nothing_moved_is_no_sentence() -> None:
    assert differences(a_base(), a_base()) == ()


def test_a_plan_is_fresh_right_after_it_was_made(serving: Estate, newer: ReleaseManifest) -> None:
    serving.release(newer)
    assert differences(serving.plan().base, read_base(serving.workspace, serving.site, newer)) == ()


def test_migrations_settings_and_containers_make_it_stale(serving: Estate, newer: ReleaseManifest) -> None:
    serving.release(newer)
    base = serving.plan().base
    serving.migrated("requisition", {**REQUISITION_FILES, "20190401000000000__by_hand.sql": b""})
    serving.settings("MAIL_HOST=other\n")
    del serving.engine.all["id-of-ui"]
    assert differences(base, read_base(serving.workspace, serving.site, newer)) == (
        "Container of ui: gone since then.",
        "The settings file has other values.",
        "Migration history requisition.schema_version: changed since then.",
    )


def test_hooks_are_what_a_deploy_would_run(estate: Estate) -> None:
    for path, mode in (("pre-deploy.d/10-a", 0o755), ("post-deploy", 0o755), ("pre-deploy.d/20-b.sample", 0o644)):
        estate.write(f"hooks/{path}", "#!/bin/sh\n").chmod(mode)
    assert sorted(hook_digests(estate.workspace.hooks)) == ["post-deploy", "pre-deploy.d/10-a"]
