"""The release deployment plan as data: canonical, hashed, and exactly what runs."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from olmis_release.instance.config import Contact, Language
from olmis_release.manifest.emergency import Patch, Route
from olmis_release.manifest.model import ComponentName, Name, Strict
from olmis_release.plan.assessment import Assessment
from olmis_release.plan.inputs import Inputs
from olmis_release.plan.schedule import ScheduleRow
from olmis_release.plan.upgrade_paths import PathRule
from olmis_release.plan.windows import PlannedWindow


class Action(StrEnum):
    """What happens to one component."""

    ADD = "add"
    REPLACE = "replace"
    RESTART = "restart"
    REMOVE = "remove"
    KEEP = "keep"


class WayBack(StrEnum):
    """How a failed deploy is undone.

    IMAGES: only containers go back; nothing migrates. DATABASE: the database goes back too, by swapping the rollback
    point in. NONE: there is no old release to go back to (a first deploy).
    """

    IMAGES = "IMAGES"
    DATABASE = "DATABASE"
    NONE = "NONE"


class StepKind(StrEnum):
    """The steps that a plan may have, in the order in which they may stand."""

    PULL_IMAGES = "pull-images"
    PROVE_OLD = "prove-old-release"
    RAISE_WALL = "raise-wall"
    STOP_COMPONENTS = "stop-components"
    TAKE_ROLLBACK_POINT = "take-rollback-point"
    START_COMPONENTS = "start-components"
    AWAIT_READY = "await-ready"
    SMOKE_TEST = "smoke-test"
    ACCEPT = "accept"
    LOWER_WALL = "lower-wall"
    SWAP_DATABASE = "swap-database"


class PlannedStep(Strict):
    """One step: its kind decides the class that carries it out.

    Attributes:
        subject: What it acts on, in a few words for people.
        reason: Why it is there.
        components: The components it touches, in order.
        parameters: Anything else it needs, as text.
    """

    kind: StepKind
    subject: str
    reason: str
    components: tuple[str, ...] = ()
    parameters: dict[str, str] = Field(default_factory=dict)


class Migration(Strict):
    """A database change that an image brings and the database does not have yet."""

    version: str
    name: str
    checksum: int


class Change(Strict):
    """What happens to one component, and why.

    Attributes:
        before: Image as ``repository:tag``, and `before_digest`; None when it did not run.
        after: Image as ``repository:tag``, and `after_digest`; None when it is removed.
        reasons: Why, for people.
        pending: Database changes it will make at its first start.
        unknown_rows: Rows of the database's history that its image does not know (they stay and are ignored).
        migrations_known: Whether `pending` is certain; False where the image's migration files cannot be read.
        consul, schema_name: As in the manifest.
        keys_added, keys_removed: Names of environment variables that its configuration gains or loses.
    """

    component: ComponentName
    action: Action
    before: str | None = None
    before_digest: str | None = None
    after: str | None = None
    after_digest: str | None = None
    reasons: tuple[str, ...] = ()
    pending: tuple[Migration, ...] = ()
    unknown_rows: tuple[str, ...] = ()
    migrations_known: bool = True
    consul: str | None = None
    schema_name: str | None = None
    keys_added: tuple[str, ...] = ()
    keys_removed: tuple[str, ...] = ()

    @property
    def may_migrate(self) -> bool:
        """Whether its first start may change the database."""
        return bool(self.pending) or not self.migrations_known


class PlanPurpose(StrEnum):
    """What a plan is for."""

    DEPLOY = "deploy"
    ROLLBACK = "rollback"


class Base(Strict):
    """What the plan was made from; if any of it moves, the plan is stale.

    Attributes:
        engine_id: Id of the engine.
        containers: Component to ``image id/config label/status`` of what ran.
        settings: Fingerprint of the settings file.
        histories: Schema to fingerprint of its Flyway history rows.
        hooks: Hook path to SHA-256.
        instance_file: SHA-256 of the instance file.
        manifest: SHA-256 of the release manifest.
        signers: File that says who may sign approvals to its SHA-256; empty where nobody has to approve.
    """

    engine_id: str
    containers: dict[str, str]
    settings: str
    histories: dict[str, str]
    hooks: dict[str, str]
    instance_file: str
    manifest: str
    signers: dict[str, str] = Field(default_factory=dict)


class Plan(Strict):
    """A release deployment plan.

    Attributes:
        purpose: Deploy or rollback.
        release: Version it leads to; `release_file` is the manifest's path in the workspace.
        previous: Version that ran before, None for a first deploy.
        previous_plan: Code of the plan whose files describe what runs, None when unknown.
        compose: SHA-256 of the rendered Compose file of the new release, beside the plan as ``compose.yml``.
        previous_compose: The same for what ran before (``previous.yml``), None for a first deploy.
        created: UTC, ISO 8601.
        way_back: How a failed run is undone; `data_cost` says in words what going back loses.
        notes: Things a reviewer must know, for people.
        instance_purpose: What the instance is for, as its file says.
        time_zone: IANA zone in which the documents show times.
        approvers: Roles that must each approve the plan; empty means none.
        offline_s: Seconds users are expected to be cut off; None when nothing is known. `offline_basis` says where the
            figure comes from, or what bound holds instead.
        patch: For an emergency release: its ticket, impact, urgency and priority; None for any other.
        rollback_s: Seconds that going back is expected to take, None when nothing is known; `rollback_basis` says where
            the figure comes from, or what bound holds instead.
        time_zones: Further zones in which the documents show times.
        languages: In which the documents are written, the first one first.
        assessment: Impact, urgency, priority and route, where people judged them.
        window: When it is to be carried out; None means: at any time.
        schedule: Who does what when, in order of time.
        inputs: What only people know; None where nobody gave it.
        rules: What the upgrade of Core must heed on its way.
        smoke: Names of the smoke tests.
        contacts: Whom to ask, as the instance file says.
    """

    format_version: str = "1.0"
    tool_version: str
    purpose: PlanPurpose = PlanPurpose.DEPLOY
    instance: Name
    project: Name
    url: str
    release: str
    release_file: str
    previous: str | None
    previous_plan: str | None
    compose: str
    previous_compose: str | None
    created: str
    author: str
    base: Base
    changes: tuple[Change, ...]
    steps: tuple[PlannedStep, ...]
    way_back: WayBack
    data_cost: str
    notes: tuple[str, ...] = ()
    instance_purpose: str = ""
    time_zone: str = "UTC"
    approvers: tuple[str, ...] = ()
    offline_s: float | None = None
    offline_basis: str = ""
    patch: Patch | None = None
    rollback_s: float | None = None
    rollback_basis: str = ""
    time_zones: tuple[str, ...] = ()
    languages: tuple[Language, ...] = (Language.ENGLISH,)
    assessment: Assessment | None = None
    window: PlannedWindow | None = None
    schedule: tuple[ScheduleRow, ...] = ()
    inputs: Inputs | None = None
    rules: tuple[PathRule, ...] = ()
    smoke: tuple[str, ...] = ()
    contacts: tuple[Contact, ...] = ()

    @property
    def route(self) -> Route:
        """The route on which it is approved and announced; the standard one where nobody judged."""
        if self.assessment:
            return self.assessment.route
        return self.patch.route if self.patch else Route.STANDARD

    @property
    def changed(self) -> tuple[Change, ...]:
        """The components that do not simply stay."""
        return tuple(change for change in self.changes if change.action is not Action.KEEP)

    @property
    def gives_up_database(self) -> bool:
        """Whether it may change the database and, because somebody typed it, does not take that back."""
        return self.way_back is WayBack.IMAGES and any(change.may_migrate for change in self.changes)

    @property
    def has_changes(self) -> bool:
        """Whether there is anything to do; a wall left closed is opened by a plan that changes no component."""
        return bool(self.steps)


class Outcome(StrEnum):
    """How a run ended, or that it has not: it goes on (RUNNING), or stands where it was stopped or cut off (HELD)."""

    DEPLOYED = "deployed"
    ROLLED_BACK = "rolled-back"
    NOT_RESTORED = "not-restored"
    REFUSED = "refused"
    RUNNING = "running"
    HELD = "held"


UNSETTLED = frozenset({Outcome.RUNNING, Outcome.HELD, Outcome.NOT_RESTORED})
"""Outcomes after which nobody may rely on what serves; `resume` leads out of each."""


class Run(Strict):
    """One run of a plan, as `plans/<code>/record.json` keeps it.

    Attributes:
        kind: ``deploy`` or ``rollback``.
        started, ended: UTC, ISO 8601; `ended` is None while it runs.
        outage_s: Seconds users were cut off, 0.0 when they were not.
        exit_code: Status the command ended with.
        reason: Why it was run, where the plan does not say it.
        failure: What went wrong, for people.
        point: Name of the database kept as the way back, if any.
        settings: Fingerprint of the settings copy that the new release runs with.
        no_db_rollback: Somebody typed that a failed run leaves its changes of the database in place.
        epoch: Of the lock under which this workspace carried it on last.
        ended_by: Who ended it from another workspace, where the outage is on record; empty where that is here.
    """

    code: str
    run: str
    kind: PlanPurpose
    instance: Name
    release: str
    previous: str | None
    outcome: Outcome
    way_back: WayBack
    started: str
    ended: str | None = None
    outage_s: float = 0.0
    exit_code: int | None = None
    by: str = ""
    reason: str = ""
    failure: str = ""
    point: str | None = None
    settings: str = ""
    no_db_rollback: bool = False
    epoch: int = 0
    ended_by: str = ""
