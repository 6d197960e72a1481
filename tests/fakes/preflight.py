"""A site that is in good order in every respect, to be spoilt one respect at a time, and a database to ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from olmis_release.events import Event
from olmis_release.instance.config import InstanceConfig
from olmis_release.instance.ports import Blockers, Database, DatabaseFacts, RollbackPoint, ServerFacts
from olmis_release.instance.site import Site
from olmis_release.manifest.model import Component, ImageRef, ReleaseManifest, Role
from olmis_release.preflight.model import Subject
from olmis_release.workspace import InstanceFolder, Workspace
from tests.fakes.instance import (
    FakeCompose,
    FakeConsul,
    FakeEngine,
    FakeFrontDoor,
    FakeRegistry,
    FakeWall,
    Unprepared,
    a_container,
)
from tests.fakes.ledger import FakeLedger
from tests.fakes.lock import FakeLock

DIGEST = f"sha256:{'a' * 64}"
GIB = 1024**3

FACTS = DatabaseFacts(
    name="open_lmis",
    oid=16_384,
    owner="postgres",
    owned=True,
    open=True,
    template=False,
    connection_limit=-1,
    comment="",
    size_bytes=2 * GIB,
    collation_matches=True,
    settings=(),
    acl=(),
)
SERVER = ServerFacts(version_number=150_008, role="postgres", superuser=True, create_database=True)
NOTHING = Blockers(prepared=(), subscriptions=(), slots=(), base_backups=())


class Recorder:
    """A reporter that keeps what it was told."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def report(self, event: Event) -> None:
        self.events.append(event)


@dataclass
class AskedDatabase:
    """A database server that only answers questions; anything else was not prepared and raises."""

    name: str = "open_lmis"
    about: ServerFacts = SERVER
    all: list[DatabaseFacts] = field(default_factory=lambda: [FACTS])
    kept: list[RollbackPoint] = field(default_factory=list)
    in_the_way: Blockers = NOTHING
    free: int | None = 100 * GIB
    broken: Exception | None = None
    ledger: FakeLedger = field(default_factory=FakeLedger)

    def server(self) -> ServerFacts:
        self._break()
        return self.about

    def databases(self) -> tuple[DatabaseFacts, ...]:
        return tuple(self.all)

    def facts(self, name: str) -> DatabaseFacts | None:
        self._break()
        return next((one for one in self.all if one.name == name), None)

    def points(self) -> tuple[RollbackPoint, ...]:
        return tuple(self.kept)

    def blockers(self) -> Blockers:
        return self.in_the_way

    def free_bytes(self) -> int | None:
        return self.free

    def change(self, **values: Any) -> None:
        """Change the instance's own database."""
        self.all[0] = replace(self.all[0], **values)

    def _break(self) -> None:
        if self.broken:
            raise self.broken

    def __getattr__(self, name: str) -> Any:
        raise Unprepared(f"nothing prepared for Database.{name}")


def a_component(name: str, *, tag: str = "1.0.0", **values: Any) -> Component:
    """Return a component with a pinned image."""
    return Component(image=ImageRef(repository=f"openlmis/{name}", tag=tag, digest=DIGEST), **values)


def a_release(**components: Component) -> ReleaseManifest:
    """Return a small release: a database, a front, two services, a user interface and a one-shot."""
    usual = {
        "db": a_component("postgres", role=Role.DATABASE),
        "nginx": a_component("nginx", role=Role.INFRASTRUCTURE),
        "auth": a_component("auth", tag="4.0.0", consul="auth", schema_name="auth"),
        "requisition": a_component("requisition", tag="7.1.0", consul="requisition", schema_name="requisition"),
        "ui": a_component("ui", role=Role.UI, consul=None),
        "extensions": a_component("extensions", role=Role.EXTENSION),
    }
    return ReleaseManifest(version="3.5.0+mw1", core="3.5.0", components={**usual, **components})


def an_instance(**values: Any) -> InstanceConfig:
    """Return the instance file of a UAT place."""
    usual: dict[str, Any] = {
        "kind": "instance",
        "name": "uat",
        "purpose": "uat",
        "url": "http://127.0.0.1:8080",
        "project": "uat",
        "settings": "settings/uat.env",
        "database": {"component": "db"},
        "wall": {"image": "nginx:1.22", "publish": "127.0.0.1:8080"},
    }
    return InstanceConfig.model_validate({**usual, **values})


def configuration_of(manifest: ReleaseManifest) -> dict[str, Any]:
    """Return what Compose says of a release in good order."""
    return {"services": {name: _body(one) for name, one in manifest.components.items()}, "volumes": {}}


def _body(component: Component) -> dict[str, Any]:
    owned = {"spring_profiles_active": "production", "JAVA_OPTS": "-server -Xmx512m"} if component.schema_name else {}
    restart = {} if component.role is Role.EXTENSION else {"restart": "always"}
    return {"image": component.image.pinned(), "environment": owned, **restart}


@dataclass
class Place:
    """The parts of a site, each open to be spoilt."""

    root: Path
    manifest: ReleaseManifest = field(default_factory=a_release)
    config: InstanceConfig = field(default_factory=an_instance)
    database: AskedDatabase = field(default_factory=AskedDatabase)
    front: FakeFrontDoor = field(default_factory=FakeFrontDoor)
    registry: FakeRegistry = field(default_factory=FakeRegistry)
    reporter: Recorder = field(default_factory=Recorder)
    plan: Any = None

    def __post_init__(self) -> None:
        self.engine = FakeEngine(*(a_container(name) for name in self.manifest.components))
        self.compose = FakeCompose(self.engine)
        self.compose.configuration = configuration_of(self.manifest)
        self.registry.digests = {str(one.image): DIGEST for one in self.manifest.components.values()}
        self.registry.digests[str(self.config.wall.image_ref)] = DIGEST

    @property
    def services(self) -> dict[str, Any]:
        """The services of the rendered configuration."""
        configuration = cast("Mapping[str, Any]", self.compose.configuration)
        return cast("dict[str, Any]", configuration["services"])

    def change_container(self, component: str, **values: Any) -> None:
        """Change a container."""
        self.engine.all[f"id-of-{component}"] = replace(self.engine.all[f"id-of-{component}"], **values)

    @property
    def site(self) -> Site:
        """The site made of the parts as they are now."""
        return Site(
            config=self.config,
            folder=InstanceFolder(root=self.root / ".olmis-release" / "uat"),
            engine=self.engine,
            compose=self.compose,
            database=cast("Database", self.database),
            registry=self.registry,
            front=self.front,
            wall=FakeWall(),
            consul=FakeConsul(),
            lock=FakeLock(),
            reporter=self.reporter,
            run_pass="pass",
        )

    @property
    def subject(self) -> Subject:
        """The subject of the checks."""
        return Subject(
            workspace=Workspace(root=self.root),
            site=self.site,
            manifest=self.manifest,
            plan=self.plan,
            compose_file=self.root / "compose.yml",
        )
