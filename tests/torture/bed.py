"""The bed: the smallest instance that has everything a deploy can break, put back to a known start before each case.

It is made once: a first deploy (`OLD`), a calibrating good deploy (`NEW`), plans for a good and a bad release, and of
each start a copy of the workspace and of the database. `reset` then needs seconds, past the tool: what a case did to
containers, databases, registrations, wall and lock is undone from outside. Shortened here, not in the product: services
boot at once, hear no signal for a second only, PostgreSQL does not wait for the disk, SQL goes over TCP.

Reuse: `Bed.reset(Start.OLD)`, then `Bed.run(...)` with a fault's spec, then `look.look(bed)` and `judge`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import docker
import psycopg
import requests
from psycopg import sql

from lab.estate import LOOPBACK, ROOT, Estate, Wishes, free_port, make_estate, remove_project
from lab.fleet import ensure_fleet
from lab.scalars import with_scalars
from tests.torture.nursery import Order, nursery, read

HOME = ROOT / "build" / "torture"
URL_VARIABLE = "TORTURE_DATABASE_URL"
LIVE = "open_lmis"
BASE, GOOD, BAD = "3.5.0+small1", "3.5.0+small2", "3.5.0+small3"
GOOD_PIN, BAD_PIN = "requisition=7.1.1-hotfix.1", "requisition=7.1.0-drops-column"
TIMEOUTS = {"lease_s": "2", "step_s": "20", "hold_s": "5", "ready_s": "45"}
TOOL_S = 240.0
LOCK_LABEL = "org.openlmis.release.lock"
SERVICES = ("auth", "requisition")
#: What an administrator may have set on a database, and a copy does not carry by itself.
MARKS = (
    "CREATE ROLE reader LOGIN",
    "GRANT CONNECT ON DATABASE open_lmis TO reader",
    "ALTER DATABASE open_lmis SET statement_timeout = '10min'",
    "ALTER DATABASE open_lmis CONNECTION LIMIT 200",
    "COMMENT ON DATABASE open_lmis IS 'ask the ministry before touching'",
)
QUICK_DISK = ("fsync = off", "full_page_writes = off", "synchronous_commit = off")

POINT = """
SELECT datname, shobj_description(oid, 'pg_database') FROM pg_database WHERE datname LIKE 'open_lmis__before_%'"""


class Start(StrEnum):
    """What serves when a case begins."""

    OLD = "old"
    NEW = "new"


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A command that ended; a negative exit code is the signal that killed it."""

    arguments: tuple[str, ...]
    exit_code: int
    out: str
    err: str

    @property
    def killed(self) -> bool:
        """Whether it was killed."""
        return self.exit_code < 0

    @property
    def next(self) -> str:
        """What its Next line says."""
        found = re.findall(r"^Next: (.*)$", f"{self.out}\n{self.err}", re.MULTILINE)
        return found[-1] if found else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bed:
    """See the module.

    Attributes:
        name: Instance; the Compose project is called ``olmis-<name>``.
        port, database_port: On loopback.
        password: Of the database.
        plans: ``base``, ``good`` and ``bad`` to the code of a plan.
    """

    name: str
    port: int
    database_port: int
    password: str
    plans: Mapping[str, str]

    @property
    def home(self) -> Path:
        """The folder of all that belongs to it."""
        return HOME / self.name

    @property
    def estate(self) -> Estate:
        """The estate, in the workspace where runs begin."""
        return Estate(folder=self.home / "workspace", instance=self.name, project=f"olmis-{self.name}", port=self.port)

    @property
    def second(self) -> Path:
        """Another operator's workspace: the same files from version control, none of the tool's own."""
        return self.home / "second"

    @property
    def environment(self) -> dict[str, str]:
        """What a command needs to know."""
        return {**self.estate.environment, URL_VARIABLE: self.database_url("")}

    def database_url(self, database: str) -> str:
        """Return the URL of a database of the server, as a superuser."""
        return f"postgresql://postgres:{self.password}@{LOOPBACK}:{self.database_port}/{database}"

    def connect(self, database: str = "postgres") -> psycopg.Connection[Any]:
        """Connect to a database, past every service."""
        return psycopg.connect(self.database_url(database), autocommit=True, connect_timeout=10)

    def save(self) -> None:
        """Remember it for later processes."""
        (self.home / "bed.json").write_text(json.dumps({**asdict(self), "plans": dict(self.plans)}), encoding="utf-8")

    def run(self, *arguments: str, spec: Mapping[str, Any] | None = None, second: bool = False) -> Done:
        """Run the tool to its end, with a fault in it (see `driver`), here or in the second workspace."""
        out, err = self.home / "command.out", self.home / "command.err"
        order = Order(
            arguments=arguments,
            spec=spec or {},
            environment=self._environment_in(second=second),
            out=str(out),
            err=str(err),
        )
        code = nursery().run(order, timeout_s=TOOL_S)
        told = read(err) if code is not None else f"{read(err)}\nit never ended"
        return Done(arguments=arguments, exit_code=124 if code is None else code, out=read(out), err=told)

    def start(
        self, *arguments: str, spec: Mapping[str, Any] | None = None, second: bool = False
    ) -> subprocess.Popen[str]:
        """Start the tool and return at once."""
        given = self.home / f"spec-{time.monotonic_ns()}.json"
        given.write_text(json.dumps(spec or {}), encoding="utf-8")
        pipe = subprocess.PIPE
        return subprocess.Popen(
            [sys.executable, "-m", "tests.torture.driver", str(given), "--", *arguments],
            cwd=ROOT,
            env=self._environment_in(second=second),
            stdin=subprocess.DEVNULL,
            stdout=pipe,
            stderr=pipe,
            text=True,
        )

    def _environment_in(self, *, second: bool) -> dict[str, str]:
        return {**self.environment, "OLMIS_RELEASE_REPO": str(self.second if second else self.estate.folder)}

    def reset(self, start: Start) -> None:
        """Put everything back to how a case begins.

        Raises:
            TimeoutError: It does not serve; make the bed anew.
        """
        for spec in self.home.glob("spec-*.json"):
            spec.unlink()
        self._remove_locks()
        self._put_workspaces(start)
        self._put_databases(start)
        self._put_containers(start)
        self._put_registrations()
        self._open_wall()
        self.await_serving()

    def _remove_locks(self) -> None:
        filters: Any = {"label": [f"{LOCK_LABEL}={self.name}"]}
        for lock in docker.from_env().containers.list(all=True, filters=filters):
            lock.remove(force=True)

    def _put_workspaces(self, start: Start) -> None:
        for folder in (self.estate.folder, self.second):
            shutil.rmtree(folder, ignore_errors=True)
        kept = self.home / f"kept-{start}"
        shutil.copytree(kept, self.estate.folder)
        shutil.copytree(kept, self.second, ignore=shutil.ignore_patterns(".olmis-release"))

    def _put_databases(self, start: Start) -> None:
        self._have_running("db")
        with self.connect() as connection:
            for name in self.databases(connection):
                _drop(connection, name)
            _copy(connection, f"kept_{start}", LIVE)
            for mark in MARKS[1:]:
                connection.execute(mark.encode())
            if start is Start.NEW:
                self._put_point(connection)
            for table in ("ledger", "fence"):
                theirs = sql.Identifier("olmis_release", table)
                connection.execute(sql.SQL("TRUNCATE {0}").format(theirs))
                connection.execute(sql.SQL("INSERT INTO {0} SELECT * FROM {1}").format(theirs, _kept(start, table)))

    def _put_point(self, connection: psycopg.Connection[Any]) -> None:
        point, comment = json.loads((self.home / "point.json").read_text(encoding="utf-8"))
        _copy(connection, "kept_old", point)
        for mark in MARKS[1:-1]:
            connection.execute(mark.replace(LIVE, point).encode())
        (oid,) = connection.execute("SELECT oid FROM pg_database WHERE datname = %s", [LIVE]).fetchone() or (0,)
        told = re.sub(r" of=\d+", f" of={oid}", comment)
        name = sql.Identifier(point)
        connection.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(name, sql.Literal(told)))
        connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(name))
        connection.execute(sql.SQL("ALTER DATABASE {} IS_TEMPLATE true").format(name))

    def databases(self, connection: psycopg.Connection[Any]) -> list[str]:
        """Return the databases that may be of a case: all but the server's own and what the bed keeps."""
        rows = connection.execute(
            "SELECT datname FROM pg_database WHERE datname NOT IN ('postgres', 'template0', 'template1')"
            " AND datname NOT LIKE 'kept\\_%' ORDER BY 1"
        )
        return [str(row[0]) for row in rows]

    def containers(self) -> dict[str, Any]:
        """Return component to container, as the engine's SDK has it; a second one of a component is an error."""
        filters: Any = {"label": [f"com.docker.compose.project={self.estate.project}"]}
        found = docker.from_env().containers.list(all=True, filters=filters)
        return {str(one.labels["com.docker.compose.service"]): one for one in found}

    def _have_running(self, component: str) -> None:
        found = self.containers().get(component)
        if found is not None and found.status != "running":
            found.start()
            self._await_database()

    def _await_database(self) -> None:
        for _ in range(100):
            try:
                self.connect().close()
            except psycopg.OperationalError:
                time.sleep(0.2)
            else:
                return

    def _put_containers(self, start: Start) -> None:
        wanted = json.loads((self.home / f"images-{start}.json").read_text(encoding="utf-8"))
        there = {
            name: one.attrs["Image"] for name, one in self.containers().items() if one.attrs["State"]["Running"] is True
        }
        wrong = [name for name, image in wanted.items() if there.get(name) != image]
        for number, one in self.consul("GET", "/v1/agent/services").items():
            if one["Service"] in wrong:
                self._deregister(number)
        if wrong:
            self.compose_up(start, wrong)

    def compose_up(self, start: Start, components: Sequence[str]) -> None:
        """Start components as the release of a start describes them, past the tool."""
        plan = self.plans["base" if start is Start.OLD else "good"]
        folder = self.estate.folder
        files = ("--env-file", os.devnull, "--file", str(folder / "plans" / plan / "compose.yml"))
        argv = ["docker", "compose", "--project-name", self.estate.project, "--project-directory", str(folder), *files]
        argv += ["up", "--detach", "--no-deps", "--no-build", "--pull", "never", *components]
        environment = {**os.environ, "COMPOSE_IGNORE_ORPHANS": "1"}
        subprocess.run(argv, check=True, capture_output=True, env=environment, timeout=120)

    def consul(self, method: str, path: str) -> Any:
        """Ask Consul at its own address, past front and wall."""
        address = address_of(self.containers()["consul"])
        return requests.request(method, f"http://{address}:8500{path}", timeout=10).json()

    def registrations(self) -> dict[str, list[str]]:
        """Return service to the addresses that are registered for it."""
        found: dict[str, list[str]] = {}
        for one in self.consul("GET", "/v1/agent/services").values():
            found.setdefault(one["Service"], []).append(one["Address"])
        return found

    def _put_registrations(self) -> None:
        """Take away what leads nowhere; a service that is registered nowhere registers again at its start."""
        containers = self.containers()
        alive = {name: address_of(containers[name]) for name in SERVICES}
        for number, one in self.consul("GET", "/v1/agent/services").items():
            if one["Address"] != alive.get(one["Service"]):
                self._deregister(number)
        end = time.monotonic() + 5
        while missing := [name for name, address in alive.items() if address not in self.registrations().get(name, ())]:
            if time.monotonic() > end:
                for name in missing:
                    containers[name].restart(timeout=1)
                return
            time.sleep(0.2)

    def _deregister(self, number: str) -> None:
        address = address_of(self.containers()["consul"])
        requests.put(f"http://{address}:8500/v1/agent/service/deregister/{number}", timeout=10)

    def _open_wall(self) -> None:
        from olmis_release.cli.wiring import open_site
        from olmis_release.workspace import Workspace

        if self.wall() == "open":
            return
        os.environ[URL_VARIABLE] = self.database_url("")
        site = open_site(Workspace(root=self.estate.folder), self.name, Silent())
        site.wall.ensure(closed=False)
        site.wall.open()

    def wall(self) -> str:
        """Return what the wall says of itself, ``open``, ``closed`` or ``absent``."""
        try:
            answer = requests.get(f"{self.estate.url}/__olmis_release/state", timeout=5)
        except requests.RequestException:
            return "absent"
        return answer.text.partition(" ")[0] if answer.status_code == 200 else "absent"

    def await_serving(self) -> None:
        """Return once both services answer users.

        Raises:
            TimeoutError: They do not.
        """
        end = time.monotonic() + 90
        while not all(_answers(f"{self.estate.url}{path}") for path in ("/auth", "/requisition")):
            if time.monotonic() > end:
                raise TimeoutError(f"the bed {self.name} does not serve")
            time.sleep(0.3)


