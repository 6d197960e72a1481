"""What a preflight check is asked about, and what it answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from olmis_release.instance.config import RollbackMethod
from olmis_release.instance.ports import Container, DatabaseFacts
from olmis_release.instance.site import Site
from olmis_release.manifest.model import ReleaseManifest
from olmis_release.plan.model import Plan, PlanPurpose, StepKind
from olmis_release.plan.steps import method_in
from olmis_release.preflight.rendered import Rendered, read_rendered
from olmis_release.workspace import Workspace


class Status(StrEnum):
    """A check's answer; only FAIL refuses a deploy."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What the checks look at: a release on its way to an instance.

    The expensive answers (containers, rendered configuration) are fetched once and shared by all checks.

    Attributes:
        manifest: The release that is to run.
        plan: The plan, None when the checks are asked without one.
        compose_file: The rendered Compose file of that release.
    """

    workspace: Workspace
    site: Site
    manifest: ReleaseManifest
    plan: Plan | None
    compose_file: Path

    @cached_property
    def containers(self) -> tuple[Container, ...]:
        """The containers of the instance's project, stopped ones too."""
        return self.site.engine.containers(self.site.config.project)

    @cached_property
    def rendered(self) -> Rendered:
        """The configuration as Compose itself understands the rendered file."""
        return read_rendered(self.site.compose.config(self.compose_file))

    @cached_property
    def database(self) -> DatabaseFacts | None:
        """The instance's database, None when the server has none of that name."""
        return self.site.database.facts(self.site.database.name)

    @property
    def clones_database(self) -> bool:
        """Whether a rollback point is to be taken; without a plan that is not known, so yes."""
        return self.plan is None or self._has_step(StepKind.TAKE_ROLLBACK_POINT)

    @property
    def renames_database(self) -> bool:
        """Whether the database may have to be closed and renamed, now or on the way back."""
        return self.clones_database or self._has_step(StepKind.SWAP_DATABASE)

    @property
    def rollback_method(self) -> RollbackMethod:
        """How the plan makes the database able to go back; without a plan the instance's first method is meant."""
        if self.plan is None:
            return self.site.config.database.rollback.methods[0]
        return method_in(self.plan.steps)

    @property
    def is_rollback(self) -> bool:
        """Whether the plan leads back to an older release."""
        return self.plan is not None and self.plan.purpose is PlanPurpose.ROLLBACK

    @property
    def database_is_new(self) -> bool:
        """Whether the release itself brings the database up for the first time."""
        component = self.site.config.database.component
        return component is not None and all(one.component != component for one in self.containers)

    def _has_step(self, kind: StepKind) -> bool:
        return self.plan is not None and any(step.kind is kind for step in self.plan.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One answer; the resolution says what to do and is empty only when all is well."""

    status: Status
    message: str
    resolution: str = ""


def passed(message: str) -> Finding:
    """Return the answer that all is well."""
    return Finding(status=Status.OK, message=message)


def warned(message: str, *, resolution: str) -> Finding:
    """Return an answer that a person should know and that stops nothing."""
    return Finding(status=Status.WARN, message=message, resolution=resolution)


def failed(message: str, *, resolution: str) -> Finding:
    """Return an answer that refuses the deploy."""
    return Finding(status=Status.FAIL, message=message, resolution=resolution)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One question.

    Attributes:
        id: Stable name for scripts, for example ``production-profile``.
        question: The same for people, answered by yes when all is well.
        ask: Answers it; changes nothing.
    """

    id: str
    question: str
    ask: Callable[[Subject], Finding]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """A check's id and question with its answer."""

    check: str
    question: str
    status: Status
    message: str
    resolution: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The answers of all checks, in order."""

    results: tuple[CheckResult, ...]

    @property
    def refused(self) -> bool:
        """Whether any answer forbids the deploy."""
        return self.failed > 0

    @property
    def ok(self) -> int:
        """How many answers are well."""
        return self._counted[Status.OK]

    @property
    def warned(self) -> int:
        """How many answers warn."""
        return self._counted[Status.WARN]

    @property
    def failed(self) -> int:
        """How many answers refuse."""
        return self._counted[Status.FAIL]

    @property
    def _counted(self) -> Counter[Status]:
        return Counter(result.status for result in self.results)
