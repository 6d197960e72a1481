"""`release`: make the last candidate the release, byte for byte, where policy allows it, and tag it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from olmis_release.cli.arguments import complete_release
from olmis_release.cli.asking import Asking, mirror_option, registry_of
from olmis_release.cli.examples import ExampleCommand
from olmis_release.cli.options import GLOBAL_HELP, global_options
from olmis_release.cli.result import NO_INSTANCE_TOUCHED, Result
from olmis_release.cli.session import Session
from olmis_release.cli.who import operator
from olmis_release.errors import BadInput, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from olmis_release.manifest.promotion import Chosen, Evidence, Overridden
    from olmis_release.manifest.repository import Repository


@click.command(
    cls=ExampleCommand,
    short_help="make the last candidate the release",
    epilog=GLOBAL_HELP,
    examples=[
        "olmis-release release 3.5.0+mw1",
        'olmis-release release 3.5.0+mw1 --override untagged-image --reason "Core names consul so; pinned by digest"',
    ],
)
@click.argument("release", shell_complete=complete_release)
@click.option("--override", "overrides", multiple=True, metavar="DEFECT", help="Let this defect pass; may be repeated.")
@click.option("--reason", default="", metavar="TEXT", help="Why --override; it is recorded beside the release.")
@mirror_option()
@click.option("--offline", is_flag=True, help="Do not ask the registry whether its tags still mean the same images.")
@click.option("--no-tag", is_flag=True, help="Neither commit nor tag the release in the workspace's repository.")
@global_options(hidden=True)
@click.pass_obj
def release(
    session: Session,
    *,
    release: str,
    overrides: tuple[str, ...],
    reason: str,
    mirrors: tuple[str, ...],
    offline: bool,
    no_tag: bool,
) -> Result:
    """Copy the last candidate of RELEASE byte for byte where policy allows it; a release is never overwritten."""
    from olmis_release.manifest.promotion import choose, refuse_overwriting

    if overrides and not reason.strip():
        raise UsageError("--override needs --reason.", resolution="Say why it may pass: --reason TEXT")
    chosen = choose(session.workspace, release)
    if refuse_overwriting(session.workspace, chosen):
        return _result(session, chosen, text="It is released already, with these very bytes.", written=False)
    repository = None if no_tag else _repository(session, chosen)
    evidence = _evidence(session, chosen)
    let = _judged(session, chosen, evidence, overrides=dict.fromkeys(map(_name, overrides), reason))
    if not offline:
        _verify(session, chosen, mirrors)
    commit = _write(session, chosen, repository, grounds=(evidence, let, not offline))
    return _result(session, chosen, text=_told(chosen, repository, commit), written=True, commit=commit)


def _name(override: str) -> str:
    """Return a defect's name, however it was typed."""
    lower = override.lower()
    return lower[2:] if lower.startswith(("e-", "w-")) else lower


def _tag(chosen: Chosen) -> str:
    return f"v{chosen.manifest.version}"


def _repository(session: Session, chosen: Chosen) -> Repository | None:
    """Return the repository that can take the tag.

    Raises:
        BadInput: It has the tag already, or git does not know who is at work.
    """
    from olmis_release.manifest.repository import Repository

    repository = Repository.of(session.workspace)
    if repository is None:
        session.warn("this workspace is in no git repository, so nothing is tagged.")
        return None
    if repository.has_tag(_tag(chosen)):
        raise BadInput.one(
            f"the workspace's repository has a tag {_tag(chosen)} already, and a release is never overwritten.",
            resolution="Take the next version, or find out what that tag is.",
            code="E-RELEASED",
        )
    repository.check_identity()
    if repository.has_changes(chosen.path):
        session.warn(f"{session.workspace.relative(chosen.path)} is not committed, so the tag will not hold it.")
    return repository


def _evidence(session: Session, chosen: Chosen) -> tuple[Evidence, ...]:
    """Return every good deploy of these very bytes to an instance for user acceptance."""
    from olmis_release.cli.evidence import uat_runs

    return uat_runs(session.workspace, chosen)


def _judged(
    session: Session, chosen: Chosen, evidence: Sequence[Evidence], *, overrides: dict[str, str]
) -> tuple[Overridden, ...]:
    from olmis_release.manifest.policy import load_policy
    from olmis_release.manifest.promotion import defects, judged, unproven

    policy = load_policy(session.workspace)
    found = [*defects(session.workspace, chosen, policy), *unproven(chosen, evidence)]
    said, let = judged(policy, found, overrides)
    for warning in said:
        session.warn(str(warning))
    return let


def _verify(session: Session, chosen: Chosen, mirrors: tuple[str, ...]) -> None:
    """Refuse when a tag means another image by now; open digests are the policy's business."""
    from olmis_release.manifest.verification import Standing, problems, verify

    registry = registry_of(session, mirrors)
    found = verify(chosen.manifest, digest_of=Asking(session, registry), has=registry.has)
    wrong = problems([one for one in found if one.standing is not Standing.OPEN])
    if wrong:
        raise BadInput(wrong)


def _write(
    session: Session,
    chosen: Chosen,
    repository: Repository | None,
    *,
    grounds: tuple[tuple[Evidence, ...], tuple[Overridden, ...], bool],
) -> str:
    """Write release and record, commit and tag them; return the commit, empty without a repository."""
    from olmis_release.clock import iso, now
    from olmis_release.manifest.promotion import Promotion, write_promotion

    evidence, let, verified = grounds
    promotion = Promotion(
        release=chosen.manifest.version,
        candidate=session.workspace.relative(chosen.path),
        sha256=chosen.sha256,
        released=iso(now()),
        by=operator(),
        verified=verified,
        evidence=evidence,
        overrides=let,
    )
    paths = write_promotion(session.workspace, chosen, promotion)
    if repository is None:
        return ""
    with _or_removed(paths):
        message = f"Release {chosen.manifest.version}\n\nManifest sha256 {chosen.sha256}\n"
        return repository.commit_and_tag(paths, message=message, tag=_tag(chosen))


@contextmanager
def _or_removed(paths: Sequence[Path]) -> Iterator[None]:
    """Remove what was written when git refuses it: a release is whole or is not."""
    try:
        yield
    except BaseException:
        for path in paths:
            path.unlink(missing_ok=True)
        raise


def _told(chosen: Chosen, repository: Repository | None, commit: str) -> str:
    tagged = f"Tagged {_tag(chosen)} at {commit[:12]}." if repository else "Nothing was tagged."
    return f"Released {chosen.manifest.version}: {chosen.path.name}, byte for byte (sha256 {chosen.sha256}).\n{tagged}"


def _result(session: Session, chosen: Chosen, *, text: str, written: bool, commit: str = "") -> Result:
    workspace, version = session.workspace, chosen.manifest.version
    path = workspace.relative(workspace.release(version))
    return Result(
        text=text,
        data={
            "release": version,
            "path": path,
            "candidate": workspace.relative(chosen.path),
            "sha256": chosen.sha256,
            "written": written,
            "tag": _tag(chosen) if commit else None,
            "commit": commit or None,
        },
        state=NO_INSTANCE_TOUCHED,
        next=f"olmis-release plan {version} --to INSTANCE",
        brief=path,
    )
