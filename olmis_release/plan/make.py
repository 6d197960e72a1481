"""Make the plan that brings a release to an instance."""

from __future__ import annotations

from dataclasses import replace

from olmis_release import clock
from olmis_release.errors import BadInput, Where
from olmis_release.instance.config import InstanceConfig
from olmis_release.instance.settings import Settings, keep_copy, read_settings
from olmis_release.instance.settings_key import kept_key
from olmis_release.instance.site import Site
from olmis_release.manifest.lock import known_releases, load_release, sha256_of
from olmis_release.manifest.model import ReleaseManifest
from olmis_release.manifest.render import Surroundings, render
from olmis_release.plan.composed import settings_copies
from olmis_release.plan.drafting import Draft, Goal
from olmis_release.plan.migrations import would_not_start
from olmis_release.plan.model import PlanPurpose, WayBack
from olmis_release.plan.reading import Reading, Standing, read, what_should_run
from olmis_release.plan.rollback_plan import make_rollback_plan
from olmis_release.plan.sets import PlanSet
from olmis_release.plan.settings_change import changed_settings
from olmis_release.plan.terms import NO_WISHES, Wishes, agree
from olmis_release.plan.way_back import without_way_back
from olmis_release.text import listed
from olmis_release.workspace import Workspace
from olmis_release.yamlio import read_yaml

__all__ = ["make_plan", "make_rollback_plan"]

BROKEN = (
    "The last run did not end well: what runs now is not verified. A deploy over it asks it for proof first, unless it "
    "is told to repair (--repair)."
)
BROUGHT_UP_AGAIN = "none of its containers is there any more"


def make_plan(
    workspace: Workspace,
    site: Site,
    release: str | None,
    *,
    author: str,
    give_up_database: bool = False,
    wishes: Wishes = NO_WISHES,
) -> PlanSet | None:
    """Read an instance and write the plan that brings a release to it; the instance is not touched.

    Args:
        workspace: Where releases and plans are.
        site: The instance.
        release: Its version; None means the newest there is.
        author: Who makes the plan.
        give_up_database: A person typed that a failed run need not take its changes of the database back.
        wishes: Why, how grave, on which route and when, as far as people said it.

    Returns:
        None when the release runs already, as it should.

    Raises:
        BadInput: The release cannot be planned for this instance; says everything that is in the way.
        UsageError, OutsideWindow: The wishes cannot be met.
    """
    manifest, file = load_release(workspace, release or _newest(workspace))
    shown_as = workspace.relative(file)
    _require_pinned(manifest, shown_as)
    terms = agree(site.config, wishes, release=manifest.version, patch=manifest.patch, now=clock.now())
    _compose_text(workspace, site, manifest, settings=_settings_unasked(workspace, site))  # what files say wrongly
    reading = read(workspace, site)
    previous = what_should_run(reading)
    stands = _still_there(previous, reading, manifest)
    goal = Goal(
        purpose=PlanPurpose.DEPLOY,
        manifest=manifest,
        release_file=shown_as,
        compose_text=_compose_text(workspace, site, manifest, settings=reading.settings),
        previous=stands,
        notes=_notes(reading, stands),
        first_reason=BROUGHT_UP_AGAIN if previous else "first deploy",
        give_up_database=give_up_database,
        terms=terms,
    )
    draft = Draft(reading=reading, goal=goal)
    _require_way(draft)
    return draft.write(author) if draft.steps else None


def _settings_unasked(workspace: Workspace, site: Site) -> Settings:
    """Read the settings file before the target is asked for anything, the key of its fingerprints included."""
    name = site.config.settings
    return read_settings(workspace.root / name, shown_as=name, key=kept_key(site))


def _newest(workspace: Workspace) -> str:
    known = known_releases(workspace)
    if not known:
        raise BadInput.one(
            "there is no release and no candidate yet.",
            resolution="Make one: olmis-release candidate 3.5.0+mw1",
            code="E-UNKNOWN-RELEASE",
        )
    return known[-1]


def _require_pinned(manifest: ReleaseManifest, shown_as: str) -> None:
    open_digests = [name for name, component in sorted(manifest.components.items()) if not component.image.digest]
    if open_digests:
        raise BadInput.one(
            f"release {manifest.version} was made offline: no digest is known for {listed(open_digests)}.",
            resolution=f"Make it again where the registry can be asked: olmis-release candidate {manifest.version}",
            where=Where(file=shown_as),
            code="E-NOT-PINNED",
        )


def _still_there(previous: Standing | None, reading: Reading, wanted: ReleaseManifest) -> Standing | None:
    """Return what runs; None when its containers are all gone and the very same release is to be brought up again.

    Raises:
        BadInput: They are gone and another release is wanted: with the database down nobody could say what it would do
            to it, nor prove what a failed deploy would go back to.
    """
    if previous is None or reading.observed.containers:
        return previous
    if sha256_of(previous.manifest) == sha256_of(wanted):
        return None
    name = reading.site.config.name
    raise BadInput.one(
        f"{previous.manifest.version} should run on {name}, but none of its containers is there any more.",
        resolution=f"Bring it up first: olmis-release plan {previous.manifest.version} --to {name}",
        code="E-NOTHING-RUNS",
    )


def _notes(reading: Reading, previous: Standing | None) -> tuple[str, ...]:
    copies = settings_copies(previous.compose_text, previous.bodies) if previous else ()
    folder = reading.site.folder
    new = keep_copy(folder, reading.settings)
    changed = sorted({name for copy in copies for name in changed_settings(folder.in_workspace(copy), new)})
    settings = (f"Settings that changed (values are not shown): {listed(changed)}.",) if changed else ()
    return (*((BROKEN,) if reading.broken else ()), *settings)


def _compose_text(workspace: Workspace, site: Site, manifest: ReleaseManifest, *, settings: Settings) -> str:
    file = workspace.instance(site.config.name)
    where = read_yaml(file, shown_as=workspace.relative(file)).where if file.exists() else None
    return render(manifest, replace(surroundings_of(site, site.config, settings), where=where)).text


def surroundings_of(site: Site, config: InstanceConfig, settings: Settings) -> Surroundings:
    """Return what an instance adds to a release; its settings are kept under their fingerprint."""
    return Surroundings(
        project=config.project,
        variables=config.variables,
        settings_file=site.folder.from_workspace(keep_copy(site.folder, settings)),
        settings_values=settings.values,
        settings_fingerprint=settings.fingerprint,
        secrets=settings.secrets,
        overrides={name: one.set for name, one in config.components.items()},
        mirrors=config.registries,
        front=config.wall.component,
        database=config.database.component,
    )


def _require_way(draft: Draft) -> None:
    """Refuse a release whose images would not start, or whose change of the database has no way back.

    Raises:
        BadInput: Lists every row, file and component that is in the way.
    """
    goal = draft.goal
    problems = [
        *would_not_start(draft.changes, draft.verdicts),
        *without_way_back(
            draft.changes,
            goal.previous.manifest if goal.previous else None,
            goal.manifest,
            touches_data=draft.way_back is WayBack.DATABASE or draft.route.gives_up_database,
        ),
    ]
    if problems:
        raise BadInput(
            problems, resolution=f"Change release {goal.manifest.version} so that it can run on this database."
        )
