"""Read an instance for a plan: what runs, what should run, and what the new images would do to the database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from olmis_release.errors import BadInput, PlanStale
from olmis_release.events import Progress
from olmis_release.instance.compose_file import by_digest
from olmis_release.instance.flyway import migrations_in
from olmis_release.instance.flyway_rules import Verdict, verdict
from olmis_release.instance.ports import Applied, Container, ContainerStatus
from olmis_release.instance.settings import Settings, read_settings
from olmis_release.instance.settings_key import fingerprint_key
from olmis_release.instance.site import Site
from olmis_release.instance.state import Observed, observe
from olmis_release.manifest.lock import read_release
from olmis_release.manifest.model import ComposeBody, ReleaseManifest, Role
from olmis_release.manifest.render import CONFIG_LABEL
from olmis_release.plan.composed import services_in
from olmis_release.plan.model import Change, Outcome, Run
from olmis_release.plan.planner import Running
from olmis_release.plan.records import in_effect, runs
from olmis_release.plan.sets import COMPOSE, PlanSet, load_plan
from olmis_release.text import plural
from olmis_release.workspace import Workspace

ONE_SHOT = frozenset({Role.CONFIG, Role.EXTENSION})
MB = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Reading:
    """An instance as read, once, for one plan.

    Attributes:
        history: Its runs, oldest first.
    """

    workspace: Workspace
    site: Site
    observed: Observed
    settings: Settings
    history: tuple[Run, ...]

    @cached_property
    def broken(self) -> bool:
        """Whether the last run that touched the instance left it unproved."""
        touched = [run for run in self.history if run.outcome is not Outcome.REFUSED]
        return bool(touched) and touched[-1].outcome is Outcome.NOT_RESTORED

    def running(self, *manifests: ReleaseManifest | None) -> Mapping[str, Running]:
        """Return what the engine has; the manifests tell which components are to end after their one job."""
        named = [one.components for one in manifests if one is not None]
        one_shot = {name for part in named for name, component in part.items() if component.role in ONE_SHOT}
        return {
            name: _running(container, self.observed.digests.get(name), one_shot=name in one_shot)
            for name, container in self.observed.containers.items()
        }


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A release that was deployed from this workspace, with the configuration it was deployed with."""

    plan_set: PlanSet
    manifest: ReleaseManifest

    @cached_property
    def compose_text(self) -> str:
        """The Compose file by which it was started."""
        return (self.plan_set.folder / COMPOSE).read_text(encoding="utf-8")

    @cached_property
    def bodies(self) -> Mapping[str, ComposeBody]:
        """Its component bodies."""
        return services_in(self.compose_text, shown_as=f"plans/{self.plan_set.code}/{COMPOSE}")


def settings_of(workspace: Workspace, site: Site) -> Settings:
    """Read the settings file of an instance.

    Raises:
        BadInput, PreflightRefused: It cannot be used.
    """
    name = site.config.settings
    return read_settings(workspace.root / name, shown_as=name, key=fingerprint_key(site))


def read(workspace: Workspace, site: Site) -> Reading:
    """Read an instance; changes nothing.

    Raises:
        BadInput, PreflightRefused: The settings file cannot be used.
        TargetUnreachable: The engine does not answer.
    """
    config = site.config
    settings = settings_of(workspace, site)
    site.reporter.report(Progress(activity=f"reading {config.name}"))
    return Reading(
        workspace=workspace,
        site=site,
        observed=observe(site),
        settings=settings,
        history=runs(workspace, config.name),
    )


def what_should_run(reading: Reading) -> Standing | None:
    """Return the release that runs, None when nothing was ever deployed here.

    Raises:
        BadInput: Something runs that this workspace did not deploy, so nobody could bring it back.
    """
    standing = in_effect(reading.history)
    if standing:
        return _recorded(reading.workspace, standing[-1])
    if reading.observed.containers and not reading.history:
        raise _not_ours(reading)
    return None


