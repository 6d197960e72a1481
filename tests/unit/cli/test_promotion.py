"""From candidate to release: check, verify, why, release, patch."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import git
import pytest

from olmis_release.cli import wiring
from olmis_release.manifest.lock import canonical
from olmis_release.manifest.model import ReleaseManifest
from olmis_release.plan.codes import sha256
from olmis_release.plan.records import write_run
from olmis_release.plan.sets import write_plan
from tests.fakes.cli import BASE, COMPOSE, Desk, a_plan, a_run
from tests.fakes.instance import FakeRegistry, a_container, an_image
from tests.fakes.manifest import CORE

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64
MW = """\
kind: extension
name: mw
core: ">=3.5.0,<3.6.0"
components:
  report: {pin: 1.1.3, reason: MW-1}
"""
TAGS = ("openlmis/auth:4.1.0", "openlmis/report:1.1.3", "openlmis/rsyslog:1")
RELEASE = "manifests/releases/3.5.0+mw1.yml"
RC1 = "manifests/candidates/3.5.0+mw1/rc1.yml"


@pytest.fixture
def registry(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> FakeRegistry:
    """Make the workspace of this module's tests, with a registry that has every image of it."""
    fake = FakeRegistry(dict.fromkeys((*TAGS, "openlmis/auth:4.1.1"), A))
    monkeypatch.setattr(wiring, "open_registry", lambda *_: fake)
    desk.write("manifests/core/3.5.0.yml", CORE)
    desk.write("manifests/extensions/mw.yml", MW)
    assert desk.type("candidate", "3.5.0+mw1").status == 0
    return fake


@pytest.fixture
def repository(desk: Desk, registry: FakeRegistry) -> Iterator[git.Repo]:
    """Keep the workspace in git."""
    with git.Repo.init(desk.root) as repo:
        with repo.config_writer() as config:
            config.set_value("user", "name", "T").set_value("user", "email", "t@example.org")
        repo.git.add("manifests")
        repo.git.commit("-m", "Begin")
        yield repo


def test_a_candidate_that_says_what_its_layers_say_is_fresh(desk: Desk, registry: FakeRegistry) -> None:
    asked = len(registry.calls)
    told = desk.type("candidate", "3.5.0+mw1", "--check")
    assert (told.status, len(registry.calls)) == (0, asked)
    assert f"{RC1} is canonical, and what its layers say today." in told.out


def test_an_override_of_the_command_line_is_no_drift(desk: Desk, registry: FakeRegistry) -> None:
    desk.type("candidate", "3.5.0+mw1", "--set", "auth=4.1.1", "--reason", "MW-2")
    assert desk.type("candidate", "3.5.0+mw1", "--check").status == 0


def test_a_changed_layer_is_drift_with_its_place(desk: Desk, registry: FakeRegistry) -> None:
    desk.write("manifests/extensions/mw.yml", MW.replace("1.1.3", "1.1.4"))
    told = desk.type("candidate", "3.5.0+mw1", "--check")
    assert told.status == 15
    assert "manifests/extensions/mw.yml:5: report.image differs." in told.err
    assert "[E-DRIFT]" in told.err


def test_a_changed_variable_is_drift_with_its_place(desk: Desk, registry: FakeRegistry) -> None:
    desk.write(
        "manifests/extensions/mw.yml", MW.replace("components:", "variables: {profiles: production}\ncomponents:")
    )
    told = desk.type("candidate", "3.5.0+mw1", "--check")
    assert "manifests/extensions/mw.yml:4: variables.profiles differs." in told.err


def test_a_changed_digest_in_a_layer_is_drift(desk: Desk, registry: FakeRegistry) -> None:
    layer = MW.replace("{pin: 1.1.3, reason: MW-1}", "{replace: {image: 'mw/r:1@%s'}, reason: MW-1}")
    desk.write("manifests/extensions/mw.yml", layer % A)
    assert desk.type("candidate", "3.5.0+mw1").status == 0
    assert desk.type("candidate", "3.5.0+mw1", "--check").status == 0
    desk.write("manifests/extensions/mw.yml", layer % B)
    assert desk.type("candidate", "3.5.0+mw1", "--check").status == 15


