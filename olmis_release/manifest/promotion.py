"""Promotion: what a candidate must be to become the release, and the one file that does not say it by itself."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from olmis_release.errors import BadInput, Problem, Severity, Where
from olmis_release.manifest.defects.release import context_of, find_in_release
from olmis_release.manifest.extension import load_core, load_extension
from olmis_release.manifest.findings import Findings
from olmis_release.manifest.freshness import check_canonical
from olmis_release.manifest.lock import known_releases, load_release, newest_candidate, parse_release, read_release
from olmis_release.manifest.merge import merge
from olmis_release.manifest.model import ReleaseManifest, Strict
from olmis_release.manifest.policy import DEFAULTS, Policy, Stage, defect_of
from olmis_release.text import did_you_mean, listed
from olmis_release.workspace import Workspace


class Overridden(Strict):
    """A defect that policy would have refused, and why it was let pass."""

    defect: str
    message: str
    reason: str


class Evidence(Strict):
    """A good run of these very bytes on an instance for user acceptance."""

    instance: str
    plan: str
    run: str
    ended: str


class Promotion(Strict):
    """``releases/<version>.json``: who made a candidate the release, on what grounds.

    Attributes:
        candidate: Path of the file whose bytes were taken, `sha256` their SHA-256.
        verified: The registry was asked, and every tag still means the digest recorded.
        released: UTC, ISO 8601.
    """

    format_version: str = "1.0"
    release: str
    candidate: str
    sha256: str
    released: str
    by: str
    verified: bool
    evidence: tuple[Evidence, ...] = ()
    overrides: tuple[Overridden, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The candidate that is to be promoted: its bytes are what counts."""

    manifest: ReleaseManifest
    path: Path
    data: bytes

    @property
    def sha256(self) -> str:
        """SHA-256 of the bytes."""
        return hashlib.sha256(self.data).hexdigest()


def choose(workspace: Workspace, release: str) -> Chosen:
    """Return a release's newest candidate.

    Raises:
        BadInput: There is none, or it is not canonical.
    """
    version = str(parse_release(release))
    newest = newest_candidate(workspace, version)
    if newest is None:
        load_release(workspace, version)  # says what there is
        raise BadInput.one(
            f"{version} is released, and its candidates are gone.",
            resolution=f"olmis-release verify {version}",
            code="E-RELEASED",
        )
    path, findings = newest[1], Findings()
    shown_as = workspace.relative(path)
    manifest = read_release(path, shown_as=shown_as)
    check_canonical(path, manifest, shown_as=shown_as, findings=findings)
    findings.raise_errors()
    return Chosen(manifest=manifest, path=path, data=path.read_bytes())


def refuse_release_of(workspace: Workspace, release: str) -> None:
    """Refuse to make candidates of a version that is released.

    Raises:
        BadInput: It is.
    """
    path = workspace.release(release)
    if path.exists():
        raise BadInput.one(
            f"{release} is released, and a release is never overwritten.",
            where=Where(file=workspace.relative(path)),
            resolution="Take the next version.",
            code="E-RELEASED",
        )


def refuse_overwriting(workspace: Workspace, chosen: Chosen) -> bool:
    """Return whether these bytes are the release already.

    Raises:
        BadInput: Other bytes are.
    """
    path = workspace.release(chosen.manifest.version)
    if not path.exists():
        return False
    if path.read_bytes() == chosen.data:
        return True
    version = parse_release(chosen.manifest.version)
    follow = f"{version.core}+{version.name}{version.revision + 1}" if version.name else "another version"
    raise BadInput.one(
        f"{version} was released with other bytes, and a release is never overwritten.",
        where=Where(file=workspace.relative(path)),
        resolution=f"Release {workspace.relative(chosen.path)} as {follow}.",
        code="E-RELEASED",
    )


def defects(workspace: Workspace, chosen: Chosen, policy: Policy) -> Iterator[Problem]:
    """Yield what is doubtful in the candidate itself, seen from the release before it, and overrides without use."""
    context = context_of(policy, earlier=_released_before(workspace, chosen.manifest.version))
    yield from find_in_release(chosen.manifest, context)
    yield from _unused_overrides(workspace, chosen.manifest)


def _released_before(workspace: Workspace, release: str) -> ReleaseManifest | None:
    version = parse_release(release)
    earlier = [
        one for one in map(parse_release, known_releases(workspace)) if one < version and one.name == version.name
    ]
    path = next((path for one in reversed(earlier) if (path := workspace.release(str(one))).exists()), None)
    return read_release(path, shown_as=workspace.relative(path)) if path else None


