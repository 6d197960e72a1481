"""A job: one run of one plan, with everything its steps need."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from olmis_release import clock
from olmis_release.deploy.journal import Journal
from olmis_release.instance.ports import Container
from olmis_release.instance.site import Site
from olmis_release.manifest.model import Component, ReleaseManifest
from olmis_release.plan.model import Action, Change, Plan, PlannedStep, StepKind


@dataclass(slots=True)
class Outage:
    """How long users were cut off; steps start and stop it, the record keeps the sum.

    Attributes:
        total_s: Seconds of all closed spells.
    """

    total_s: float = 0.0
    _since_s: float | None = None

    def begin(self, *, ago_s: float = 0.0) -> None:
        """Users are cut off from now, or since `ago_s` seconds; a second call changes nothing."""
        if self._since_s is None:
            self._since_s = clock.monotonic_s() - ago_s

    def end(self) -> None:
        """Users are served again; without a `begin` it changes nothing."""
        if self._since_s is not None:
            self.total_s += clock.monotonic_s() - self._since_s
            self._since_s = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What the steps of one run share.

    Attributes:
        run: Id of the run, for example ``20261128t180211``; part of database names.
        release: The manifest that the plan leads to.
        compose_file: Its rendered Compose file.
        previous: The manifest of what ran before, None for a first deploy.
        previous_file: Its rendered Compose file.
        folder: Where this run keeps evidence.
        repair: The old release is known to be broken; its proof is not asked for.
        target_restarted: Tells whether the target's engine was restarted since it was asked last.
    """

    site: Site
    plan: Plan
    run: str
    release: ReleaseManifest
    compose_file: Path
    previous: ReleaseManifest | None
    previous_file: Path | None
    journal: Journal
    folder: Path
    repair: bool = False
    outage: Outage = field(default_factory=Outage)
    target_restarted: Callable[[], bool] = lambda: False

    @property
    def point(self) -> str:
        """Name of the rollback point that this run takes."""
        return f"{self.site.config.database.name}__before_{self.run}"

    @property
    def failed_name(self) -> str:
        """Name under which a database that was taken back is kept."""
        return f"{self.site.config.database.name}__failed_{self.run}"

    def tried_before(self, step: PlannedStep) -> bool:
        """Return whether a step that acts now was begun before."""
        return self.journal.times_begun(self.plan.steps.index(step) + 1) > 1

    def is_proof_stale(self) -> bool:
        """Return whether services that were proved ready may have fallen since: a step was tried again, or a command.

        An engine that was restarted meanwhile shows as just that.
        """
        return self.plan_has(StepKind.AWAIT_READY) and not self.journal.undisturbed_since(StepKind.AWAIT_READY)

    def plan_has(self, kind: StepKind) -> bool:
        """Return whether the plan has a step of this kind."""
        return any(step.kind is kind for step in self.plan.steps)

    def change(self, component: str) -> Change:
        """Return what the plan says of a component."""
        return next(change for change in self.plan.changes if change.component == component)

    def added(self, components: Iterable[str]) -> tuple[str, ...]:
        """Return those of the components that did not run before."""
        return tuple(name for name in components if self.change(name).action is Action.ADD)

    def removed(self) -> tuple[str, ...]:
        """Return the components that the new release leaves out."""
        return tuple(change.component for change in self.plan.changes if change.action is Action.REMOVE)

    def component(self, name: str) -> Component:
        """Return a component of the new release, or of the old one when the new one leaves it out."""
        if name in self.release.components or self.previous is None:
            return self.release.components[name]
        return self.previous.components[name]

    def containers(self, components: Iterable[str]) -> tuple[Container, ...]:
        """Return the containers that these components have on the target now."""
        wanted = set(components)
        return tuple(one for one in self.site.engine.containers(self.site.config.project) if one.component in wanted)