class Silent:
    """Hears events and tells nobody."""

    def report(self, event: object) -> None:
        """Do nothing."""


def address_of(container: Any) -> str:
    """Return a container's address in its project's network."""
    container.reload()
    networks = container.attrs["NetworkSettings"]["Networks"].values()
    return str(next(iter(networks))["IPAddress"])


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).status_code == 200
    except requests.RequestException:
        return False


def _kept(start: Start, table: str) -> sql.Composable:
    return sql.Identifier("kept", f"{table}_{start}")


def _copy(connection: psycopg.Connection[Any], source: str, target: str) -> None:
    statement = "CREATE DATABASE {} TEMPLATE {}"
    connection.execute(sql.SQL(statement).format(sql.Identifier(target), sql.Identifier(source)))


def _drop(connection: psycopg.Connection[Any], name: str) -> None:
    connection.execute(sql.SQL("ALTER DATABASE {} IS_TEMPLATE false").format(sql.Identifier(name)))
    connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """How a bed is made.

    Attributes:
        kind: What it is.
        timeouts: Of its instance.
        registry: Where its images come from; the fleet's where none is named.
        prepare: Called with the name of its project, before anything of it is there.
    """

    kind: type[Bed] = Bed
    timeouts: Mapping[str, str] = field(default_factory=lambda: TIMEOUTS)
    registry: str = ""
    prepare: Callable[[str], None] = lambda _project: None


