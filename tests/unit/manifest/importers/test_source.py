"""Sources: repositories, bundles and folders; what a ref means in each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from git import Actor, Repo

from olmis_release.errors import BadInput
from olmis_release.manifest.importers.distribution import read_distribution
from olmis_release.manifest.importers.source import Source, open_source

AUTHOR = Actor("Release Manager", "rm@example.org")


def commit(repository: Repo, image: str, *, folder: str = "") -> str:
    path = Path(repository.working_dir, folder, "docker-compose.yml")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"services:\n  a:\n    image: {image}\n")
    repository.index.add([str(path)])
    return repository.index.commit(image, author=AUTHOR, committer=AUTHOR).hexsha


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Repo]:
    """A repository whose branch `v1` lies elsewhere than its tag `v1`."""
    with Repo.init(tmp_path / "repo", initial_branch="main") as repository:
        commit(repository, "org/a:tag")
        repository.create_tag("v1")
        commit(repository, "org/a:branch")
        repository.create_head("v1")
        commit(repository, "org/a:head")
        yield repository


def image(source: str, ref: str | None, **given: str) -> str:
    return str(read_distribution(source, ref=ref, **given).images["a"])


def test_a_tag_goes_before_a_branch_of_the_same_name(repository: Repo) -> None:
    source = str(repository.working_dir)

    assert image(source, "v1") == "org/a:tag"
    assert image(source, "refs/tags/v1") == "org/a:tag"
    assert image(source, "refs/heads/v1") == "org/a:branch"
    assert image(source, None) == "org/a:head"
    assert image(source, "main") == "org/a:head"


def test_that_a_name_means_two_things_is_said(repository: Repo) -> None:
    problems = read_distribution(str(repository.working_dir), ref="v1").problems

    assert [problem.code for problem in problems] == ["W-AMBIGUOUS-REF"]
    assert "refs/heads/v1" in problems[0].resolution


def test_a_commit_is_read_short_or_full(repository: Repo) -> None:
    sha = repository.commit("refs/tags/v1").hexsha

    assert image(str(repository.working_dir), sha) == "org/a:tag"
    found = read_distribution(str(repository.working_dir), ref=sha[:8])
    assert (found.commit, found.ref) == (sha, sha)


def test_the_work_tree_does_not_count_and_is_not_touched(repository: Repo) -> None:
    path = Path(repository.working_dir, "docker-compose.yml")
    path.write_text("services: {a: {image: 'org/a:uncommitted'}}\n")

    assert image(str(repository.working_dir), None) == "org/a:head"
    assert "uncommitted" in path.read_text()


@pytest.mark.parametrize("form", ["bundle", "bare", "file://", "clone"])
def test_bundles_bare_repositories_urls_and_clones_are_read_alike(form: str, repository: Repo, tmp_path: Path) -> None:
    source = str(tmp_path / form.strip(":/"))
    if form == "bundle":
        repository.git.bundle("create", source, "--all")
    elif form == "file://":
        source = f"file://{repository.working_dir}"
    else:
        repository.clone(source, bare=form == "bare").close()

    assert image(source, "v1") == "org/a:tag"
    assert image(source, "refs/heads/main" if form != "clone" else "main") == "org/a:head"


def test_a_plain_folder_is_read_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "docker-compose.yml").write_text("services: {a: {image: 'org/a:1'}}\n")

    found = read_distribution(str(tmp_path))

    assert (found.ref, found.commit, str(found.images["a"])) == ("", "", "org/a:1")


@pytest.mark.parametrize(
    ("source", "given", "code"),
    [
        ("no-such", {}, "E-NO-SOURCE"),
        ("-u./evil", {}, "E-NO-SOURCE"),
        ("ext::sh -c id", {}, "E-NO-SOURCE"),
        ("{repo}", {"ref": "v2"}, "E-UNKNOWN-REF"),
        ("{repo}", {"ref": "--output=x"}, "E-UNKNOWN-REF"),
        ("{repo}", {"folder": "prod"}, "E-NO-FOLDER"),
        ("{repo}", {"files": ("compose.prod.yml",)}, "E-NO-FILE"),
        ("{repo}", {"files": ("../../etc/passwd",)}, "E-NO-FILE"),
        ("{folder}", {"ref": "v1"}, "E-NO-REPOSITORY"),
        ("{folder}", {}, "E-NO-COMPOSE-FILE"),
    ],
)
def test_what_is_not_there_is_said_and_what_is(
    source: str, given: dict[str, str], code: str, repository: Repo, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    named = source.format(repo=repository.working_dir, folder=tmp_path / "empty")

    with pytest.raises(BadInput) as refusal:
        read_distribution(named, **given)

    assert [problem.code for problem in refusal.value.problems] == [code]
    assert refusal.value.resolution


def test_a_near_ref_is_suggested(repository: Repo) -> None:
    repository.create_tag("v3.19.2")

    with pytest.raises(BadInput, match=r"v3\.19\.2"):
        read_distribution(str(repository.working_dir), ref="v3.19.3")


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside.yml").write_text("services: {a: {image: secret}}\n")
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "docker-compose.yml").symlink_to(tmp_path / "outside.yml")

    with pytest.raises(BadInput):
        read_distribution(str(tmp_path / "inside"))


def test_an_environment_folder_of_a_repository(repository: Repo) -> None:
    commit(repository, "org/a:prod", folder="deployment/prod_env")

    found = read_distribution(str(repository.working_dir), folder="deployment/prod_env/")

    assert found.services["a"].image_where.file == "deployment/prod_env/docker-compose.yml"


def test_tags_are_listed(repository: Repo) -> None:
    with open_source(str(repository.working_dir)) as source:
        assert isinstance(source, Source)
        assert source.tags() == ("v1",)


def test_several_environments_are_listed_when_none_was_named(repository: Repo) -> None:
    for place in ("deployment/dev_env", "deployment/prod_env"):
        commit(repository, "org/a:1", folder=place)
    Path(repository.working_dir, "docker-compose.yml").unlink()
    repository.index.remove(["docker-compose.yml"])
    repository.index.commit("only environments", author=AUTHOR, committer=AUTHOR)

    with pytest.raises(BadInput) as refusal:
        read_distribution(str(repository.working_dir))

    assert "--dir deployment/dev_env or --dir deployment/prod_env" in refusal.value.resolution


def test_versions_may_lie_elsewhere_in_the_source_or_outside_of_it(tmp_path: Path) -> None:
    (tmp_path / "source" / "env").mkdir(parents=True)
    (tmp_path / "source" / "env" / "docker-compose.yml").write_text("services: {a: {image: 'org/a:${TAG}'}}\n")
    (tmp_path / "source" / "versions.env").write_text("TAG=1\n")
    (tmp_path / "outside.env").write_text("TAG=2\n")

    def tag(env_file: str) -> str:
        found = read_distribution(str(tmp_path / "source"), folder="env", env_files=[env_file])
        return found.images["a"].tag

    assert tag("versions.env") == tag("../versions.env") == "1"
    assert tag(str(tmp_path / "outside.env")) == "2"


def test_a_repository_that_cannot_be_reached_says_why() -> None:
    with pytest.raises(BadInput, match=r"refused|ssh") as refusal, open_source("ssh://git@127.0.0.1:1/nobody/nothing"):
        pass

    assert [problem.code for problem in refusal.value.problems] == ["E-NO-SOURCE"]
    assert refusal.value.resolution
