"""`why`: which statement gave a value of a release, at which commit, what it beat, and the reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from olmis_release.cli.arguments import complete_release
from olmis_release.cli.examples import ExampleCommand
from olmis_release.cli.options import GLOBAL_HELP, global_options
from olmis_release.cli.result import NOTHING_TOUCHED, Result
from olmis_release.cli.session import Session

if TYPE_CHECKING:
    from olmis_release.manifest.model import Beaten, Origin, ReleaseManifest
    from olmis_release.manifest.why import Explained
    from olmis_release.workspace import Workspace

NOT_COMMITTED = "not committed"


@click.command(
    cls=ExampleCommand,
    short_help="why a value of a release is what it is",
    epilog=GLOBAL_HELP,
    examples=[
        "olmis-release why 3.5.0+mw1 requisition.image",
        "olmis-release why 3.5.0+mw1 auth.environment.JAVA_OPTS",
        "olmis-release why 3.5.0+mw1 requisition        every value of it",
    ],
)
@click.argument("release", shell_complete=complete_release)
@click.argument("path", required=False, default="")
@global_options(hidden=True)
@click.pass_obj
def why(session: Session, *, release: str, path: str) -> Result:
    """Tell layer, file, line and commit of the value at PATH (or of every value below it), what it beat, and why."""
    from olmis_release.manifest.lock import load_release
    from olmis_release.manifest.why import explain

    workspace = session.workspace
    manifest, file = load_release(workspace, release)
    found = explain(manifest, path)
    commit_of = _commits(workspace, file)
    published = _published(workspace, manifest)
    return Result(
        text="\n".join([*_told(found, commit_of), *_source(found, published)]),
        data={
            "release": manifest.version,
            "file": workspace.relative(file),
            "core_source": published,
            "values": [_data(one, commit_of) for one in found],
        },
        state=NOTHING_TOUCHED,
        next=f"olmis-release diff {manifest.core} {manifest.version}",
    )


def _commits(workspace: Workspace, release_file: Path) -> Callable[[str, int], str]:
    """Return the question which commit a line comes from, as it was when the release file was committed."""
    from functools import cache

    from olmis_release.manifest.repository import Repository

    repository = Repository.of(workspace)
    at = repository.commit_of_file(release_file) if repository else ""

    @cache
    def commits(file: str) -> dict[int, str]:
        path = workspace.root / file
        if repository is None or not path.is_file():
            return {}
        return repository.commits_of_lines(path, at=at) or repository.commits_of_lines(path)

    def commit_of(file: str, line: int) -> str:
        known = commits(file)
        return known.get(line, NOT_COMMITTED if known and line else "")

    return commit_of


def _published(workspace: Workspace, manifest: ReleaseManifest) -> dict[str, str]:
    """Return where Core's own manifest was read from, nothing when it is not in the workspace any more."""
    from olmis_release.errors import BadInput
    from olmis_release.manifest.extension import load_core
    from olmis_release.manifest.lock import parse_release

    try:
        source = load_core(workspace, parse_release(manifest.core)).manifest.source
    except BadInput:
        return {}
    return source.model_dump(mode="json")


def _told(found: Sequence[Explained], commit_of: Callable[[str, int], str]) -> Iterator[str]:
    """Yield every value, and the dependencies that went with one component in one line."""
    edges: dict[str, list[str]] = {}
    for one in found:
        name, is_edge, gone = one.path.partition(".depends_on.")
        if len(found) > 1 and is_edge and one.value is None:
            edges.setdefault(gone, []).append(name)
        else:
            yield from _lines(one, commit_of)
    for gone, names in edges.items():
        yield f"{gone} is left out, so it is no longer waited for by {', '.join(names)}"


def _lines(one: Explained, commit_of: Callable[[str, int], str]) -> Iterator[str]:
    yield f"{one.path}: {'left out' if one.value is None else one.value}"
    yield f"  {_said(one.origin, commit_of)}"
    if one.origin.reason:
        yield f"  reason: {one.origin.reason}"
    for beaten in one.origin.beat:
        reason = f" ({beaten.reason})" if beaten.reason else ""
        yield f"  beat {beaten.value}: {_said(beaten, commit_of)}{reason}"


def _source(found: Sequence[Explained], published: dict[str, str]) -> Iterator[str]:
    """Yield where Core's values come from in the end, when any of them was told."""
    told = {layer for one in found for layer in (one.origin.layer, *(beaten.layer for beaten in one.origin.beat))}
    if "core" in told and published:
        source = published["repository"]
        yield f"core was read from {source} at {published['ref']}, commit {published['commit'][:12]}."


def _said(origin: Origin | Beaten, commit_of: Callable[[str, int], str]) -> str:
    place = f"{origin.file}:{origin.line}" if origin.line else origin.file
    commit = commit_of(origin.file, origin.line)
    if commit == NOT_COMMITTED:
        return f"{origin.layer}, {place}, not committed yet"
    return f"{origin.layer}, {place}" + (f", commit {commit[:12]}" if commit else "")


def _data(one: Explained, commit_of: Callable[[str, int], str]) -> dict[str, object]:
    beat = [{**beaten.model_dump(), "commit": _hash(commit_of(beaten.file, beaten.line))} for beaten in one.origin.beat]
    origin = one.origin.model_dump(exclude={"beat"})
    return {
        "path": one.path,
        "value": one.value,
        **origin,
        "commit": _hash(commit_of(one.origin.file, one.origin.line)),
        "beat": beat,
    }


def _hash(commit: str) -> str:
    return "" if commit == NOT_COMMITTED else commit
