"""Making candidates in a workspace: what is written, what is not, and what is refused with nothing written."""

from pathlib import Path

import pytest

from olmis_release.errors import BadInput
from olmis_release.manifest import candidate
from olmis_release.manifest.candidate import make_candidate
from olmis_release.manifest.lock import canonical, load_release, sha256_of
from olmis_release.manifest.model import ImageRef
from olmis_release.manifest.policy import Stage
from olmis_release.workspace import Workspace
from tests.fakes.manifest import CORE, HEAD

RELEASE = "3.5.0+mw1"


class FakeRegistry:
    """Knows every image but those that a test says are absent."""

    def __init__(self, *absent: str) -> None:
        self.absent = absent
        self.asked: list[str] = []
        self.generation = 1

    def __call__(self, image: ImageRef) -> str | None:
        self.asked.append(str(image))
        return None if str(image) in self.absent else f"sha256:{self.generation:064x}"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    for folder in ("core", "extensions", "candidates", "releases"):
        (tmp_path / "manifests" / folder).mkdir(parents=True)
    (tmp_path / "manifests/core/3.5.0.yml").write_text(CORE, encoding="utf-8")
    say(tmp_path, "auth: {pin: 4.1.1, reason: MW-812}")
    return Workspace(root=tmp_path)


def say(root: Path, statement: str) -> None:
    (root / "manifests/extensions/mw.yml").write_text(f"{HEAD}components:\n  {statement}\n", encoding="utf-8")


def files(workspace: Workspace) -> list[str]:
    return sorted(path.name for path in workspace.candidates(RELEASE).glob("*"))


def test_the_first_candidate_is_rc1_with_every_image_pinned(workspace: Workspace) -> None:
    made = make_candidate(workspace, RELEASE, digest_of=FakeRegistry())
    assert made.path == workspace.candidates(RELEASE) / "rc1.yml"
    assert (made.number, made.same_as, made.previous, made.manifest.pinned) == (1, None, None, True)
    assert made.path.read_text(encoding="utf-8") == canonical(made.manifest)
    assert load_release(workspace, RELEASE) == (made.manifest, made.path)
    assert files(workspace) == ["rc1.yml"]


def test_nothing_changed_means_nothing_written(workspace: Workspace) -> None:
    first = make_candidate(workspace, RELEASE, digest_of=FakeRegistry())
    again = make_candidate(workspace, RELEASE, digest_of=FakeRegistry())
    assert (again.path, again.same_as, again.number) == (None, first.path, 1)
    assert sha256_of(again.manifest) == sha256_of(first.manifest)
    assert files(workspace) == ["rc1.yml"]


def test_a_change_in_the_manifests_or_at_the_registry_is_the_next_candidate(workspace: Workspace) -> None:
    registry = FakeRegistry()
    first = make_candidate(workspace, RELEASE, digest_of=registry)
    say(workspace.root, "auth: {pin: 4.1.2, reason: MW-813}")
    second = make_candidate(workspace, RELEASE, digest_of=registry)
    registry.generation = 2
    third = make_candidate(workspace, RELEASE, digest_of=registry)
    assert [second.number, third.number] == [2, 3]
    assert (second.previous, third.previous) == (first.manifest, second.manifest)
    assert load_release(workspace, RELEASE)[1].name == "rc3.yml"


def test_the_tenth_candidate_is_newer_than_the_ninth(workspace: Workspace) -> None:
    registry = FakeRegistry()
    for registry.generation in range(1, 11):
        make_candidate(workspace, RELEASE, digest_of=registry)
    assert load_release(workspace, RELEASE)[1].name == "rc10.yml"


def test_offline_leaves_digests_open_and_does_not_undo_what_is_pinned(workspace: Workspace) -> None:
    offline = make_candidate(workspace, RELEASE, digest_of=None)
    assert not offline.manifest.pinned
    pinned = make_candidate(workspace, RELEASE, digest_of=FakeRegistry())
    assert (pinned.number, pinned.manifest.pinned) == (2, True)
    again = make_candidate(workspace, RELEASE, digest_of=None)
    assert (again.path, again.same_as, again.manifest) == (None, pinned.path, pinned.manifest)


def test_offline_takes_the_digests_that_are_on_record_and_leaves_the_others_open(workspace: Workspace) -> None:
    pinned = make_candidate(workspace, RELEASE, digest_of=FakeRegistry()).manifest
    say(workspace.root, "auth: {set: {restart: always}, reason: MW-813}\n  log: {pin: '2', reason: MW-814}")
    made = make_candidate(workspace, RELEASE, digest_of=None)
    assert (made.number, made.manifest.pinned) == (2, False)
    assert made.manifest.components["report"].image == pinned.components["report"].image
    assert made.manifest.components["log"].image.digest is None


def test_offline_knows_the_release_before_too_but_not_what_its_moving_tags_mean_today(workspace: Workspace) -> None:
    say(workspace.root, "x: {add: {image: mw/x:1-SNAPSHOT}}")
    make_candidate(workspace, RELEASE, digest_of=FakeRegistry())
    made = make_candidate(workspace, "3.5.0+mw2", digest_of=None).manifest
    assert [name for name, one in made.components.items() if not one.image.digest] == ["x"]


def test_every_image_that_the_registry_lacks_is_named_at_its_statement_and_nothing_is_written(
    workspace: Workspace,
) -> None:
    with pytest.raises(BadInput) as refused:
        make_candidate(workspace, RELEASE, digest_of=FakeRegistry("openlmis/auth:4.1.1", "openlmis/rsyslog:1"))
    assert [(problem.code, str(problem.where)) for problem in refused.value.problems] == [
        ("E-IMAGE-NOT-FOUND", "manifests/core/3.5.0.yml:23:12"),
        ("E-IMAGE-NOT-FOUND", "manifests/extensions/mw.yml:5:15"),
    ]
    assert files(workspace) == []


