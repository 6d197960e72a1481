"""The changelogs of components: from their repositories, at the version wanted where that is a tag there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import git

from olmis_release.errors import BadInput
from olmis_release.manifest.comparison import ImageChange
from olmis_release.manifest.model import ImageRef
from olmis_release.version import Order

NAMES = ("CHANGELOG.md", "CHANGELOG.MD", "Changelog.md", "changelog.md", "CHANGES.md", "CHANGELOG")
_LIMIT_BYTES = 8 * 1024 * 1024


class Sources:
    """Finds the repository (or plain folder, or changelog file) of a component.

    Args:
        named: Component to where its repository is.
        folders: Folders that hold repositories under the component's or its image's name, ``openlmis-`` before it
            or not.
    """

    def __init__(self, named: Mapping[str, Path], folders: Sequence[Path]) -> None:
        """Keep where to look."""
        self._named = dict(named)
        self._folders = tuple(folders)

    def changelog_of(self, change: ImageChange) -> str | None:
        """Return the newer version's changelog, as its tag has it or as it lies there; None without a source."""
        place = self._place(change)
        newer = change.before if change.direction is Order.DOWN else change.after
        if place is None or newer is None:
            return None
        return _at_tag(place, newer.tag) or _as_it_lies(place)

    def _place(self, change: ImageChange) -> Path | None:
        if change.name in self._named:
            return self._named[change.name]
        candidates = (folder / name for folder in self._folders for name in _names(change))
        return next((path for path in candidates if path.exists()), None)


def _names(change: ImageChange) -> Iterator[str]:
    images = [image.path.rpartition("/")[2] for image in (change.after, change.before) if isinstance(image, ImageRef)]
    for name in dict.fromkeys((change.name, *images)):
        yield from (name, f"openlmis-{name}", f"{name}.git", f"openlmis-{name}.git", f"{name}.md")


def _at_tag(place: Path, tag: str) -> str | None:
    """Return the changelog at a version's tag, else at HEAD; None where the place is no repository or has neither."""
    try:
        repository = git.Repo(place)
    except (git.InvalidGitRepositoryError, git.NoSuchPathError):
        return None
    with repository:
        return next(_texts(repository, (f"refs/tags/v{tag}", f"refs/tags/{tag}", "HEAD")), None)


def _texts(repository: git.Repo, revisions: Sequence[str]) -> Iterator[str]:
    for revision in revisions:
        for name in NAMES:
            with suppress(git.GitCommandError):
                yield str(repository.git.show(f"{revision}:{name}"))


def _as_it_lies(place: Path) -> str | None:
    files = [place] if place.is_file() else [place / name for name in NAMES]
    path = next((file for file in files if file.is_file()), None)
    if path is None:
        return None
    with path.open("rb") as file:
        return file.read(_LIMIT_BYTES).decode("utf-8", errors="replace")


def parse_sources(given: Sequence[str]) -> Sources:
    """Read ``--sources`` entries: a folder of repositories, or ``COMPONENT=PATH``.

    Raises:
        BadInput: A path does not exist.
    """
    named: dict[str, Path] = {}
    folders: list[Path] = []
    for entry in given:
        component, equals, rest = entry.partition("=")
        path = Path(rest if equals else entry)
        if not path.exists():
            raise BadInput.one(
                f"--sources {entry}: {path} does not exist.",
                resolution="Name a folder of repositories, or COMPONENT=PATH.",
                code="E-SOURCE",
            )
        if equals:
            named[component] = path
        else:
            folders.append(path)
    return Sources(named, folders)