def test_a_file_that_was_written_into_is_not_canonical(desk: Desk, registry: FakeRegistry) -> None:
    path = desk.root / RC1
    path.write_text(path.read_text("utf-8") + "# mine\n", encoding="utf-8")
    for words in (("candidate", "3.5.0+mw1", "--check"), ("release", "3.5.0+mw1"), ("verify", "3.5.0+mw1")):
        told = desk.type(*words)
        assert (told.status, "[E-NOT-CANONICAL]" in told.err) == (15, True)


def test_a_moved_tag_is_found(desk: Desk, registry: FakeRegistry) -> None:
    assert desk.type("verify", "3.5.0+mw1").status == 0
    registry.digests["openlmis/report:1.1.3"] = B
    told = desk.type("verify", "3.5.0+mw1", "--json")
    assert told.status == 15
    [report] = [one for one in told.json["components"] if one["name"] == "report"]
    assert report["now"] == B
    assert report["digest"] == A


def test_why_names_layer_line_commit_and_what_was_beaten(desk: Desk, repository: git.Repo) -> None:
    told = desk.type("why", "3.5.0+mw1", "report.image", "--json")
    [value] = told.json["values"]
    assert (value["layer"], value["file"], value["line"]) == ("mw", "manifests/extensions/mw.yml", 5)
    assert value["commit"] == repository.head.commit.hexsha
    assert value["beat"][0]["value"] == "openlmis/report:1.1.2"
    assert "reason: MW-1" in desk.type("why", "3.5.0+mw1", "report").out


def test_why_knows_a_component_by_its_core_name_and_an_image_by_its_parts(desk: Desk, registry: FakeRegistry) -> None:
    desk.write("manifests/extensions/mw.yml", MW.replace("pin: 1.1.3", "replace: {as: reports, image: mw/r:1}"))
    desk.type("candidate", "3.5.0+mw1", "--offline")
    for path in ("report.image", "reports.tag", "components.reports.image.digest"):
        assert desk.type("why", "3.5.0+mw1", path).out.startswith("reports.image: mw/r:1")
    assert "auth.depends_on.report: reports" in desk.type("why", "3.5.0+mw1", "auth.depends_on.report").out


def test_why_a_component_is_gone_tells_who_needed_it(desk: Desk, repository: git.Repo) -> None:
    desk.write("manifests/extensions/mw.yml", MW + "  log: {remove: true, reason: elsewhere}\n")
    desk.type("candidate", "3.5.0+mw1")
    told = desk.type("why", "3.5.0+mw1", "log").out
    assert told.startswith(
        "log: left out\n  mw, manifests/extensions/mw.yml:6, not committed yet\n  reason: elsewhere\n"
    )
    assert "log is left out, so it is no longer waited for by auth, report" in told


def test_why_tells_the_reasons_that_were_beaten_too(desk: Desk, registry: FakeRegistry) -> None:
    desk.type("candidate", "3.5.0+mw1", "--offline", "--set", "report=1.1.4", "--reason", "incident 7")
    told = desk.type("why", "3.5.0+mw1", "report.image").out
    assert "reason: incident 7" in told
    assert "beat openlmis/report:1.1.3: mw, manifests/extensions/mw.yml:5 (MW-1)" in told


def test_why_goes_into_a_list(desk: Desk, registry: FakeRegistry) -> None:
    assert desk.type("why", "3.5.0+mw1", "auth.volumes.0").out.startswith('auth.volumes: ["config:/config"]')


def test_why_of_nothing_names_what_there_is(desk: Desk, registry: FakeRegistry) -> None:
    told = desk.type("why", "3.5.0+mw1", "report.imgae")
    assert (told.status, "Did you mean `report.image`?" in told.err) == (15, True)


