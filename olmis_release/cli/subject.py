"""What `preflight` checks when a person names only the instance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from olmis_release.cli.choosing import is_fresh, named_plan, the_open_plan
from olmis_release.cli.running import what_was_left
from olmis_release.errors import BadInput, ReleaseError
from olmis_release.instance.settings import read_settings
from olmis_release.instance.settings_key import fingerprint_key
from olmis_release.manifest.lock import known_releases, load_release, read_release
from olmis_release.manifest.render import render
from olmis_release.plan.files import write_whole
from olmis_release.plan.make import surroundings_of
from olmis_release.plan.sets import COMPOSE, COMPOSE_MODE
from olmis_release.preflight.model import Subject

if TYPE_CHECKING:
    from olmis_release.cli.session import Session
    from olmis_release.instance.site import Site
    from olmis_release.plan.sets import PlanSet
    from olmis_release.workspace import Workspace


def subject_of(session: Session, site: Site, *, code: str | None) -> Subject:
    """Return the named plan, else the one open plan while it is fresh, else the newest release, as the subject."""
    if code:
        return _of_plan(session, site, named_plan(session, code, instance=site.config.name))
    chosen = the_open_plan(session, site)
    usable = chosen is not None and is_fresh(session, site, chosen)
    return _of_plan(session, site, chosen) if chosen and usable else _without_plan(session, site)


def _of_plan(session: Session, site: Site, chosen: PlanSet) -> Subject:
    file = chosen.plan.release_file
    return Subject(
        workspace=session.workspace,
        site=site,
        manifest=read_release(session.workspace.root / file, shown_as=file),
        plan=chosen.plan,
        compose_file=chosen.folder / COMPOSE,
    )


def _without_plan(session: Session, site: Site) -> Subject:
    """Return the newest release if it can be rendered, else what runs: its checks then tell why it could not."""
    try:
        return _of_newest(session, site)
    except ReleaseError:
        left = what_was_left(session.workspace, site.config.name)
        if left is None:
            raise
        standing = left[1]
        return Subject(
            workspace=session.workspace,
            site=site,
            manifest=standing.manifest,
            plan=None,
            compose_file=standing.plan_set.folder / COMPOSE,
        )


def newest_release(workspace: Workspace) -> str:
    """Return the newest version that has a release or candidate.

    Raises:
        BadInput: There is none.
    """
    releases = known_releases(workspace)
    if not releases:
        raise BadInput.one(
            "there is no release and no candidate yet.",
            resolution="Make one: olmis-release candidate 3.5.0+mw1",
            code="E-UNKNOWN-RELEASE",
        )
    return releases[-1]


def _of_newest(session: Session, site: Site) -> Subject:
    workspace, config = session.workspace, site.config
    manifest, _file = load_release(workspace, newest_release(workspace))
    settings = read_settings(workspace.root / config.settings, shown_as=config.settings, key=fingerprint_key(site))
    rendered = render(manifest, surroundings_of(site, config, settings))
    compose_file = site.folder.ensure(site.folder.root) / "preflight.yml"
    write_whole(compose_file, rendered.text.encode(), mode=COMPOSE_MODE)
    return Subject(workspace=workspace, site=site, manifest=manifest, plan=None, compose_file=compose_file)
