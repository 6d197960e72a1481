"""Changelogs from two sides and the components' own."""

from pathlib import Path

import git
import pytest

from olmis_release.errors import BadInput
from olmis_release.manifest.changelog import changelog, markdown, sections_of
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