def test_a_release_is_the_candidate_byte_for_byte_committed_and_tagged(desk: Desk, repository: git.Repo) -> None:
    desk.write("mine.txt", "not of the release")
    repository.git.add("mine.txt")
    told = desk.type("release", "3.5.0+mw1", "--json")
    assert told.status == 0, told.err
    assert (desk.root / RELEASE).read_bytes() == (desk.root / RC1).read_bytes()
    assert repository.git.show(f"v3.5.0+mw1:{RELEASE}").encode() + b"\n" == (desk.root / RC1).read_bytes()
    assert repository.git.status("--porcelain").startswith("A  mine.txt\n??")
    assert told.json["commit"] == repository.head.commit.hexsha
    again = desk.type("release", "3.5.0+mw1")
    assert (again.status, "released already" in again.out) == (0, True)


def test_a_release_is_never_overwritten(desk: Desk, repository: git.Repo) -> None:
    desk.type("release", "3.5.0+mw1")
    desk.type("candidate", "3.5.0+mw1", "--set", "auth=4.1.1", "--reason", "MW-2")
    before = desk.files()
    told = desk.type("release", "3.5.0+mw1")
    assert (told.status, "[E-RELEASED]" in told.err) == (15, True)
    assert desk.files() == before


def test_a_tag_that_is_there_already_stops_a_release(desk: Desk, repository: git.Repo) -> None:
    repository.git.tag("v3.5.0+mw1")
    told = desk.type("release", "3.5.0+mw1")
    assert (told.status, (desk.root / RELEASE).exists()) == (15, False)


def test_what_git_refuses_leaves_no_release(desk: Desk, repository: git.Repo) -> None:
    hook = Path(repository.git_dir) / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho not today >&2\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    told = desk.type("release", "3.5.0+mw1")
    assert (told.status, "not today" in told.err, (desk.root / RELEASE).exists()) == (15, True, False)
    assert repository.git.status("--porcelain") == "?? settings/"


def untagged(desk: Desk, registry: FakeRegistry) -> None:
    """Make Core name its log without a tag, as it does with consul."""
    registry.digests["openlmis/rsyslog:latest"] = A
    desk.write("manifests/core/3.5.0.yml", CORE.replace("openlmis/rsyslog:1", "openlmis/rsyslog"))
    desk.type("candidate", "3.5.0+mw1")


def test_a_mutable_reference_needs_a_recorded_override(desk: Desk, registry: FakeRegistry) -> None:
    untagged(desk, registry)
    refused = desk.type("release", "3.5.0+mw1")
    assert (refused.status, "--override untagged-image --reason TEXT" in refused.err) == (15, True)
    assert desk.type("release", "3.5.0+mw1", "--override", "untagged-image").status == 2
    told = desk.type("release", "3.5.0+mw1", "--override", "untagged-image", "--reason", "Core names it so")
    assert told.status == 0
    assert "Core names it so" in (desk.root / RELEASE).with_suffix(".json").read_text("utf-8")


def test_an_override_of_what_nobody_refuses_is_refused(desk: Desk, registry: FakeRegistry) -> None:
    told = desk.type("release", "3.5.0+mw1", "--override", "snapshot-tag", "--reason", "x")
    assert (told.status, "[E-UNUSED-OVERRIDE]" in told.err) == (15, True)


def test_a_moved_tag_stops_a_release(desk: Desk, registry: FakeRegistry) -> None:
    registry.digests["openlmis/report:1.1.3"] = B
    told = desk.type("release", "3.5.0+mw1")
    assert (told.status, "report: " in told.err, (desk.root / RELEASE).exists()) == (15, True, False)


def test_open_digests_stop_a_release(desk: Desk, registry: FakeRegistry) -> None:
    desk.type("candidate", "3.5.0+mw1", "--set", "auth=4.1.1", "--reason", "MW-2", "--offline")
    told = desk.type("release", "3.5.0+mw1", "--offline")
    assert (told.status, "[E-OPEN-DIGEST]" in told.err) == (15, True)


PATCH = ("--ticket", "MW-9", "--impact", "significant", "--urgency", "high")


def patch(desk: Desk, *words: str) -> Any:
    return desk.type("patch", "3.5.0+mw2", "--from", "3.5.0+mw1", "--set", "auth=4.1.1", *PATCH, *words)


