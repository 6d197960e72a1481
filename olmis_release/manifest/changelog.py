"""What happened between two versions: the sections of the components' own changelogs, as one Markdown text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from olmis_release.manifest.comparison import Comparison, ImageChange
from olmis_release.manifest.diff import Difference
from olmis_release.manifest.model import ImageRef
from olmis_release.version import Order, compare_tags

ChangelogOf = Callable[[ImageChange], str | None]
"""The text of a component's changelog, None where it has none that we know."""

_ATX = re.compile(r" {0,3}#{1,4}[ \t]+(?P<title>.+?)[ \t#]*\Z")
_UNDERLINE = re.compile(r" {0,3}(?:=+|-{2,})[ \t]*\Z")
_FENCE = re.compile(r" {0,3}(?:```|~~~)")
_NUMBER = r"[\[(]?v?(?P<version>[0-9]+\.[0-9]+(?:\.[0-9]+)?[^\s\])/,:*]*)"
# `8.5.0 / 2025-01-31`, `[8.5.0] - 2025-01-31`, `Version 8.5.0`, `openlmis-requisition 8.5.0`
_VERSION = re.compile(rf"\**(?:[A-Za-z][\w-]*[ \t]+)?{_NUMBER}")
_DATED = r"(?:[ \t]*[/(–-]+[ \t]*(?:[0-9]{4}[-./][0-9]{1,2}[-./][0-9]{1,2}|WIP|unreleased)\)?)?"
# A line that is a version and at most its date: a heading by its look alone
_BARE = re.compile(rf" {{0,3}}\**{_NUMBER}[\])]?\**{_DATED}\**[ \t]*\Z", re.IGNORECASE)
_LINK = re.compile(r"\[[^\]]+\]:[ \t]*\S+")
_UNFINISHED = re.compile(r"-(?:SNAPSHOT|(?:RC|beta|alpha)[-.]?[0-9]*)(?:-SNAPSHOT)?\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What a changelog says about one version."""

    version: str
    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One component in a changelog.

    Attributes:
        change: What became of it.
        sections: Of its own changelog, newest first; for a step down what is taken back.
        remark: Why there are none.
    """

    change: ImageChange
    sections: tuple[Section, ...] = ()
    remark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changelog:
    """Everything between two sides; `compared` holds what has no changelog of its own."""

    a: str
    b: str
    entries: tuple[Entry, ...]
    compared: Comparison = field(repr=False)


def changelog(a: str, b: str, compared: Comparison, *, changelog_of: ChangelogOf) -> Changelog:
    """Return what happened between two sides, by component."""
    entries = tuple(_entry(change, changelog_of) for change in compared.changed)
    return Changelog(a=a, b=b, entries=entries, compared=compared)


def _entry(change: ImageChange, changelog_of: ChangelogOf) -> Entry:
    if change.change is not Difference.CHANGED or change.before is None or change.after is None:
        return Entry(change=change)
    text = changelog_of(change)
    if text is None:
        return Entry(change=change)
    if change.direction is Order.UNKNOWN:
        return Entry(change=change, remark="These two versions have no order, so no sections can be chosen.")
    low, high = change.before.tag, change.after.tag
    if change.direction is Order.DOWN:
        low, high = high, low
    found = tuple(between(sections_of(text), low, high))
    return Entry(change=change, sections=found, remark="" if found else "Its changelog says nothing about them.")


def sections_of(text: str) -> Iterator[Section]:
    """Yield the sections of a changelog whose heading begins with a version, in file order.

    Headings are ``## 8.5.0 / 2025-01-31``, ``## [8.5.0] - 2025-01-31``, a line underlined with ``=`` or ``-``, or a
    line that is nothing but a version and its date.
    """
    lines = text.removeprefix("\ufeff").splitlines()
    heads = [(number, title, match) for number, title in _headings(lines) if (match := _VERSION.match(title))]
    ends = [*(number for number, _, _ in heads), len(lines)][1:]
    for (start, title, match), end in zip(heads, ends, strict=True):
        body = lines[start + 1 : end]
        if body and _UNDERLINE.match(body[0]):
            body = body[1:]
        yield Section(version=match["version"], title=title.strip().strip("*"), lines=tuple(_trimmed(body)))


def _headings(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield line number and title of what looks like a heading, outside of code."""
    fenced = False
    for number, line in enumerate(lines):
        if _FENCE.match(line):
            fenced = not fenced
        elif fenced:
            continue
        elif atx := _ATX.match(line):
            yield number, atx["title"]
        elif _BARE.match(line) or (line.strip() and number + 1 < len(lines) and _UNDERLINE.match(lines[number + 1])):
            yield number, line.strip()


def _trimmed(lines: Sequence[str]) -> Sequence[str]:
    """Return lines without blank ones, and without the targets of links, at either end."""
    kept = [number for number, line in enumerate(lines) if line.strip() and not _LINK.match(line)]
    return lines[kept[0] : kept[-1] + 1] if kept else ()


def between(sections: Iterable[Section], low: str, high: str) -> Iterator[Section]:
    """Yield the sections of versions above `low`, up to and with `high`.

    An unfinished version (``8.5.0-SNAPSHOT``) has what the section of the version it is to become says so far.
    """
    high = _UNFINISHED.sub("", high)
    for section in sections:
        above = compare_tags(low, section.version) is Order.UP
        within = compare_tags(section.version, high) in {Order.UP, Order.SAME}
        if above and within:
            yield section


_GROUPS = {
    Difference.CHANGED: "Changed components",
    Difference.ADDED: "New components",
    Difference.REMOVED: "Removed components",
}


def markdown(log: Changelog) -> str:
    """Return a changelog as Markdown."""
    return "\n".join(_markdown(log)).rstrip() + "\n"


def _markdown(log: Changelog) -> Iterator[str]:
    yield from (f"# From {log.a} to {log.b}", "")
    if log.compared.is_empty:
        yield "Nothing differs."
    for change, title in _GROUPS.items():
        entries = [entry for entry in log.entries if entry.change.change is change]
        if entries:
            yield from (f"## {title}", "")
        for entry in entries:
            yield from _component(entry)
    if log.compared.configuration:
        yield from ("## Configuration", "")
        for value in log.compared.configuration:
            yield f"- `{value.component}.{value.path}`: {_code(value.before)} → {_code(value.after)}"


def _component(entry: Entry) -> Iterator[str]:
    one = entry.change
    images = [_code(_image(side)) for side in (one.before, one.after) if side]
    yield from (f"### {one.name}", "", " → ".join(images) + _notes(entry), "")
    if entry.remark:
        yield from (entry.remark, "")
    for section in entry.sections:
        yield from (f"#### {section.title}", "", *section.lines, "")


def _notes(entry: Entry) -> str:
    one = entry.change
    notes = [f"replaces {one.replaces}"] if one.replaces else []
    notes += ["**an older version**; what follows is taken back"] if one.direction is Order.DOWN else []
    notes += ["**another major version of a program that keeps data**"] if "stateful-major" in one.flags else []
    return f" ({'; '.join(notes)})" if notes else ""


def _image(image: ImageRef) -> str:
    return image.written


def _code(text: str | None) -> str:
    return "none" if text is None else f"`{text}`"
