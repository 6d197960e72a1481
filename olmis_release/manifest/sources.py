"""The changelogs of components: from their repositories, at the version wanted where that is a tag there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from olmis_release.errors import BadInput
from olmis_release.manifest.comparison import ImageChange
from olmis_release.manifest.importers.source import Source, open_source
from olmis_release.manifest.model import ImageRef
from olmis_release.version import Order

NAMES = ("CHANGELOG.md", "CHANGELOG.MD", "Changelog.md", "changelog.md", "CHANGES.md", "CHANGELOG")
_LIMIT_BYTES = 1024 * 1024
_URL = re.compile(r"[a-z]+://|[\w.-]+@[\w.-]+:")


class Sources:
    """Finds the repository (or plain folder, or changelog file) of a component.

    Args:
        named: Component to where its repository is: a folder, bundle or git URL, or its changelog file.
        folders: Folders that hold repositories under the component's or its image's name, ``openlmis-`` before it
            or not.
    """

    def __init__(self, named: Mapping[str, str], folders: Sequence[Path]) -> None:
        """Keep where to look."""
        self._named = dict(named)
        self._folders = tuple(folders)

    def changelog_of(self, change: ImageChange) -> str | None:
        """Return the newer version's changelog, as its tag has it or as it lies there; None without a source."""
        place = self._place(change)
        newer = change.before if change.direction is Order.DOWN else change.after
        return _read(place, newer.tag) if place and newer else None

    def _place(self, change: ImageChange) -> str | None:
        if change.name in self._named:
            return self._named[change.name]
        candidates = (folder / name for folder in self._folders for name in _names(change))
        return next((str(path) for path in candidates if path.exists()), None)


def _names(change: ImageChange) -> Iterator[str]:
    images = [image.path.rpartition("/")[2] for image in (change.after, change.before) if isinstance(image, ImageRef)]
    for name in dict.fromkeys((change.name, *images)):
        yield from (
            name,
            f"openlmis-{name}",
            *(f"{prefix}{name}.{kind}" for kind in ("git", "bundle", "md") for prefix in ("", "openlmis-")),
        )


def _read(place: str, tag: str) -> str | None:
    """Return the changelog at a version's tag, else at HEAD, else as it lies there."""
    if Path(place).is_file() and not place.endswith(".bundle"):
        return _text(Path(place).read_bytes()[:_LIMIT_BYTES])
    with open_source(place) as source:
        refs = (f"refs/tags/v{tag}", f"refs/tags/{tag}", None) if source.repository else (None,)
        return next(_texts(source, refs), None)


def _texts(source: Source, refs: Sequence[str | None]) -> Iterator[str]:
    for ref in refs:
        with suppress(BadInput):  # there is no such tag
            tree = source.at(ref)
            yield from (_text(data) for name in NAMES if (data := tree.read(name)) is not None)


def _text(data: bytes) -> str:
    return data.decode("utf-8", errors="replace")


def parse_sources(given: Sequence[str]) -> Sources:
    """Read ``--sources`` entries: a folder of repositories, or ``COMPONENT=PATH``, or ``COMPONENT=URL``.

    Raises:
        BadInput: A path does not exist.
    """
    named: dict[str, str] = {}
    folders: list[Path] = []
    for entry in given:
        component, equals, rest = ("", "", entry) if Path(entry).exists() else entry.partition("=")
        place = rest if equals else entry
        if not Path(place).exists() and not (equals and _URL.match(place)):
            raise BadInput.one(
                f"--sources {entry}: {place} does not exist.",
                resolution="Name a folder of repositories, or COMPONENT=PATH (or a git URL).",
                code="E-SOURCE",
            )
        if equals:
            named[component] = place
        else:
            folders.append(Path(place))
    return Sources(named, folders)