def test_a_patch_records_why_it_could_not_wait(desk: Desk, registry: FakeRegistry) -> None:
    told = patch(desk, "--json")
    assert told.status == 0
    assert told.json["patch"]["priority"] == "Critical"
    assert told.json["patch"]["ticket"] == "MW-9"
    changed = [one["name"] for one in told.json["components"] if one["change"] != "unchanged"]
    assert changed == ["auth"]
    assert desk.type("candidate", "3.5.0+mw2", "--check").status == 0


def test_what_is_doubtful_in_a_patch_is_said_and_refused_where_policy_says_so(
    desk: Desk, registry: FakeRegistry
) -> None:
    words = ("patch", "3.5.0+mw2", "--from", "3.5.0+mw1", "--set", "auth=4.1.1-SNAPSHOT", *PATCH, "--offline")
    told = desk.type(*words)
    assert told.status == 0
    assert "auth" in told.err
    assert "SNAPSHOT" in told.err
    assert "rsyslog" not in told.err  # it was in the base
    assert "without --offline" in told.everything
    assert desk.type(*words, "--stage", "release").status == 15


def test_a_patch_that_was_widened_by_hand_is_found(desk: Desk, registry: FakeRegistry) -> None:
    patch(desk)
    path = desk.root / "manifests/candidates/3.5.0+mw2/rc1.yml"
    from olmis_release.manifest.lock import read_release

    wide = read_release(path, shown_as="rc1.yml")
    log = wide.components["log"]
    moved = log.model_copy(update={"image": log.image.model_copy(update={"digest": B})})
    wide = ReleaseManifest(**{**dict(wide), "components": {**wide.components, "log": moved}})
    path.write_text(canonical(wide), encoding="utf-8")
    told = desk.type("candidate", "3.5.0+mw2", "--check")
    assert (told.status, "log.image differs from 3.5.0+mw1" in told.err) == (15, True)


def test_no_candidate_is_made_of_what_is_released(desk: Desk, registry: FakeRegistry) -> None:
    patch(desk)
    desk.type("release", "3.5.0+mw2")
    told = desk.type("patch", "3.5.0+mw2", "--from", "3.5.0+mw1", "--set", "log=2", "--offline", *PATCH)
    assert (told.status, "[E-RELEASED]" in told.err) == (15, True)


def test_diff_and_changelog_read_the_same_sides(desk: Desk, registry: FakeRegistry) -> None:
    told = desk.type("diff", "3.5.0", "3.5.0+mw1", "--json", "--detailed-exitcode")
    assert told.status == 3
    [report] = [one for one in told.json["components"] if one["change"] == "changed"]
    assert report["from"] == "openlmis/report:1.1.2"
    assert (report["name"], report["to"], report["direction"]) == ("report", "openlmis/report:1.1.3", "up")
    assert "### report" in desk.type("-q", "changelog", "3.5.0", "3.5.0+mw1").out
    assert desk.type("diff", "3.5.0", "3.5.0+mw1").out.startswith("~ report")


def runs(desk: Desk, component: str, image: str, environment: dict[str, str], *, of_image: dict[str, str]) -> None:
    """Let a container with this environment be all that runs on `uat`."""
    container = replace(a_container(component, image=image), environment={**environment, **of_image})
    desk.place.engine.all = {container.id: container}
    desk.place.engine.images[container.image_id] = replace(an_image(image), environment=of_image)


def test_an_instance_is_compared_by_images_and_by_what_is_in_its_containers_environment(
    desk: Desk, registry: FakeRegistry
) -> None:
    desk.write("manifests/instances/uat.yml", f"{uat_file(desk)}variables: {{profiles: production}}\n")
    asked = {"JAVA_OPTS": "-Xmx256m", "PROFILES": "production", "API_TOKEN": "old-secret"}
    of_settings = {"POSTGRES_PASSWORD": "open-sesame-2026"}
    runs(desk, "auth", "openlmis/auth:4.0.0", {**asked, **of_settings}, of_image={"PATH": "/bin", "JAVA_HOME": "/jvm"})
    told = desk.type("diff", "uat", "3.5.0+mw1", "--json")
    assert told.status == 0
    assert [(one["path"], one["from"], one["to"]) for one in told.json["configuration"]] == [
        ("environment.API_TOKEN", "***", None),
        ("environment.JAVA_OPTS", "-Xmx256m", "-Xmx512m"),
    ]
    assert "health checks" in told.json["not_seen"][0]
    assert {one["name"]: one["direction"] for one in told.json["components"]}["auth"] == "up"


