"""`verify`: ask the registry whether a release's tags still mean the images that it records."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from olmis_release.cli.arguments import complete_release
from olmis_release.cli.asking import Asking, mirror_option, registry_of
from olmis_release.cli.examples import ExampleCommand
from olmis_release.cli.options import GLOBAL_HELP, global_options
from olmis_release.cli.result import NOTHING_TOUCHED, Result
from olmis_release.cli.session import Session
from olmis_release.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from olmis_release.manifest.verification import Verified


@click.command(
    cls=ExampleCommand,
    short_help="do a release's tags still mean the same images?",
    epilog=GLOBAL_HELP,
    examples=["olmis-release verify 3.5.0+mw1"],
)
@click.argument("release", shell_complete=complete_release)
@mirror_option()
@global_options(hidden=True)
@click.pass_obj
def verify(session: Session, *, release: str, mirrors: tuple[str, ...]) -> Result:
    """Ask the registry for every image of RELEASE, by tag and by digest; a moved tag ends with 15."""
    from olmis_release.manifest import verification
    from olmis_release.manifest.findings import Findings
    from olmis_release.manifest.freshness import check_canonical
    from olmis_release.manifest.lock import load_release

    workspace, findings = session.workspace, Findings()
    manifest, path = load_release(workspace, release)
    check_canonical(path, manifest, shown_as=workspace.relative(path), findings=findings)
    findings.raise_errors()
    registry = registry_of(session, mirrors)
    found = tuple(verification.verify(manifest, digest_of=Asking(session, registry), has=registry.has))
    wrong = verification.problems(found)
    return Result(
        text=_table(found),
        data={
            "release": manifest.version,
            "file": workspace.relative(path),
            "components": [_data(one) for one in found],
        },
        state=NOTHING_TOUCHED,
        next=f"olmis-release plan {manifest.version} --to INSTANCE" if not wrong else "Correct what is named above.",
        failure=BadInput(wrong) if wrong else None,
    )


def _table(found: Sequence[Verified]) -> str:
    from olmis_release.cli.tables import table

    rows = [
        (one.name, str(one.component.image), _short(one.component.image.digest), _short(one.now), str(one.standing))
        for one in found
    ]
    return table(["COMPONENT", "IMAGE", "RECORDED", "NOW", "STANDING"], rows)


def _short(digest: str | None) -> str:
    return digest.removeprefix("sha256:")[:12] if digest else "-"


def _data(one: Verified) -> dict[str, object]:
    image = one.component.image
    return {
        "name": one.name,
        "image": str(image),
        "digest": image.digest,
        "now": one.now,
        "standing": str(one.standing),
    }
