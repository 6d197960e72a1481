"""An instance in memory with a workspace on disk: releases are planned for it, and deployed by pretending."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from olmis_release.events import Event
from olmis_release.instance.compose_file import by_digest
from olmis_release.instance.config import DatabaseConfig, InstanceConfig, Purpose, WallConfig
from olmis_release.instance.flyway_rules import checksum
from olmis_release.instance.ports import Applied, Container, History, Image, WallState
from olmis_release.instance.site import Site
from olmis_release.manifest.lock import canonical
from olmis_release.manifest.model import Component, ReleaseManifest
from olmis_release.plan.composed import config_of, services_in
from olmis_release.plan.make import make_plan, make_rollback_plan
from olmis_release.plan.model import Outcome, Plan, Run
from olmis_release.plan.records import write_run
from olmis_release.plan.sets import PlanSet
from olmis_release.workspace import Workspace
from tests.fakes.database import FakeDatabase
from tests.fakes.instance import (
    FakeCompose,
    FakeConsul,
    FakeEngine,
    FakeFrontDoor,
    FakeRegistry,
    FakeWall,
    a_container,
)
from tests.fakes.lock import FakeLock
from tests.fakes.plan import a_release

OLD = a_release("3.4.1+mw1")
REQUISITION_FILES = {"20190101000000000__base.sql": b"create table a ();", "20190201000000000__more.sql": b"select 1;"}


def jar(files: Mapping[str, bytes]) -> bytes:
    """Return a service's jar with these migration files."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        for name, sql in files.items():
            packed.writestr(f"BOOT-INF/classes/db/migration/{name}", sql)
    return content.getvalue()


def history(schema: str, files: Mapping[str, bytes]) -> History:
    """Return the history of a schema to which these files were applied."""
    rows = (
        Applied(version=name.partition("__")[0], checksum=checksum(sql), script=name, success=True)
        for name, sql in sorted(files.items())
    )
    return History(schema=schema, table="schema_version", rows=tuple(rows))


class Notebook:
    """A reporter that remembers."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def report(self, event: Event) -> None:
        self.events.append(event)


@dataclass
class Estate:
    """A workspace with the instance `uat`, on which nothing runs yet.

    Attributes:
        files: Image (``repository:tag``) to its migration files; other images have a jar without any.
        minute: Runs are a minute apart, and long ago: plans are made now, and a plan older than a run is overtaken.
    """

    root: Path
    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    engine: FakeEngine = field(default_factory=FakeEngine)
    database: FakeDatabase = field(default_factory=FakeDatabase)
    wall: FakeWall = field(default_factory=FakeWall)
    reporter: Notebook = field(default_factory=Notebook)
    minute: int = 0

    def __post_init__(self) -> None:
        self.workspace = Workspace(root=self.root)
        self.config = InstanceConfig(
            kind="instance",
            name="uat",
            purpose=Purpose.UAT,
            url="http://127.0.0.1:8080",
            time_zone="Africa/Blantyre",
            project="uat",
            settings="settings/uat.env",
            database=DatabaseConfig(component="db"),
            wall=WallConfig(image="nginx:1.22", publish="127.0.0.1:8080"),
        )
        self.write("manifests/instances/uat.yml", "kind: instance\n")
        self.settings("MAIL_HOST=mail\nPOSTGRES_PASSWORD=open-sesame\n")
        self.files["openlmis/requisition:7.1.0"] = dict(REQUISITION_FILES)

    @property
    def site(self) -> Site:
        """The instance as the tool reaches it."""
        return Site(
            config=self.config,
            folder=self.workspace.folder("uat"),
            engine=self.engine,
            compose=FakeCompose(self.engine),
            database=self.database,
            registry=FakeRegistry(),
            front=FakeFrontDoor(),
            wall=self.wall,
            consul=FakeConsul(),
            lock=FakeLock(),
            reporter=self.reporter,
            run_pass="pass",
        )

    def write(self, path: str, text: str) -> Path:
        """Write a file of the workspace."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def settings(self, text: str) -> None:
        """Write the settings file."""
        self.write("settings/uat.env", text).chmod(0o600)

    def release(self, manifest: ReleaseManifest) -> ReleaseManifest:
        """Write a release, and put its images where the engine can pull them."""
        self.write(f"manifests/releases/{manifest.version}.yml", canonical(manifest))
        for component in manifest.components.values():
            self._offer(component)
        return manifest

    def _offer(self, component: Component) -> None:
        image_id = f"sha256:{(component.image.digest or '')[7:39]:0<64}"
        reference = by_digest(component.image.pinned())
        self.engine.pullable[reference] = Image(id=image_id, digests=(reference,), tags=(), size_bytes=10, labels={})
        self.engine.files[image_id] = {"/service.jar": jar(self.files.get(str(component.image), {}))}

    def plan(self, release: str | None = None) -> Plan:
        """Return the plan for a release; there must be something to do."""
        made = self.make(release)
        assert made is not None
        return made.plan

    def make(self, release: str | None = None) -> PlanSet | None:
        """Plan a release."""
        return make_plan(self.workspace, self.site, release, author="M. Banda")

    def go_back(self, to: str | None = None, *, restore_data: bool = False) -> PlanSet:
        """Plan a rollback."""
        return make_rollback_plan(self.workspace, self.site, to=to, restore_data=restore_data, author="M. Banda")

    def deploy(self, manifest: ReleaseManifest) -> Run:
        """Plan a release and pretend that it was deployed well."""
        self.release(manifest)
        made = self.make(manifest.version)
        assert made is not None
        return self.carry_out(made)

    def carry_out(self, made: PlanSet, **values: object) -> Run:
        """Pretend that a plan was carried out well; keywords change its record."""
        self.minute += 1
        plan, moment = made.plan, f"2025-11-28T18:{self.minute:02d}:11Z"
        run = Run(
            code=made.code,
            run=f"20251128t18{self.minute:02d}11",
            kind=plan.purpose,
            instance="uat",
            release=plan.release,
            previous=plan.previous,
            outcome=Outcome.DEPLOYED,
            way_back=plan.way_back,
            started=moment,
            ended=moment.replace(":11Z", ":51Z"),
            outage_s=31.5,
            exit_code=0,
        ).model_copy(update=values)
        write_run(self.workspace, run)
        self._start(made)
        self.wall.now = WallState.OPEN
        return run

    def _start(self, made: PlanSet) -> None:
        text = (made.folder / "compose.yml").read_text()
        for change in made.plan.changes:
            self.engine.all.pop(f"id-of-{change.component}", None)
        for name, body in services_in(text, shown_as="compose.yml").items():
            image = str(body["image"])
            found = self.engine.images.setdefault(by_digest(image), self.engine.pullable[by_digest(image)])
            self.engine.all[f"id-of-{name}"] = _container(name, image, found, label=config_of(body) or "")

    def migrated(self, schema: str, files: Mapping[str, bytes]) -> None:
        """Pretend that these files were applied to a schema."""
        live = self.database.all[self.database.name]
        others = tuple(one for one in live.histories if one.schema != schema)
        live.histories = (*others, history(schema, files))


def _container(name: str, image: str, found: Image, *, label: str) -> Container:
    one = a_container(name, image=image)
    labels = {**one.labels, "org.openlmis.release.config": label}
    return replace(one, image_id=found.id, labels=labels)