USUAL = Making()


def have_bed(name: str) -> Bed:
    """Return the bed of that name, made where it is not there."""
    path = HOME / name / "bed.json"
    if path.exists():
        return Bed(**json.loads(path.read_text(encoding="utf-8")))
    return make_bed(name)


def remove_bed(name: str) -> None:
    """Remove its containers, volumes, networks, locks and workspaces."""
    bed = Bed(name=name, port=0, database_port=0, password="", plans={})
    bed._remove_locks()
    remove_project(bed.estate.project)
    shutil.rmtree(bed.home, ignore_errors=True)


def make_bed(name: str, making: Making = USUAL) -> Bed:
    """Make a bed from nothing."""
    remove_bed(name)
    making.prepare(f"olmis-{name}")
    home = HOME / name
    wishes = Wishes(
        project=f"olmis-{name}",
        instance=name,
        registry=making.registry or ensure_fleet().registry,
        boot_scale=0.0,
        steady_s=0,
        manifests=ROOT / "tests" / "torture" / "manifests",
    )
    estate = make_estate(home / "workspace", wishes)
    database_port = free_port()
    publish = f"{{ports: ['{LOOPBACK}:{database_port}:5432']}}"
    estate.change({("timeouts", key): value for key, value in making.timeouts.items()})
    estate.change({("components", "db", "set"): publish})
    password = re.findall("POSTGRES_PASSWORD=(.*)", estate.settings.read_text(encoding="utf-8"))[0]
    port = estate.port
    return _with_plans(making.kind(name=name, port=port, database_port=database_port, password=password, plans={}))


