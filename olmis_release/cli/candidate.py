"""`candidate`: merge a Core release with the country's extension into one manifest, every image pinned by digest."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

from olmis_release.cli.asking import Asking, mirror_option, registry_of
from olmis_release.cli.examples import ExampleCommand
from olmis_release.cli.options import GLOBAL_HELP, global_options
from olmis_release.cli.result import NO_INSTANCE_TOUCHED, Result
from olmis_release.cli.session import Session
from olmis_release.errors import UsageError
from olmis_release.text import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from olmis_release.manifest.candidate import CandidateResult
    from olmis_release.manifest.model import Component, ReleaseManifest

STAGES = ("development", "uat", "release")


@click.command(
    cls=ExampleCommand,
    short_help="merge Core and the extension into one pinned manifest",
    epilog=GLOBAL_HELP,
    examples=[
        "olmis-release candidate 3.5.0+mw1",
        "olmis-release candidate 3.5.0+mw1 --check       is the last one still what the manifests say?",
        "olmis-release candidate 3.5.0+mw2 --set requisition=7.1.1-hotfix.2 --reason MW-901",
    ],
)
@click.argument("release")
@click.option("--set", "overrides", multiple=True, metavar="COMPONENT=TAG", help="Use this tag; may be repeated.")
@click.option("--reason", default="", metavar="TEXT", help="Why --set goes against the manifests.")
@mirror_option()
@click.option(
    "--stage",
    type=click.Choice(STAGES),
    default="development",
    metavar="STAGE",
    help="Refuse what manifests/policy.yml refuses for development (default), uat or release.",
)
@click.option(
    "--offline", is_flag=True, help="Ask no registry: digests on record are taken over, the others stay open."
)
@click.option("--check", is_flag=True, help="Write nothing; end with 15 unless the last candidate is what this makes.")
@global_options(hidden=True)
@click.pass_obj
def candidate(
    session: Session,
    *,
    release: str,
    overrides: tuple[str, ...],
    reason: str,
    mirrors: tuple[str, ...],
    stage: str,
    offline: bool,
    check: bool,
) -> Result:
    """Merge the manifests of RELEASE into a candidate; when nothing changed, nothing is written."""
    if check:
        return _checked(session, release, overrides=overrides)
    from olmis_release.manifest.candidate import make_candidate
    from olmis_release.manifest.policy import Stage

    made = make_candidate(
        session.workspace,
        release,
        digest_of=None if offline else Asking(session, registry_of(session, mirrors)),
        overrides=_overrides(overrides),
        reason=reason,
        stage=Stage(stage),
    )
    for warning in made.warnings:
        session.warn(str(warning))
    return _result(session, made, offline=offline)


def _checked(session: Session, release: str, *, overrides: tuple[str, ...]) -> Result:
    """Say that the last candidate is canonical and up to date; what it says of --set is taken from itself."""
    from olmis_release.manifest.freshness import check_candidate
    from olmis_release.manifest.lock import sha256_of

    if overrides:
        raise UsageError("--check takes no --set: the candidate tells itself.", resolution="Leave one of them out.")
    manifest, file = check_candidate(session.workspace, release)
    path = session.workspace.relative(file)
    return Result(
        text=f"{path} is canonical, and what its layers say today.",
        data={"release": manifest.version, "path": path, "sha256": sha256_of(manifest), "pinned": manifest.pinned},
        state=NO_INSTANCE_TOUCHED,
        next=_next(session, manifest),
        brief=path,
    )


def _overrides(texts: tuple[str, ...]) -> list[tuple[str, str]]:
    found = [_override(text) for text in texts]
    twice = [name for name, count in Counter(name for name, _ in found).items() if count > 1]
    if twice:
        raise UsageError(f"--set names {listed(twice)} more than once.", resolution="Give each component one tag.")
    return found


def _override(text: str) -> tuple[str, str]:
    component, equals, tag = text.partition("=")
    if not (component and equals and tag):
        raise UsageError(f"--set {text}: write COMPONENT=TAG.", resolution="For example --set requisition=7.1.1")
    return component, tag


def _result(session: Session, made: CandidateResult, *, offline: bool) -> Result:
    workspace, manifest = session.workspace, made.manifest
    file = made.path or made.same_as
    path = workspace.relative(file) if file else ""
    ending = f"Wrote {path}" if made.path else f"Nothing changed since {path}; nothing written."
    parts = [
        _table(manifest),
        _counts(manifest),
        *_changes(made),
        *(_asked_nobody(manifest) if offline else ()),
        ending,
    ]
    return Result(
        text="\n".join(parts),
        data={
            "release": manifest.version,
            "number": made.number,
            "path": path,
            "written": made.path is not None,
            "pinned": manifest.pinned,
            "warnings": [str(warning) for warning in made.warnings],
            "manifest": manifest.model_dump(mode="json", by_alias=True),
        },
        state=NO_INSTANCE_TOUCHED,
        next=_next(session, manifest),
        brief=path,
    )


def _table(manifest: ReleaseManifest) -> str:
    from olmis_release.cli.tables import table

    rows = [_row(name, component) for name, component in manifest.components.items()]
    return table(["COMPONENT", "ROLE", "IMAGE", "DIGEST", "FROM", "REASON"], rows)


def _row(name: str, component: Component) -> tuple[str, ...]:
    origin = component.origin.get("image")
    digest = component.image.digest
    return (
        name,
        str(component.role),
        str(component.image),
        digest.removeprefix("sha256:")[:12] if digest else "open",
        origin.layer if origin else "",
        origin.reason if origin else "",
    )


def _counts(manifest: ReleaseManifest) -> str:
    from olmis_release.text import plural

    made_of = f"Core {manifest.core}" + (f" and {manifest.extension}" if manifest.extension else "")
    left_out = f", {plural(len(manifest.dropped), 'thing')} left out" if manifest.dropped else ""
    return f"{manifest.version}: {plural(len(manifest.components), 'component')} of {made_of}{left_out}."


def _asked_nobody(manifest: ReleaseManifest) -> Iterator[str]:
    """Yield what no registry being asked means for the digests."""
    open_digests = [name for name, component in manifest.components.items() if not component.image.digest]
    yield "No registry was asked; digests are those on record, or given in the manifests."
    if open_digests:
        yield f"Open, so that nothing can be planned yet: {listed(open_digests)}."


def _changes(made: CandidateResult) -> Iterator[str]:
    """Yield what became of the candidate before this one, when there was one and something changed."""
    from olmis_release.manifest.diff import Difference, compare

    if made.path is None or made.previous is None:
        return
    yield f"Since rc{made.number - 1}:"
    for one in compare(made.previous, made.manifest):
        if one.change is not Difference.UNCHANGED:
            moved = " -> ".join(str(side.image) for side in (one.before, one.after) if side)
            what = "" if one.change is not Difference.CHANGED else f" ({', '.join(one.values)})"
            yield f"  {one.change} {one.name}: {moved}{what}"


def _next(session: Session, manifest: ReleaseManifest) -> str:
    if not manifest.pinned:
        return f"olmis-release candidate {manifest.version}"
    names = session.workspace.instance_names()
    return f"olmis-release plan {manifest.version} --to {names[0] if len(names) == 1 else 'INSTANCE'}"