def test_what_is_only_said_for_development_is_refused_for_uat(workspace: Workspace) -> None:
    say(workspace.root, "auth: {pin: 5.1.9.hotfix.1, reason: MW-812}")
    with pytest.raises(BadInput, match=r"mw\.yml:5.*Did you mean `5\.1\.9-hotfix\.1`") as refused:
        make_candidate(workspace, RELEASE, digest_of=FakeRegistry(), stage=Stage.UAT)
    assert [problem.code for problem in refused.value.problems] == ["E-MALFORMED-TAG"]
    assert files(workspace) == []
    made = make_candidate(workspace, RELEASE, digest_of=FakeRegistry())
    assert "W-MALFORMED-TAG" in [problem.code for problem in made.warnings]


def test_a_workspace_may_refuse_earlier(workspace: Workspace) -> None:
    table = "kind: policy\ndefects: {snapshot-tag: {development: error}}\n"
    (workspace.root / "manifests/policy.yml").write_text(table, encoding="utf-8")
    say(workspace.root, "auth: {pin: 4.2.0-SNAPSHOT, reason: MW-812}")
    with pytest.raises(BadInput, match="a SNAPSHOT changes without notice"):
        make_candidate(workspace, RELEASE, digest_of=None)


def test_a_version_that_goes_down_since_the_last_candidate_is_said(workspace: Workspace) -> None:
    make_candidate(workspace, RELEASE, digest_of=None)
    say(workspace.root, "auth: {pin: 4.1.0, reason: MW-813}")
    made = make_candidate(workspace, RELEASE, digest_of=None)
    assert "W-LOWERED-VERSION" in [problem.code for problem in made.warnings]


def test_a_conflict_writes_nothing(workspace: Workspace) -> None:
    say(workspace.root, "authh: {pin: '1'}")
    with pytest.raises(BadInput, match=r"manifests/extensions/mw\.yml:5:3"):
        make_candidate(workspace, RELEASE, digest_of=FakeRegistry())
    assert files(workspace) == []


def test_an_image_is_asked_for_once_and_one_with_a_digest_never(workspace: Workspace) -> None:
    registry = FakeRegistry()
    pinned = f"a/b:1@sha256:{'a' * 64}"
    say(workspace.root, f'x: {{add: {{image: "{pinned}"}}}}\n  y: {{add: {{image: openlmis/rsyslog:1}}}}')
    made = make_candidate(workspace, RELEASE, digest_of=registry)
    assert sorted(registry.asked) == ["openlmis/auth:4.1.0", "openlmis/report:1.1.2", "openlmis/rsyslog:1"]
    assert made.manifest.components["x"].image.digest == f"sha256:{'a' * 64}"


def test_two_digests_of_one_tag_stay_apart(workspace: Workspace) -> None:
    one, other = f"a/b:1@sha256:{'a' * 64}", f"a/b:1@sha256:{'b' * 64}"
    say(workspace.root, f'x: {{add: {{image: "{one}"}}}}\n  y: {{add: {{image: "{other}"}}}}')
    made = make_candidate(workspace, RELEASE, digest_of=FakeRegistry()).manifest
    assert [made.components[name].image.pinned() for name in "xy"] == [one, other]


def test_the_command_line_is_a_layer_with_its_own_reason(workspace: Workspace) -> None:
    made = make_candidate(workspace, RELEASE, digest_of=None, overrides=[("auth", "9.9.9")], reason="incident 7")
    assert made.manifest.components["auth"].origin["image"].reason == "incident 7"


def test_plain_core_is_a_release_too(workspace: Workspace) -> None:
    made = make_candidate(workspace, "3.5.0", digest_of=FakeRegistry())
    assert (made.manifest.version, made.manifest.extension) == ("3.5.0", None)


def test_a_damaged_earlier_candidate_is_told_and_not_written_over(workspace: Workspace) -> None:
    workspace.candidates(RELEASE).mkdir()
    (workspace.candidates(RELEASE) / "rc1.yml").write_text("kind: release\nversion: [", encoding="utf-8")
    with pytest.raises(BadInput, match=r"rc1\.yml:3:1: not YAML"):
        make_candidate(workspace, RELEASE, digest_of=FakeRegistry())
    assert files(workspace) == ["rc1.yml"]


@pytest.mark.parametrize("release", ["3.5", "../../etc/passwd", "3.5.0+", "latest"])
def test_what_is_no_version_is_refused_before_any_file_is_looked_for(workspace: Workspace, release: str) -> None:
    with pytest.raises(BadInput, match="is not a release version"):
        make_candidate(workspace, release, digest_of=None)


def test_a_folder_that_cannot_be_written_is_named_and_leaves_nothing_behind(workspace: Workspace) -> None:
    workspace.candidates(RELEASE).write_text("a file in the way", encoding="utf-8")
    with pytest.raises(BadInput, match=r"candidates/3\.5\.0\+mw1 cannot be written"):
        make_candidate(workspace, RELEASE, digest_of=None)


def test_two_who_make_a_candidate_at_once_both_keep_theirs(workspace: Workspace) -> None:
    make_candidate(workspace, RELEASE, digest_of=FakeRegistry())
    assert candidate._written(workspace.candidates(RELEASE), 1, "mine").name == "rc2.yml"
    assert files(workspace) == ["rc1.yml", "rc2.yml"]
