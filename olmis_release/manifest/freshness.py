"""Whether a candidate still says what its layers say, in the one form in which candidates are written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from olmis_release.errors import BadInput, Where
from olmis_release.manifest.diff import Difference, compare
from olmis_release.manifest.digests import with_known_digests
from olmis_release.manifest.extension import load_core, load_extension
from olmis_release.manifest.findings import Findings
from olmis_release.manifest.lock import (
    canonical,
    load_release,
    newest_candidate,
    parse_release,
    read_release,
    sha256_of,
)
from olmis_release.manifest.merge import Override, merge
from olmis_release.manifest.model import Component, ReleaseManifest
from olmis_release.manifest.patching import prove_only
from olmis_release.manifest.provenance import COMMAND_LINE
from olmis_release.workspace import Workspace


def check_candidate(workspace: Workspace, release: str) -> tuple[ReleaseManifest, Path]:
    """See that a release's newest candidate is canonical and what its layers make today; nothing is written.

    Returns:
        The candidate and its file.

    Raises:
        BadInput: There is none, or everything in which it differs.
    """
    version = str(parse_release(release))
    newest = newest_candidate(workspace, version)
    if newest is None:
        load_release(workspace, version)  # says what there is
        raise BadInput.one(
            f"{version} is released and has no candidate any more.",
            resolution=f"olmis-release verify {version}",
            code="E-UNKNOWN-RELEASE",
        )
    path = newest[1]
    shown_as = workspace.relative(path)
    manifest = read_release(path, shown_as=shown_as)
    findings = Findings()
    check_canonical(path, manifest, shown_as=shown_as, findings=findings)
    if manifest.patch:
        _check_base(workspace, manifest, shown_as=shown_as, findings=findings)
    else:
        _check_layers(workspace, manifest, shown_as=shown_as, findings=findings)
    findings.raise_errors()
    return manifest, path


def check_canonical(path: Path, manifest: ReleaseManifest, *, shown_as: str, findings: Findings) -> None:
    """Note the first line in which a file is not as this tool writes it."""
    wanted, found = canonical(manifest).encode(), path.read_bytes()
    if wanted == found:
        return
    pairs = enumerate(zip(wanted.split(b"\n"), found.split(b"\n"), strict=False), start=1)
    line = next((number for number, (one, other) in pairs if one != other), 0)
    message = "the file is not in canonical form: somebody or something wrote into it."
    where = Where(file=shown_as, line=line)
    findings.error("E-NOT-CANONICAL", message, where=where, do="Put it back from version control, or make it again.")


def _check_layers(workspace: Workspace, manifest: ReleaseManifest, *, shown_as: str, findings: Findings) -> None:
    """Note every difference between a candidate and what its layers make today."""
    version = parse_release(manifest.version)
    core, extension = load_core(workspace, version), load_extension(workspace, version)
    merged = merge(core, extension, tuple(_said_on_command_line(manifest)), version=manifest.version)
    fresh = with_known_digests(merged.manifest, manifest)
    if canonical(fresh) == canonical(manifest):
        return
    way = f"Make the next candidate: olmis-release candidate {manifest.version}"
    differences = list(_differences(manifest, fresh))
    for what, place in differences:
        findings.error("E-DRIFT", f"{what}.", where=place or Where(file=shown_as), do=way)
    if not differences:
        message = "the layers say the same, in other places or with other reasons than it tells."
        findings.error("E-DRIFT", message, where=Where(file=shown_as), do=way)


def _said_on_command_line(manifest: ReleaseManifest) -> Iterator[Override]:
    for name, component in manifest.components.items():
        origin = component.origin.get("image")
        if origin and origin.layer == COMMAND_LINE:
            yield Override(component=name, tag=component.image.tag, reason=origin.reason)


def _differences(old: ReleaseManifest, new: ReleaseManifest) -> Iterator[tuple[str, Where | None]]:
    for one in compare(old, new):
        if one.change is Difference.UNCHANGED:
            continue
        if one.before is None or one.after is None:
            gone = one.after is None
            yield (
                f"{one.name} is {'no longer in the layers' if gone else 'in the layers and not in the candidate'}",
                None,
            )
        else:
            yield from ((f"{one.name}.{value} differs", _place(one.after, value)) for value in one.values)
    for field in ("variables", "volumes", "networks", "constraints"):
        before, after = getattr(old, field), getattr(new, field)
        for name in sorted(before.keys() | after.keys()):
            if name not in before or name not in after or before[name] != after[name]:
                origin = new.origin.get(f"{field}.{name}")
                yield f"{field}.{name} differs", Where(file=origin.file, line=origin.line) if origin else None


def _place(component: Component, path: str) -> Where | None:
    while path and path not in component.origin:
        path = path.rpartition(".")[0]
    origin = component.origin.get(path)
    return Where(file=origin.file, line=origin.line) if origin else None


def _check_base(workspace: Workspace, manifest: ReleaseManifest, *, shown_as: str, findings: Findings) -> None:
    """See that an emergency candidate still differs from its base in what it names only."""
    patch = manifest.patch
    assert patch is not None  # noqa: S101 - the caller asked
    base, path = load_release(workspace, patch.base)
    if sha256_of(base) != patch.base_sha256:
        message = f"{workspace.relative(path)} is not the {patch.base} that this emergency was made from."
        findings.error("E-DRIFT", message, where=Where(file=shown_as), do="Make the emergency candidate again.")
    prove_only(base, manifest, named=patch.components)
