"""The canonical bytes of a release manifest, its name by content, and the files that hold it."""

from __future__ import annotations

import hashlib
import re
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from olmis_release.errors import BadInput
from olmis_release.manifest.model import ReleaseManifest
from olmis_release.text import did_you_mean, listed
from olmis_release.version import ReleaseVersion
from olmis_release.workspace import Workspace
from olmis_release.yamlio import read_model, read_yaml, write_yaml
from olmis_release.yamlio.guard import RELEASE, decode, events

_SURELY_READ = 100_000
_CANDIDATE = re.compile(r"rc([1-9][0-9]{0,8})\.yml\Z")


def canonical(manifest: ReleaseManifest) -> str:
    """Return the one YAML text of a manifest: fixed order of fields, sorted names, defaults left out."""
    plain = manifest.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    explained = {key: dict(sorted(plain[key].items())) for key in ("origin", "dropped") if key in plain}
    components = {name: _component(value) for name, value in sorted(plain.pop("components").items())}
    head = {"kind": manifest.kind, "schema": manifest.schema_number}
    return write_yaml(
        head | {key: _sorted(value) for key, value in plain.items()} | explained | {"components": components}
    )


def _component(plain: dict[str, Any]) -> dict[str, Any]:
    """Sort what the fields hold, and leave image and origins in the model's own order of fields."""
    sorted_values = {key: value if key == "image" else _sorted(value) for key, value in plain.items()}
    return sorted_values | {"origin": dict(sorted(plain.get("origin", {}).items()))}


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def readable(manifest: ReleaseManifest) -> str:
    """Return the canonical text, once it is sure that it can be read again.

    Raises:
        BadInput: It is larger than a release manifest may be.
    """
    text = canonical(manifest)
    if len(text) < _SURELY_READ:
        return text
    try:
        deque(events(decode(text.encode(), shown_as="", limits=RELEASE), shown_as="", limits=RELEASE), maxlen=0)
    except BadInput:
        raise BadInput.one(
            f"{manifest.version} has {len(manifest.components):,} components, and its manifest would be too large "
            f"({RELEASE.size:,} bytes or {RELEASE.nodes:,} values at most).",
            resolution="Are the right manifests merged? No host runs that many; nothing was written.",
            code="E-TOO-MANY",
        ) from None
    return text


def sha256_of(manifest: ReleaseManifest) -> str:
    """Return the SHA-256 of the canonical bytes, which is the manifest's name by content."""
    return hashlib.sha256(canonical(manifest).encode()).hexdigest()


def read_release(path: Path, *, shown_as: str) -> ReleaseManifest:
    """Read a candidate or release.

    Raises:
        BadInput: It cannot be read as a release manifest.
    """
    return read_model(ReleaseManifest, read_yaml(path, shown_as=shown_as, limits=RELEASE))


def parse_release(text: str) -> ReleaseVersion:
    """Read a release version as typed.

    Raises:
        BadInput: It is none; the message shows one.
    """
    try:
        return ReleaseVersion.parse(text)
    except ValueError as error:
        raise BadInput.one(
            f"{error}.", resolution="Name a release such as 3.5.0+mw1.", code="E-RELEASE-VERSION"
        ) from None


def newest_candidate(workspace: Workspace, release: str) -> tuple[int, Path] | None:
    """Return number and path of a release's newest candidate, None when it has none."""
    found = [(int(match[1]), path) for path, match in _candidates(workspace.candidates(release)) if match]
    return max(found, default=None)


def _candidates(folder: Path) -> Iterable[tuple[Path, re.Match[str] | None]]:
    return [(path, _CANDIDATE.match(path.name)) for path in folder.glob("rc*.yml")]


def known_releases(workspace: Workspace) -> tuple[str, ...]:
    """Return every version that has a release or candidate file, oldest first."""
    manifests = workspace.root / "manifests"
    names = {path.stem for path in (manifests / "releases").glob("*.yml")}
    names |= {path.parent.name for path in (manifests / "candidates").glob("*/rc*.yml")}
    return tuple(str(version) for version in sorted(filter(None, map(_version_or_none, names))))


def _version_or_none(name: str) -> ReleaseVersion | None:
    try:
        return ReleaseVersion.parse(name)
    except ValueError:
        return None


def load_release(workspace: Workspace, release: str) -> tuple[ReleaseManifest, Path]:
    """Return a release, or its newest candidate while it has not been released, with the file's path.

    Raises:
        BadInput: There is none; lists those that exist. Or its file is damaged.
    """
    version = str(parse_release(release))
    path = workspace.release(version)
    if not path.exists():
        newest = newest_candidate(workspace, version)
        if newest is None:
            raise _absent(workspace, version)
        path = newest[1]
    manifest = read_release(path, shown_as=workspace.relative(path))
    if manifest.version != version:
        raise BadInput.one(
            f"{workspace.relative(path)} is version {manifest.version}, not {version}.",
            resolution="Put the file where its version belongs, or make the candidate again.",
            code="E-RELEASE-MISPLACED",
        )
    return manifest, path


def _absent(workspace: Workspace, release: str) -> BadInput:
    known = known_releases(workspace)
    near = did_you_mean(release, known)
    return BadInput.one(
        f"there is neither a release nor a candidate {release}. {near}".rstrip(),
        resolution=f"There are: {listed(known)}. Make it: olmis-release candidate {release}",
        code="E-UNKNOWN-RELEASE",
    )
