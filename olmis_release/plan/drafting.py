"""Put a plan together from a reading: the part that deploys and rollbacks share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from olmis_release import __version__, clock
from olmis_release.instance.flyway_rules import Verdict
from olmis_release.instance.ports import WallState
from olmis_release.manifest.emergency import Route as Urgent
from olmis_release.manifest.model import ComposeBody, ReleaseManifest
from olmis_release.plan.approval.statement import is_hurried
from olmis_release.plan.codes import sha256
from olmis_release.plan.composed import services_in, with_keys
from olmis_release.plan.estimates import estimate_rollback
from olmis_release.plan.migrations import owns_schema, with_migrations
from olmis_release.plan.model import Base, Change, Plan, PlannedStep, PlanPurpose, WayBack
from olmis_release.plan.notes import plan_notes, slot_note
from olmis_release.plan.offline import Offline, estimate, outlook_of
from olmis_release.plan.planner import Situation, plan_changes
from olmis_release.plan.reading import Reading, Standing, read_verdicts
from olmis_release.plan.records import runs
from olmis_release.plan.rollback_method import CLONE, Choice, choose_method
from olmis_release.plan.schedule import Course, RowStatus, ScheduleRow, make_schedule
from olmis_release.plan.sets import PlanSet, open_plans, write_plan
from olmis_release.plan.staleness import base_of
from olmis_release.plan.steps import Route, plan_steps
from olmis_release.plan.terms import NO_TERMS, Terms
from olmis_release.plan.upgrade_paths import rules_between
from olmis_release.plan.way_back import NO_DB_ROLLBACK, data_cost, way_back_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What a plan is to reach.

    Attributes:
        release_file: The manifest's path in the workspace.
        compose_text: Its Compose file for this instance.
        previous: What runs and would be brought back; None when nothing does.
        restore: Rollback point to swap in, None mostly.
        notes: Said before the planner's own.
        first_reason: Why everything is started when nothing runs.
        give_up_database: Somebody typed that the database need not be able to go back.
        terms: What people agreed on.
    """

    purpose: PlanPurpose
    manifest: ReleaseManifest
    release_file: str
    compose_text: str
    previous: Standing | None
    restore: str | None = None
    notes: tuple[str, ...] = ()
    first_reason: str = "first deploy"
    give_up_database: bool = False
    terms: Terms = NO_TERMS


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A goal against a reading: everything decided, nothing written."""

    reading: Reading
    goal: Goal

    @cached_property
    def bodies(self) -> Mapping[str, ComposeBody]:
        """The component bodies of the new Compose file."""
        return services_in(self.goal.compose_text, shown_as="the rendered Compose file")

    @cached_property
    def situation(self) -> Situation:
        """What the planner decides from."""
        previous = self.goal.previous
        old = previous.manifest if previous else None
        return Situation(
            manifest=self.goal.manifest,
            wanted=self.bodies,
            previous=old,
            deployed=previous.bodies if previous else {},
            running=self.reading.running(self.goal.manifest, old),
            first_reason=self.goal.first_reason,
        )

    @cached_property
    def decided(self) -> tuple[Change, ...]:
        """What happens to each component, migrations not looked at yet."""
        return plan_changes(self.situation)

    @cached_property
    def verdicts(self) -> Mapping[str, Verdict | None]:
        """What the new images would do to the database; a restored one is as their own release left it."""
        nothing_to_read = self.goal.previous is None and not self.reading.observed.histories
        if self.goal.restore is not None or nothing_to_read:
            return {}
        return read_verdicts(self.reading, filter(owns_schema, self.decided), self.bodies)

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """What happens to each component."""
        return with_migrations(self.decided, self.verdicts)

    @cached_property
    def way_back(self) -> WayBack:
        """How a failed run is undone."""
        if self.goal.restore is not None:
            return WayBack.DATABASE
        if self.database_closed:
            return WayBack.DATABASE
        return way_back_of(
            self.changes, first_deploy=self.goal.previous is None, give_up_database=self.goal.give_up_database
        )

    @cached_property
    def point(self) -> Choice:
        """How the database is made able to go back."""
        if self.way_back is not WayBack.DATABASE or self.goal.restore is not None:
            return CLONE
        return choose_method(self.reading.site, self.reading.observed.database)

    @property
    def database_closed(self) -> bool:
        """Whether a run that was not taken back left the database closed."""
        database = self.reading.observed.database
        return self.goal.previous is not None and database is not None and not database.open

    @cached_property
    def route(self) -> Route:
        """What the steps are made from."""
        return Route(
            changes=self.changes,
            release=self.goal.manifest,
            previous=self.goal.previous.manifest if self.goal.previous else None,
            way_back=self.way_back,
            front=self.reading.site.config.wall.component,
            wall_open=self.reading.observed.wall is WallState.OPEN,
            broken=self.reading.broken and self.goal.purpose is PlanPurpose.ROLLBACK,
            database_closed=self.database_closed,
            restore=self.goal.restore,
            point=self.point,
        )

    @cached_property
    def steps(self) -> tuple[PlannedStep, ...]:
        """The steps; none when there is nothing to do."""
        return plan_steps(self.route)

    @property
    def base(self) -> Base:
        """What the plan is made from."""
        reading, config = self.reading, self.reading.site.config
        fingerprint = reading.settings.fingerprint
        return base_of(reading.workspace, config, reading.observed, manifest=self.goal.manifest, settings=fingerprint)

    def plan(self, author: str, *, cost: str = "") -> Plan:
        """Return the plan.

        Args:
            author: Who makes it.
            cost: What it costs in data, where that is not what `way_back.data_cost` says.
        """
        goal, config, previous, offline = self.goal, self.reading.site.config, self.goal.previous, self._offline()
        back, made = self._rollback(), clock.now()
        return Plan(
            tool_version=__version__,
            purpose=goal.purpose,
            instance=config.name,
            project=config.project,
            url=config.url,
            release=goal.manifest.version,
            release_file=goal.release_file,
            previous=previous.manifest.version if previous else None,
            previous_plan=previous.plan_set.code if previous else None,
            compose=sha256(goal.compose_text.encode()),
            previous_compose=sha256(previous.compose_text.encode()) if previous else None,
            created=clock.iso(made),
            author=author,
            base=self.base,
            changes=with_keys(self.changes, previous.bodies if previous else {}, self.bodies),
            steps=self.steps,
            way_back=self.way_back,
            data_cost=cost or data_cost(self.way_back, given_up=self.route.gives_up_database),
            notes=(*goal.notes, *self._notes()),
            instance_purpose=str(config.purpose),
            time_zone=config.time_zone,
            approvers=config.policy.roles_on(emergency=is_hurried(goal.purpose, self._agreed_route)),
            offline_s=offline.seconds,
            offline_basis=offline.basis,
            patch=goal.manifest.patch if goal.purpose is PlanPurpose.DEPLOY else None,
            rollback_s=back.seconds,
            rollback_basis=back.basis,
            time_zones=config.time_zones,
            languages=config.languages,
            assessment=goal.terms.assessment,
            window=goal.terms.window,
            schedule=self._schedule(offline, back, made),
            inputs=goal.terms.inputs,
            rules=rules_between(previous.manifest.core, goal.manifest.core) if previous else (),
            smoke=tuple(check.name for check in config.smoke),
            contacts=config.contacts,
        )

    @property
    def _agreed_route(self) -> Urgent:
        """The route of the plan; that of an emergency release where nobody judged."""
        terms, patch = self.goal.terms, self.goal.manifest.patch
        return patch.route if patch and not terms.assessment else terms.route

    def _rollback(self) -> Offline:
        config = self.reading.site.config
        every = runs(self.reading.workspace)
        return estimate_rollback(every, instance=config.name, way_back=self.way_back, timeouts=config.timeouts)

    def _schedule(self, offline: Offline, back: Offline, made: datetime) -> tuple[ScheduleRow, ...]:
        terms, config = self.goal.terms, self.reading.site.config
        if terms.window is None:
            return ()
        return make_schedule(
            Course(
                window=terms.window.span,
                route=terms.route,
                offsets=config.schedule.get(terms.route, {}),
                people=terms.inputs.people if terms.inputs else {},
                offline_s=offline.seconds,
                rollback_s=back.seconds,
                made=made,
            )
        )

    def _offline(self) -> Offline:
        config = self.reading.site.config
        every = runs(self.reading.workspace)
        return estimate(every, instance=config.name, outlook=outlook_of(self.route), timeouts=config.timeouts)

    def _notes(self) -> tuple[str, ...]:
        schemas = sorted({one.schema for one in self.reading.observed.histories})
        unread = self.reading.observed.database_problem if self.goal.previous else ""
        asked = (f"The database could not be read: {unread}",) if unread else ()
        is_rollback = self.goal.purpose is PlanPurpose.ROLLBACK
        said = plan_notes(self.changes, self.situation, schemas=schemas, is_rollback=is_rollback)
        given_up = (NO_DB_ROLLBACK,) if self.route.gives_up_database else ()
        return (*given_up, *asked, *said, *self._slots())

    def _slots(self) -> tuple[str, ...]:
        database = self.reading.site.database
        if self.way_back is not WayBack.DATABASE or self.reading.observed.database is None:
            return ()
        return tuple(slot_note(database.blockers().slots, database=database.name))

    def write(self, author: str, *, cost: str = "") -> PlanSet:
        """Write the plan, or return the open one that says the same; see `plan`."""
        plan = self.plan(author, cost=cost)
        for known in open_plans(self.reading.workspace, plan.instance):
            if _same(known.plan, plan):
                return known
        previous = self.goal.previous
        return write_plan(
            self.reading.workspace,
            plan,
            compose_text=self.goal.compose_text,
            previous_text=previous.compose_text if previous else None,
            inputs_text=self.goal.terms.inputs_text,
        )


def _same(one: Plan, other: Plan) -> bool:
    """Return whether two plans differ only in when and by whom they were made, and in what is overdue by now."""
    signed = {"created": one.created, "author": one.author, "schedule": _as_planned(other)}
    return one.model_copy(update={"schedule": _as_planned(one)}) == other.model_copy(update=signed)


def _as_planned(plan: Plan) -> tuple[ScheduleRow, ...]:
    return tuple(row.model_copy(update={"status": RowStatus.PLANNED}) for row in plan.schedule)