def _recorded(workspace: Workspace, run: Run) -> Standing:
    try:
        return deployed_by(workspace, run)
    except (BadInput, PlanStale) as error:
        raise BadInput.one(
            f"{run.release} runs on {run.instance}, but its plan cannot be used, so there would be no way back to it. "
            f"{error.message}",
            resolution=f"Put plans/{run.code}/ and the release file back as they were, from your version control.",
            code="E-NOT-OURS",
        ) from error


def _not_ours(reading: Reading) -> BadInput:
    config = reading.site.config
    return BadInput.one(
        f"project {config.project} has {plural(len(reading.observed.containers), 'container')} on {config.name}, but "
        f"this workspace has no record of a deploy to {config.name}: there would be no way back to them.",
        resolution="Work in the workspace that deployed them: its plans/ folder has the plan with record.json. Or "
        "correct `project` in the instance file.",
        code="E-NOT-OURS",
    )


def deployed_by(workspace: Workspace, run: Run) -> Standing:
    """Return what a run deployed.

    Raises:
        BadInput: Its plan or release file is missing.
        PlanStale: Its plan was altered.
    """
    plan_set = load_plan(workspace, run.code)
    file = plan_set.plan.release_file
    return Standing(plan_set=plan_set, manifest=read_release(workspace.root / file, shown_as=file))


def _running(container: Container, digest: str | None, *, one_shot: bool) -> Running:
    ended_well = one_shot and container.status is ContainerStatus.EXITED and container.exit_code == 0
    state = f"{container.status} with {container.exit_code}" if container.status == "exited" else str(container.status)
    return Running(
        image=container.image_name.partition("@")[0],
        digest=digest,
        config=container.labels.get(CONFIG_LABEL),
        in_place=ended_well or container.status is ContainerStatus.RUNNING,
        state=state,
    )


def read_verdicts(
    reading: Reading, changes: Iterable[Change], bodies: Mapping[str, ComposeBody]
) -> Mapping[str, Verdict | None]:
    """Return what Flyway will make of each component that starts anew with a schema of its own.

    Images that the engine does not have are pulled: only their own files tell what they will do.

    Args:
        reading: The instance.
        changes: Those to ask about.
        bodies: Component bodies of the new Compose file.
    """
    wanted = [change for change in changes if not _runs_already(change, reading)]
    images = {change.component: str(bodies[change.component]["image"]) for change in wanted}
    return {
        change.component: _verdict(reading, change, images[change.component], nth=f"{number} of {len(wanted)}")
        for number, change in enumerate(wanted, 1)
    }


def _runs_already(change: Change, reading: Reading) -> bool:
    """Return whether this very image has started on this database before."""
    container = reading.observed.containers.get(change.component)
    same = change.before_digest is not None and change.before_digest == change.after_digest
    return same and container is not None and container.status is ContainerStatus.RUNNING


def _verdict(reading: Reading, change: Change, image: str, *, nth: str) -> Verdict | None:
    if reading.observed.database_problem:
        return None
    reference = by_digest(image)
    _have(reading.site, reference, activity=f"pulling {change.component} to read its database changes ({nth})")
    migrations = migrations_in(reading.site.engine, reference, reading.workspace.cache)
    return None if migrations is None else verdict(_rows(reading.observed, change.schema_name), migrations)


def _rows(observed: Observed, schema: str | None) -> tuple[Applied, ...]:
    """Return the schema's history; of two tables (a renamed default) the one that is kept up."""
    return max((one.rows for one in observed.histories if one.schema == schema), key=len, default=())


def _have(site: Site, reference: str, *, activity: str) -> None:
    if site.engine.image(reference) is not None:
        return

    def on_progress(done_bytes: float, total_bytes: float) -> None:
        event = Progress(activity=activity, done=done_bytes / MB, total=total_bytes / MB or None, unit="MB")
        site.reporter.report(event)

    on_progress(0, 0)
    site.engine.pull(reference, timeout_s=site.config.timeouts.pull_s, on_progress=on_progress)
