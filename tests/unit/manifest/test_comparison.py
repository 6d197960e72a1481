"""What `diff` says of two sides."""

import sys
from pathlib import Path
from typing import Any

import git
import pytest

from olmis_release.errors import BadInput
from olmis_release.manifest.comparison import Comparison, compare_sides
from olmis_release.manifest.masking import masked
from olmis_release.manifest.model import ImageRef
from olmis_release.manifest.operands import read_side, source_at
from olmis_release.manifest.side import Side, of_release
from olmis_release.workspace import Workspace
from tests.fakes.manifest import CORE as CORE_TEXT
from tests.fakes.manifest import HEAD, component, release

REAL = Path(__file__).resolve().parents[4] / "shared" / "real"
CORE, MALAWI = REAL / "ref-distro.bundle", REAL / "mw-deployment.bundle"
needs_real = pytest.mark.skipif(not REAL.is_dir(), reason="the real estates (../shared/real) are not here")


def side(bodies: dict[str, Any] | None = None, **images: str) -> Side:
    return Side(name="x", images={name: ImageRef.parse(text) for name, text in images.items()}, bodies=bodies or {})


def moved(before: str, after: str) -> tuple[str, list[str]]:
    [one] = compare_sides(side(db=before), side(db=after)).components
    return str(one.direction), [str(flag) for flag in one.flags]


@pytest.mark.parametrize(
    ("before", "after", "direction", "flags"),
    [
        ("openlmis/report:1.4.0", "openlmis/report:1.4.0-hotfix", "up", []),
        ("openlmis/nginx:7", "openlmis/nginx:6", "down", []),
        ("openlmis/nginx:6", "openlmis/nginx:v7.1", "unknown", []),
        ("openlmis/postgres:12-debezium", "openlmis/postgres:14-debezium", "unknown", ["stateful-major"]),
        ("openlmis/postgres:9.4", "openlmis/postgres:9.6", "up", ["stateful-major"]),
        ("postgres:14.1", "postgres:14.2", "up", []),
        ("openlmis/report:1.4.0", "openlmisao/report:1.4.0", "unknown", ["other-repository"]),
        ("openlmis/auth:4.0.0", "openlmis/auth:4.1.0-SNAPSHOT", "up", ["mutable"]),
        ("a/b:1@sha256:" + "1" * 64, "a/b:1@sha256:" + "2" * 64, "unknown", ["tag-moved"]),
    ],
)
def test_a_change_has_a_direction_and_flags(before: str, after: str, direction: str, flags: list[str]) -> None:
    assert moved(before, after) == (direction, flags)


def test_what_is_only_on_one_side_is_added_or_removed() -> None:
    found = compare_sides(side(a="x/a:1", b="x/b:1"), side(b="x/b:1", c="x/c:latest")).components
    assert [(one.name, str(one.change), one.direction) for one in found] == [
        ("a", "removed", None),
        ("b", "unchanged", None),
        ("c", "added", None),
    ]
    assert [str(flag) for flag in found[2].flags] == ["mutable"]


def test_configuration_is_compared_value_by_value_and_secrets_are_hidden() -> None:
    old = {"a": {"environment": {"DB_PASSWORD": "old-secret", "HEAP": "512m"}, "depends_on": ["b"]}}
    new = {"a": {"environment": {"DB_PASSWORD": "new-secret", "HEAP": "1g", "API_TOKEN": "t0k"}, "depends_on": ["b"]}}
    found = compare_sides(side(old, a="x/a:1"), side(new, a="x/a:1")).configuration
    assert [(one.path, one.before, one.after) for one in found] == [
        ("environment.API_TOKEN", None, "***"),
        ("environment.DB_PASSWORD", "***", "***"),
        ("environment.HEAP", "512m", "1g"),
    ]


@pytest.mark.parametrize(
    ("path", "value", "shown"),
    [
        ("environment.JAVA_OPTS", "-Xmx1g -Dmail.password=geheim -Da=b", "-Xmx1g -Dmail.password=*** -Da=b"),
        ("environment.URL", "postgres://lmis:geheim@db/x", "postgres://lmis:***@db/x"),
        ("environment.POSTGRES_PASSWORD", "${POSTGRES_PASSWORD}", "${POSTGRES_PASSWORD}"),
        ("command", ["run", "--password", "geheim"], '["run", "--password", "***"]'),
        ("environment", {"SECRET": "geheim", "A": "b"}, '{"A": "b", "SECRET": "***"}'),
        ("environment", ["SCALYR_API_KEY=geheim"], '["SCALYR_API_KEY=***"]'),
    ],
)
def test_no_secret_is_shown(path: str, value: Any, shown: str) -> None:
    assert masked(path, value) == shown


def test_releases_are_compared_with_their_variables_filled_in() -> None:
    old = release({"a": component("x/a:1", compose={"ports": ["${PORT}:80"]})}, variables={"PORT": "80"})
    new = release({"a": component("x/a:1", compose={"ports": ["${PORT}:80"]})}, variables={"PORT": "81"})
    [change] = compare_sides(of_release(old, name="a"), of_release(new, name="b")).configuration
    assert (change.before, change.after) == ('["80:80"]', '["81:80"]')


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("https://example.org/x.git@v1:deployment/prod", ("https://example.org/x.git", "v1", "deployment/prod")),
        ("git@example.org:a/b.git@main", ("git@example.org:a/b.git", "main", None)),
        ("https://me@example.org/x.git", ("https://me@example.org/x.git", None, None)),
        ("git@example.org:a/b.git", ("git@example.org:a/b.git", None, None)),
        (".@v3.19.2", (".", "v3.19.2", None)),
        (".@:sub", (".", None, "sub")),
    ],
)
def test_a_source_is_taken_apart(text: str, parts: tuple[str, str | None, str | None]) -> None:
    assert source_at(text) == parts


