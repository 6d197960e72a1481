"""`patch`: an emergency candidate in which nothing but the named components differs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from olmis_release.cli.arguments import complete_release
from olmis_release.cli.asking import Asking, mirror_option, registry_of
from olmis_release.cli.diff import component_data, image_line
from olmis_release.cli.examples import ExampleCommand
from olmis_release.cli.options import GLOBAL_HELP, global_options
from olmis_release.cli.result import NO_INSTANCE_TOUCHED, Result
from olmis_release.cli.session import Session
from olmis_release.errors import UsageError

if TYPE_CHECKING:
    from olmis_release.manifest.candidate import CandidateResult
    from olmis_release.manifest.model import ReleaseManifest

STAGES = ("development", "uat", "release")
IMPACTS = ("extensive", "significant", "moderate", "minor")
URGENCIES = ("critical", "high", "medium", "low")


@click.command(
    cls=ExampleCommand,
    short_help="an emergency candidate: only the named components differ",
    epilog=GLOBAL_HELP,
    examples=[
        "olmis-release patch 3.5.0+mw2 --from 3.5.0+mw1 --set requisition=7.1.1-hotfix.1 \\",
        "    --ticket MW-812 --impact extensive --urgency critical",
    ],
)
@click.argument("release")
@click.option(
    "--from", "base", required=True, metavar="RELEASE", shell_complete=complete_release, help="What it differs from."
)
@click.option(
    "--set", "tags", required=True, multiple=True, metavar="COMPONENT=TAG", help="The tag to use; may be repeated."
)
@click.option("--ticket", required=True, metavar="KEY", help="Where the problem is described.")
@click.option("--impact", required=True, type=click.Choice(IMPACTS), help="How many users it concerns.")
@click.option("--urgency", required=True, type=click.Choice(URGENCIES), help="How much it impedes their work.")
@click.option("--reason", default="", metavar="TEXT", help="Why, in a few words.")
@mirror_option()
@click.option(
    "--stage",
    type=click.Choice(STAGES),
    default="development",
    metavar="STAGE",
    help="Refuse what manifests/policy.yml refuses for development (default), uat or release.",
)
@click.option("--offline", is_flag=True, help="Leave the new digests open: to look at, never to plan.")
@global_options(hidden=True)
@click.pass_obj
def patch(
    session: Session,
    *,
    release: str,
    base: str,
    tags: tuple[str, ...],
    ticket: str,
    impact: str,
    urgency: str,
    reason: str,
    mirrors: tuple[str, ...],
    stage: str,
    offline: bool,
) -> Result:
    """Make an emergency candidate RELEASE: the base with other tags for the named components, proved by comparison."""
    from olmis_release.manifest.candidate import kept_or_written
    from olmis_release.manifest.emergency import Impact, Urgency
    from olmis_release.manifest.lock import load_release
    from olmis_release.manifest.patching import PatchOrder, brought_in, patched
    from olmis_release.manifest.policy import Stage, load_policy
    from olmis_release.manifest.promotion import refuse_release_of

    if not ticket.strip():
        raise UsageError("--ticket is empty.", resolution="Name where the problem is described, for example MW-812.")
    order = PatchOrder(
        release=release,
        tags=[_target(text) for text in tags],
        ticket=ticket.strip(),
        impact=Impact(impact),
        urgency=Urgency(urgency),
        reason=reason,
    )
    old, _path = load_release(session.workspace, base)
    ask = None if offline else Asking(session, registry_of(session, mirrors))
    new = patched(old, order, digest_of=ask)
    refuse_release_of(session.workspace, new.version)
    for problem in brought_in(old, new, policy=load_policy(session.workspace), stage=Stage(stage)):
        session.warn(str(problem))
    if not new.pinned:
        session.warn("it has open digests, so it can be looked at and never planned.")
    return _result(session, old, kept_or_written(session.workspace, new))


def _target(text: str) -> tuple[str, str]:
    component, equals, tag = text.partition("=")
    if not (component and equals and tag):
        raise UsageError(f"--set {text}: write COMPONENT=TAG.", resolution="For example --set requisition=7.1.1")
    return component, tag


def _result(session: Session, base: ReleaseManifest, made: CandidateResult) -> Result:
    from olmis_release.manifest.comparison import compare_sides
    from olmis_release.manifest.lock import sha256_of
    from olmis_release.manifest.side import of_release

    manifest, patch = made.manifest, made.manifest.patch
    assert patch is not None  # noqa: S101 - just made
    compared = compare_sides(of_release(base, name=base.version), of_release(manifest, name=manifest.version))
    file = made.path or made.same_as
    path = session.workspace.relative(file) if file else ""
    same = len(compared.components) - len(compared.changed)
    lines = [
        *(image_line(one) for one in compared.changed),
        f"= {same} unchanged, to the byte of their digest and configuration.",
        f"{patch.ticket}: impact {patch.impact}, urgency {patch.urgency}: {patch.priority}, {patch.route} route.",
        f"Wrote {path}" if made.path else f"Nothing changed since {path}; nothing written.",
    ]
    return Result(
        text="\n".join(lines),
        data={
            "release": manifest.version,
            "path": path,
            "written": made.path is not None,
            "pinned": manifest.pinned,
            "sha256": sha256_of(manifest),
            "patch": patch.model_dump(mode="json"),
            "components": [component_data(one) for one in compared.components],
            "configuration": [],
        },
        state=NO_INSTANCE_TOUCHED,
        next=_next(manifest),
        brief=path,
    )


def _next(manifest: ReleaseManifest) -> str:
    if manifest.pinned:
        return f"olmis-release plan {manifest.version} --to INSTANCE"
    return "The same command where the registry can be asked, without --offline."