def _with_plans(bed: Bed) -> Bed:
    for release, pins in ((BASE, []), (GOOD, [f"--set={GOOD_PIN}"]), (BAD, [f"--set={BAD_PIN}"])):
        require(bed.run("candidate", release, *pins, *(["--reason", "torture"] if pins else [])))
    require(bed.run("deploy", bed.name, "--release", BASE, "--json"))
    text = bed.estate.instance_file.read_text(encoding="utf-8")
    bed.estate.instance_file.write_text(with_scalars(text, {("database",): f"{{url_from: {URL_VARIABLE}}}"}), "utf-8")
    with bed.connect() as connection:
        for line in QUICK_DISK:
            connection.execute(f"ALTER SYSTEM SET {line}".encode())
        connection.execute("SELECT pg_reload_conf()")
        for mark in MARKS:
            connection.execute(mark.encode())
    base = json.loads(bed.run("history", bed.name, "--json").out)["runs"][0]["code"]
    codes = {"base": base}
    for word, release in (("good", GOOD), ("bad", BAD)):
        codes[word] = json.loads(require(bed.run("plan", release, "--to", bed.name, "--json")).out)["code"]
    made = replace(bed, plans=codes)
    made.await_serving()
    _keep(made, Start.OLD)
    require(made.run("deploy", made.name, "--plan", codes["good"]))
    _keep(made, Start.NEW)
    made.save()
    return made


def require(done: Done) -> Done:
    if done.exit_code:
        raise RuntimeError(f"{done.arguments} ended with {done.exit_code}:\n{done.out}\n{done.err}")
    return done


def _keep(bed: Bed, start: Start) -> None:
    """Keep what a reset to this start needs: the workspace, the database, the ledger, which images run."""
    shutil.copytree(bed.estate.folder, bed.home / f"kept-{start}")
    images = {name: one.attrs["Image"] for name, one in bed.containers().items()}
    (bed.home / f"images-{start}.json").write_text(json.dumps(images), encoding="utf-8")
    with bed.connect() as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS kept")
        for table in ("ledger", "fence"):
            source = sql.Identifier("olmis_release", table)
            connection.execute(sql.SQL("CREATE TABLE {} AS TABLE {}").format(_kept(start, table), source))
        if start is Start.NEW:
            row = connection.execute(POINT).fetchone()
            (bed.home / "point.json").write_text(json.dumps(row), encoding="utf-8")
        live = sql.Identifier(LIVE)
        connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(live))
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [LIVE])
        time.sleep(0.5)
        _copy(connection, LIVE, f"kept_{start}")
        connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(live))