def test_what_is_nothing_is_refused_with_what_there_is(tmp_path: Path) -> None:
    (tmp_path / "manifests/core").mkdir(parents=True)
    (tmp_path / "manifests/core/3.5.0.yml").write_text("kind: core\n", encoding="utf-8")
    with pytest.raises(BadInput, match=r"'3\.5\.1\+mw1' is no release.*"):
        read_side(lambda: Workspace(root=tmp_path), "3.5.1+mw1")


def workspace(folder: Path) -> Workspace:
    for path, text in (
        ("core/3.5.0.yml", CORE_TEXT),
        ("extensions/mw.yml", f"{HEAD}components:\n  report: {{pin: 1.1.3}}\n"),
    ):
        file = folder / "manifests" / path
        file.parent.mkdir(parents=True)
        file.write_text(text, encoding="utf-8")
    return Workspace(root=folder)


def test_an_extension_is_compared_as_what_it_makes_of_core(tmp_path: Path) -> None:
    place = workspace(tmp_path)
    files = (str(place.core("3.5.0")), str(place.extensions / "mw.yml"))
    compared = compare_sides(*(read_side(lambda: place, file) for file in files))
    assert changed(compared) == {"report": ("up", [])}


def test_an_extension_without_its_core_says_so(tmp_path: Path) -> None:
    place = workspace(tmp_path)
    place.core("3.5.0").unlink()
    with pytest.raises(BadInput, match="no Core manifest beside it is in that range"):
        read_side(lambda: place, str(place.extensions / "mw.yml"))


def test_a_file_is_read_as_it_lies_there_and_at_a_ref_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "prod/docker-compose.yml"
    file.parent.mkdir()
    file.write_text("services: {auth: {image: 'openlmis/auth:1.0.0'}}\n", encoding="utf-8")
    with git.Repo.init(tmp_path) as repo:
        repo.index.add(["prod/docker-compose.yml"])
        repo.index.commit("x")
        repo.create_head("feature/one")
    file.write_text("services: {auth: {image: 'openlmis/auth:1.1.0'}}\n", encoding="utf-8")
    for was in (f"{tmp_path}@feature/one:prod", f"{tmp_path}@HEAD:prod/docker-compose.yml"):
        sides = [read_side(lambda: Workspace(root=tmp_path), text) for text in (was, str(file))]
        assert changed(compare_sides(*sides)) == {"auth": ("up", [])}


def between(repository: Path, a: str, b: str, folder: str = "") -> Comparison:
    def one(ref: str) -> Side:
        return read_side(lambda: Workspace(root=Path()), f"{repository}@{ref}:{folder}")

    return compare_sides(one(a), one(b))


def changed(compared: Comparison) -> dict[str, tuple[str, list[str]]]:
    return {one.name: (str(one.direction), [str(flag) for flag in one.flags]) for one in compared.changed}


@needs_real
def test_core_3_19_0_to_1_goes_up_twice_and_down_once() -> None:
    found = changed(between(CORE, "v3.19.0", "v3.19.1"))
    assert found == {"referencedata": ("up", []), "report": ("up", []), "nginx": ("down", [])}


@needs_real
def test_core_3_19_1_to_2_changes_fourteen_images_and_a_stateful_major() -> None:
    found = changed(between(CORE, "v3.19.1", "v3.19.2"))
    assert len(found) == 14
    assert found["nginx"] == ("unknown", [])
    assert found["db"] == ("unknown", ["stateful-major"])


@needs_real
def test_malawi_d451cec_goes_up_eleven_times_and_never_down() -> None:
    found = changed(between(MALAWI, "upstream-5ee4917", "upstream-d451cec", "deployment/prod_env"))
    assert len(found) == 11
    assert "down" not in {direction for direction, _ in found.values()}


@needs_real
def test_the_rollback_of_malawi_is_one() -> None:
    found = changed(between(MALAWI, "upstream-e04612d", "upstream-ed74a90", "deployment/prod_env"))
    assert found == dict.fromkeys(("referencedata", "requisition", "stockmanagement", "ui"), ("down", []))


@needs_real
def test_malawi_3_19_2_changes_eleven_images() -> None:
    assert len(changed(between(MALAWI, "upstream-3abd31a", "upstream-6804eae", "deployment/prod_env"))) == 11


def test_the_work_of_a_comparison_grows_with_its_sides_and_no_faster() -> None:
    def calls(size: int) -> int:
        names = [f"c{number}" for number in range(size)]
        sides = [
            Side(
                name=tag,
                images={name: ImageRef(repository=f"x/{name}", tag=tag) for name in names},
                bodies={name: {"environment": {"A": tag}} for name in names},
            )
            for tag in ("1.0.0", "1.0.1")
        ]
        seen = 0

        def count(_frame: object, event: str, _argument: object) -> None:
            nonlocal seen
            seen += event == "call"

        sys.setprofile(count)
        try:
            compare_sides(*sides)
        finally:
            sys.setprofile(None)
        return seen

    assert calls(2_000) < 2.1 * calls(1_000)
