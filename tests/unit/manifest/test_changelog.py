"""Changelogs from two sides and the components' own."""

from pathlib import Path

import git
import pytest

from olmis_release.errors import BadInput
from olmis_release.manifest.changelog import between, changelog, markdown, sections_of
from olmis_release.manifest.comparison import compare_sides
from olmis_release.manifest.model import ImageRef
from olmis_release.manifest.side import Side
from olmis_release.manifest.sources import parse_sources

UNDERLINED = """\
7.1.2 / WIP
===========

Bugs:
* three

7.1.1-hotfix / 2019-06-01
=========================
* two

7.1.1 / 2019-05-27
------------------
* one

7.1.0 / 2019-03-20
==================
* before
"""


def side(tag: str) -> Side:
    return Side(
        name=tag,
        images={"requisition": ImageRef(repository="openlmis/requisition", tag=tag)},
        bodies={"requisition": {}},
    )


def written(low: str, high: str, *sources: str) -> str:
    a, b = side(low), side(high)
    return markdown(changelog(low, high, compare_sides(a, b), changelog_of=parse_sources(sources).changelog_of))


def repository(folder: Path) -> Path:
    place = folder / "openlmis-requisition"
    repo = git.Repo.init(place)
    with repo.config_writer() as config:
        config.set_value("user", "name", "T").set_value("user", "email", "t@example.org")
    (place / "CHANGELOG.md").write_text(UNDERLINED, encoding="utf-8")
    repo.index.add(["CHANGELOG.md"])
    repo.index.commit("x")
    repo.create_tag("v7.1.1-hotfix")
    repo.close()
    (place / "CHANGELOG.md").write_text("nothing\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("text", ["## 1.2.0 / 2020\nx\n## [1.1.0] - 2019\ny\n", "1.2.0\n===\nx\n\n1.1.0\n---\ny\n"])
def test_both_kinds_of_headings_are_read(text: str) -> None:
    assert [(one.version, one.lines) for one in sections_of(text)] == [("1.2.0", ("x",)), ("1.1.0", ("y",))]


@pytest.mark.parametrize(
    ("heading", "version"),
    [
        ("8.3.5 / 2023-05-18\n==================", "8.3.5"),
        ("8.3.5 / WIP\n---", "8.3.5"),
        ("  8.3.5\n  ==", "8.3.5"),
        ("15.3.0-hotfix / 2024-01-31\n======", "15.3.0-hotfix"),
        ("# v8.3.5", "8.3.5"),
        ("## Version 8.3.5: spring", "8.3.5"),
        ("## [8.3.5](https://example.org/compare/a...b) (2023-05-18)", "8.3.5"),
        ("## openlmis-requisition 8.3.5", "8.3.5"),
        ("**8.3.5 / 2023-05-18**", "8.3.5"),
        ("8.3.5 (2023-05-18)", "8.3.5"),
        ("8.3.5", "8.3.5"),
        ("\ufeff8.3.5 / WIP\r\n===\r", "8.3.5"),
    ],
)
def test_a_version_is_found_however_its_heading_is_written(heading: str, version: str) -> None:
    [one] = sections_of(f"{heading}\n\n* what\n")
    assert (one.version, one.lines) == (version, ("* what",))


def test_what_only_looks_like_a_heading_is_text() -> None:
    [one] = sections_of(
        "8.3.5\n===\n\nFixes\n-----\n* of 8.3.4\n```\n8.3.3\n===\n```\n8.3.2 had it too\n\n[8.3.5]: x\n"
    )
    assert one.lines[-1] == "8.3.2 had it too"


@pytest.mark.parametrize("text", ["", "\n", "Nothing yet\n===\n", "## [Unreleased]\n* a\n"])
def test_a_changelog_without_versions_has_no_sections(text: str) -> None:
    assert list(sections_of(text)) == []


def test_a_snapshot_has_what_is_written_about_its_version_so_far() -> None:
    found = between(sections_of(UNDERLINED), "7.1.1-hotfix", "7.1.2-SNAPSHOT")
    assert [one.version for one in found] == ["7.1.2"]


def test_a_bundle_is_a_source_as_well(tmp_path: Path) -> None:
    with git.Repo(repository(tmp_path) / "openlmis-requisition") as repo:
        repo.git.bundle("create", str(tmp_path / "r.bundle"), "--all")
    assert "* two" in written("7.1.0", "7.1.1-hotfix", f"requisition={tmp_path / 'r.bundle'}")


def test_the_sections_between_two_versions_come_from_the_repository_at_the_newer_tag(tmp_path: Path) -> None:
    text = written("7.1.0", "7.1.1-hotfix", str(repository(tmp_path)))
    assert "* two" in text
    assert "* one" in text
    assert "* before" not in text
    assert "* three" not in text
    assert "`openlmis/requisition:7.1.0` → `openlmis/requisition:7.1.1-hotfix`" in text


def test_a_step_down_tells_what_is_taken_back(tmp_path: Path) -> None:
    text = written("7.1.1-hotfix", "7.1.0", f"requisition={repository(tmp_path) / 'openlmis-requisition'}")
    assert "what follows is taken back" in text
    assert "* two" in text


def test_without_sources_the_images_are_listed() -> None:
    assert "### requisition" in written("7.1.0", "7.1.1")


def test_a_source_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="does not exist"):
        parse_sources([f"auth={tmp_path}/nowhere"])