def test_the_instance_file_has_a_word_in_what_a_release_is_there(desk: Desk, registry: FakeRegistry) -> None:
    own = "variables: {profiles: production}\ncomponents: {auth: {set: {environment.JAVA_OPTS: -Xmx2g}}}\n"
    desk.write("manifests/instances/uat.yml", f"{uat_file(desk)}{own}")
    runs(desk, "auth", "openlmis/auth:4.1.0", {"JAVA_OPTS": "-Xmx2g", "PROFILES": "production"}, of_image={})
    assert desk.type("diff", "3.5.0+mw1", "uat", "--json").json["configuration"] == []
    assert "Ports, volumes" in desk.type("diff", "3.5.0+mw1", "uat").out
    assert "Ports, volumes" not in desk.type("diff", "3.5.0+mw1", "3.5.0").out


def uat_file(desk: Desk) -> str:
    return desk.workspace.instance("uat").read_text("utf-8")


def test_an_index_is_recorded_with_what_it_means_on_each_platform(desk: Desk, registry: FakeRegistry) -> None:
    registry.digests["openlmis/auth:4.1.1"] = B
    registry.indexes[B] = {"linux/amd64": A}
    assert patch(desk).status == 0
    assert f'platforms: {{linux/amd64: "{A}"}}' in (desk.root / "manifests/candidates/3.5.0+mw2/rc1.yml").read_text()
    assert desk.type("candidate", "3.5.0+mw2", "--check").status == 0


def accepted_on_uat(desk: Desk, sha256: str) -> None:
    """Record a good deploy to `uat` of the release with these bytes."""
    base = BASE.model_copy(update={"manifest": sha256})
    plan = write_plan(desk.workspace, a_plan(base=base), compose_text=COMPOSE, previous_text=None)
    write_run(desk.workspace, a_run(plan.code))


def test_evidence_of_uat_is_wanted_where_policy_says_so(desk: Desk, registry: FakeRegistry) -> None:
    desk.write("manifests/policy.yml", "kind: policy\ndefects: {no-uat-evidence: {release: error}}\n")
    accepted_on_uat(desk, "0" * 64)
    refused = desk.type("release", "3.5.0+mw1")
    assert (refused.status, "[E-NO-UAT-EVIDENCE]" in refused.err) == (15, True)
    accepted_on_uat(desk, sha256((desk.root / RC1).read_bytes()))
    assert desk.type("release", "3.5.0+mw1").status == 0
    record = json.loads((desk.root / RELEASE).with_suffix(".json").read_text("utf-8"))
    assert [one["instance"] for one in record["evidence"]] == ["uat"]


def test_files_and_folders_are_sides_without_a_workspace(
    tmp_path: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, tag in (("a", "1.0.0"), ("b", "1.1.0")):
        folder = tmp_path / name
        folder.mkdir()
        (folder / ".env").write_text(f"TAG={tag}\n", encoding="utf-8")
        (folder / "docker-compose.yml").write_text(
            "services:\n  auth: {image: 'openlmis/auth:${TAG}'}\n", encoding="utf-8"
        )
    monkeypatch.chdir(tmp_path)
    for words in (("a", "b"), ("a/docker-compose.yml", "b/docker-compose.yml"), (".@:a", ".@:b")):
        told = desk.type("--repo", str(tmp_path), "diff", *words, "--json")
        [auth] = told.json["components"]
        assert (auth["from"], auth["to"], auth["direction"]) == ("openlmis/auth:1.0.0", "openlmis/auth:1.1.0", "up")
