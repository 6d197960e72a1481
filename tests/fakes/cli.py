"""A desk to type commands at: a workspace on disk, an instance of fakes behind it, and what was printed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from olmis_release.cli import wiring
from olmis_release.cli.main import main
from olmis_release.events import Reporter
from olmis_release.instance.site import Site
from olmis_release.manifest.lock import canonical
from olmis_release.plan.approval.signers import digests
from olmis_release.plan.codes import sha256
from olmis_release.plan.model import (
    Action,
    Base,
    Change,
    Migration,
    Outcome,
    Plan,
    PlannedStep,
    PlanPurpose,
    Run,
    StepKind,
    WayBack,
)
from olmis_release.plan.records import write_run
from olmis_release.plan.sets import PlanSet, write_plan
from olmis_release.workspace import Workspace
from tests.fakes.preflight import Place

INSTANCE = """\
kind: instance
name: {name}
purpose: {purpose}
url: http://127.0.0.1:8080
time_zone: Africa/Blantyre
project: uat
settings: settings/{name}.env
database: {{component: db}}
wall: {{image: "nginx:1.22", publish: "127.0.0.1:8080"}}
policy: {{approvals: {approvals}}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a command printed, and how it ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one object on standard output."""
        return json.loads(self.out)

    @property
    def everything(self) -> str:
        """Both streams."""
        return self.out + self.err


@dataclass
class Desk:
    """Types commands and keeps the workspace.

    Attributes:
        place: The fakes behind every instance.
    """

    root: Path
    capsys: pytest.CaptureFixture[str]
    place: Place
    reporters: list[Reporter] = field(default_factory=list)

    @property
    def workspace(self) -> Workspace:
        """The workspace on disk."""
        return Workspace(root=self.root)

    def write(self, path: str, text: str) -> Path:
        """Write a file of the workspace."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def instance(self, name: str, *, purpose: str = "uat", approvals: str = "[]") -> None:
        """Write an instance file."""
        text = INSTANCE.format(name=name, purpose=purpose, approvals=approvals)
        self.write(f"manifests/instances/{name}.yml", text)
        self.write(f"settings/{name}.env", "POSTGRES_PASSWORD=open-sesame-2026\n").chmod(0o600)

    def plan(self, **values: Any) -> PlanSet:
        """Write a plan to the release of `place`, and that release."""
        release = self.place.manifest
        values.setdefault("base", self.base(values.get("instance", "uat")))
        self.write(f"manifests/releases/{release.version}.yml", canonical(release))
        return write_plan(self.workspace, a_plan(**values), compose_text=COMPOSE, previous_text=None)

    def base(self, instance: str) -> Base:
        """Return what a plan for an instance would be made from, as far as files of the workspace go."""
        config = wiring.read_instance(self.workspace, instance)
        return BASE.model_copy(
            update={
                "instance_file": sha256(self.workspace.instance(instance).read_bytes()),
                "signers": digests(self.workspace) if config.policy.roles else {},
            }
        )

    def deployed(self, **values: Any) -> Run:
        """Write a plan with a run of it."""
        run = a_run(self.plan().code, **values)
        write_run(self.workspace, run)
        return run

    def type(self, *words: str) -> Told:
        """Type a command in this workspace."""
        self.capsys.readouterr()
        status = main(["--repo", str(self.root), *words])
        printed = self.capsys.readouterr()
        return Told(status=status, out=printed.out, err=printed.err)

    def open_site(self, workspace: Workspace, name: str, reporter: Reporter) -> Site:
        """Stand in for `wiring.open_site`: the instance file is read, the outside world is fake."""
        self.reporters.append(reporter)
        config = wiring.read_instance(workspace, name)
        return replace(self.place.site, config=config, folder=workspace.folder(name), reporter=reporter)

    def files(self) -> Mapping[str, bytes]:
        """Every file of the workspace but locks and logs, to see that nothing was touched."""
        every = (path for path in self.root.rglob("*") if path.is_file() and ".olmis-release" not in path.parts)
        return {str(path.relative_to(self.root)): path.read_bytes() for path in every}


def a_plan(**values: Any) -> Plan:
    """Return a plan to 3.5.0+mw1 with one of each change."""
    usual: dict[str, Any] = {
        "tool_version": "0.1.0",
        "instance": "uat",
        "project": "uat",
        "url": "http://127.0.0.1:8080",
        "release": "3.5.0+mw1",
        "release_file": "manifests/releases/3.5.0+mw1.yml",
        "previous": "3.4.1+mw1",
        "previous_plan": None,
        "compose": sha256(COMPOSE.encode()),
        "previous_compose": None,
        "created": "2026-11-28T17:00:00Z",
        "author": "M. Banda",
        "base": BASE,
        "changes": CHANGES,
        "steps": STEPS,
        "way_back": WayBack.DATABASE,
        "offline_s": 47.0,
        "offline_basis": "The last deploy like it took that long.",
        "data_cost": "Nothing is lost before the release is accepted.",
    }
    return Plan.model_validate({**usual, **values})


def a_run(code: str, **values: Any) -> Run:
    """Return a finished, good deploy of 3.5.0+mw1."""
    usual: dict[str, Any] = {
        "code": code,
        "run": "20261128t180211",
        "kind": PlanPurpose.DEPLOY,
        "instance": "uat",
        "release": "3.5.0+mw1",
        "previous": "3.4.1+mw1",
        "outcome": Outcome.DEPLOYED,
        "way_back": WayBack.DATABASE,
        "started": "2026-11-28T18:02:11Z",
        "ended": "2026-11-28T18:06:41Z",
        "outage_s": 48.25,
        "exit_code": 0,
        "by": "M. Banda",
    }
    return Run.model_validate({**usual, **values})


COMPOSE = """\
name: uat
services:
  auth:
    image: 127.0.0.1:5790/openlmis/auth:4.0.0
    labels:
      org.openlmis.release.config: "0123456789abcdef"
"""
BASE = Base(engine_id="FAKE", containers={}, settings="", histories={}, hooks={}, instance_file="", manifest="")
CHANGES = (
    Change(component="auth", action=Action.KEEP, before="openlmis/auth:4.0.0", after="openlmis/auth:4.0.0"),
    Change(component="cce", action=Action.REMOVE, before="openlmis/cce:1.0.0"),
    Change(component="hapifhir", action=Action.ADD, after="openlmis/hapifhir:1.0.0"),
    Change(
        component="nginx",
        action=Action.RESTART,
        before="openlmis/nginx:4",
        after="openlmis/nginx:4",
        reasons=("Consul loses its registrations",),
    ),
    Change(
        component="requisition",
        action=Action.REPLACE,
        before="openlmis/requisition:7.0.0",
        after="openlmis/requisition:7.1.1-hotfix.1",
        reasons=("image 7.0.0 -> 7.1.1-hotfix.1", "environment JAVA_OPTS changed"),
        pending=(Migration(version="54", name="a", checksum=1), Migration(version="55", name="b", checksum=2)),
    ),
    Change(
        component="ui",
        action=Action.REPLACE,
        before="openlmis/reference-ui:5.1.0",
        after="openlmismw/ui:1.2.0",
        reasons=("image openlmis/reference-ui:5.1.0 -> openlmismw/ui:1.2.0",),
    ),
)
STEPS = (
    PlannedStep(kind=StepKind.PULL_IMAGES, subject="pull 3 images", reason="before any downtime"),
    PlannedStep(kind=StepKind.RAISE_WALL, subject="raise the wall", reason="the database migrates"),
)
