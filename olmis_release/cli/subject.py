"""What `preflight` checks when a person names only the instance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from olmis_release.cli.choosing import named_plan, the_open_plan
from olmis_release.cli.running import last_good_plan
from olmis_release.errors import UsageError
from olmis_release.manifest.lock import read_release
from olmis_release.preflight.model import Subject

if TYPE_CHECKING:
    from olmis_release.cli.session import Session
    from olmis_release.instance.site import Site
    from olmis_release.plan.sets import PlanSet


def subject_of(session: Session, site: Site, *, code: str | None) -> Subject:
    """Return the named plan, else the one open plan, else what would be planned, as the checks' subject."""
    name = site.config.name
    chosen = named_plan(session, code, instance=name) if code else the_open_plan(session, site)
    return _of_plan(session, site, chosen) if chosen else _of_newest(session, site)


def _of_plan(session: Session, site: Site, chosen: PlanSet) -> Subject:
    file = chosen.plan.release_file
    return Subject(
        workspace=session.workspace,
        site=site,
        manifest=read_release(session.workspace.root / file, shown_as=file),
        plan=chosen.plan,
        compose_file=chosen.folder / "compose.yml",
    )


def _of_newest(session: Session, site: Site) -> Subject:
    """Return what runs: nothing newer is planned."""
    found = last_good_plan(session.workspace, site.config.name)
    if found is None:
        raise UsageError(
            f"{site.config.name} has no plan, and nothing was deployed to it yet: there is nothing to check.",
            resolution=f"olmis-release plan --to {site.config.name}",
        )
    return _of_plan(session, site, found[1])