def _unused_overrides(workspace: Workspace, manifest: ReleaseManifest) -> Iterator[Problem]:
    """Yield the overrides that the layers state in vain, as far as the layers can still be merged."""
    version = parse_release(manifest.version)
    try:
        merged = merge(load_core(workspace, version), load_extension(workspace, version), version=manifest.version)
    except BadInput:
        return
    yield from (problem for problem in merged.warnings if defect_of(problem.code) == "unused-override")


def unproven(chosen: Chosen, evidence: Sequence[Evidence]) -> Iterator[Problem]:
    """Yield what the release cannot show: digests, and a good run on UAT."""
    for name, component in chosen.manifest.components.items():
        if component.image.digest is None:
            origin = component.origin.get("image")
            where = Where(file=origin.file, line=origin.line) if origin else None
            yield _defect("open-digest", f"{name}: nobody asked a registry what {component.image} means.", where)
    if not evidence:
        yield _defect("no-uat-evidence", "these very bytes were never deployed and accepted on a UAT instance.", None)


def _defect(name: str, message: str, where: Where | None) -> Problem:
    ways = {
        "open-digest": f"{_MAKE_AGAIN} without --offline.",
        "no-uat-evidence": "Deploy the candidate to an instance with `purpose: uat` first.",
    }
    code, way = f"W-{name.upper()}", ways[name]
    return Problem(code=code, message=message, resolution=way, where=where, severity=Severity.WARNING)


_MAKE_AGAIN = "Make the candidate again"


def judged(
    policy: Policy, problems: Iterable[Problem], overrides: Mapping[str, str]
) -> tuple[tuple[Problem, ...], tuple[Overridden, ...]]:
    """Return what is to be said, and what policy refuses but was overridden.

    Args:
        policy: The workspace's.
        problems: Everything found in the candidate.
        overrides: Defect to the reason why it may pass.

    Raises:
        BadInput: Refusals that nobody overrode, or overrides of what is not refused.
    """
    every = policy.judge(problems, Stage.RELEASE)
    refused = [problem for problem in every if problem.severity is Severity.ERROR]
    let = [problem for problem in refused if defect_of(problem.code) in overrides]
    _refuse([problem for problem in refused if problem not in let])
    _check_used(overrides, {defect_of(problem.code) for problem in let})
    said = tuple(problem for problem in every if problem.severity is Severity.WARNING)
    return said, tuple(
        Overridden(defect=defect_of(problem.code), message=str(problem), reason=overrides[defect_of(problem.code)])
        for problem in let
    )


def _refuse(problems: Sequence[Problem]) -> None:
    if not problems:
        return
    names = dict.fromkeys(name for problem in problems if (name := defect_of(problem.code)) in DEFAULTS)
    options = " ".join(f"--override {name}" for name in names)
    way = f"Correct them; or, where that is agreed, add {options} --reason TEXT." if options else "Correct them."
    raise BadInput(problems, resolution=way)


def _check_used(overrides: Mapping[str, str], used: set[str]) -> None:
    findings = Findings()
    for name in overrides.keys() - used:
        advice = (
            "Leave it out." if name in DEFAULTS else did_you_mean(name, DEFAULTS) or f"There are {listed(DEFAULTS)}."
        )
        findings.error(
            "E-UNUSED-OVERRIDE", f"--override {name}: nothing of the kind is refused.", where=None, do=advice
        )
    findings.raise_errors()


def record_path(workspace: Workspace, release: str) -> Path:
    """Return where the promotion of a release is recorded."""
    return workspace.release(release).with_suffix(".json")


def write_promotion(workspace: Workspace, chosen: Chosen, promotion: Promotion) -> tuple[Path, Path]:
    """Copy the candidate's bytes to the release, and the record beside it; neither replaces a file.

    Raises:
        BadInput: One of them is there already, or cannot be written; then neither was written.
    """
    release, record = workspace.release(promotion.release), record_path(workspace, promotion.release)
    written: list[Path] = []
    try:
        release.parent.mkdir(parents=True, exist_ok=True)
        for path, data in ((release, chosen.data), (record, promotion.model_dump_json(indent=2).encode() + b"\n")):
            with path.open("xb") as file:
                written.append(path)
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
    except OSError as error:
        for path in written:
            path.unlink(missing_ok=True)
        raise BadInput.one(
            f"{error.filename or release} cannot be written: {error.strerror}.",
            resolution="A release is never overwritten; check what is there, the folder's rights and its disk.",
            code="E-UNWRITABLE",
        ) from error
    return release, record
