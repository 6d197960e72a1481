"""The bed of the matrix: `bed` with lines that can be cut, disks that can be filled, an engine that can be killed.

Between the tool and the engine, and between the tool and the database, stands a proxy. The database's files lie in a
volume of bounded size; releases whose migration fails and which never listen are planned too.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import docker
import docker.errors

from lab.estate import LOOPBACK, ROOT, free_port
from lab.fleet import ensure_fleet
from lab.network import NAMESPACES
from lab.proxy import GOOD, Kind, Manner, Proxy, proxy
from lab.second_engine import SecondEngine, second_engine
from tests.torture.bed import HOME, URL_VARIABLE, Bed, Making, Start, make_bed, remove_bed, require

SOCKET = "unix:/var/run/docker.sock"
LIMITS = {"lease_s": "2", "step_s": "30", "hold_s": "8", "ready_s": "45"}
EXTRA = {"migrates-badly": "failing-migration", "never-listens": "never-listens"}
VOLUME_SIZE, WORKSPACE_SIZE = "1500m", "24m"
REFUSING = Manner(Kind.REFUSE)
CLONE_NEWNET = 0x40000000


@dataclass
class Lines:
    """What lies between the tool and its target.

    Attributes:
        engine, sql, registry: The lines.
        flag: File whose being there cuts the line to the front.
        second: The engine that may be killed, None where it is the machine's own.
    """

    engine: Proxy
    sql: Proxy
    registry: Proxy
    flag: Path
    second: SecondEngine | None = None

    def cut(self) -> None:
        """Cut the tool off from everything."""
        self.flag.touch()
        for line in (self.engine, self.sql):
            line.behave(REFUSING)

    def mend(self) -> None:
        """Let everything through."""
        self.flag.unlink(missing_ok=True)
        for line in (self.engine, self.sql, self.registry):
            if line.manner != GOOD:
                line.behave(GOOD)


LINES: dict[str, Lines] = {}


@dataclass(frozen=True, kw_only=True)
class LinedBed(Bed):
    """A bed whose tool goes through lines, and is driven by `matrix_driver`."""

    @property
    def lines(self) -> Lines:
        """Its lines."""
        return LINES[self.name]

    @property
    def environment(self) -> dict[str, str]:
        """What a command needs to know: the proxies in the place of engine and database."""
        if self.name not in LINES:
            return super().environment
        lines = self.lines
        url = self.database_url("").replace(f"{LOOPBACK}:{self.database_port}", lines.sql.address)
        return {**super().environment, "DOCKER_HOST": lines.engine.docker_host, URL_VARIABLE: url}

    def start(self, *arguments: str, spec: Any = None, second: bool = False) -> subprocess.Popen[str]:
        """Start the tool under the matrix' driver and return at once."""
        given = self.home / f"spec-{time.monotonic_ns()}.json"
        flagged = {"front_cut": str(self.lines.flag)} if self.name in LINES else {}
        given.write_text(json.dumps({**flagged, **(spec or {})}), encoding="utf-8")
        folder = self.second if second else self.estate.folder
        pipe = subprocess.PIPE
        return subprocess.Popen(
            [sys.executable, "-m", "tests.torture.matrix_driver", str(given), "--", *arguments],
            cwd=ROOT,
            env={**self.environment, "OLMIS_RELEASE_REPO": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=pipe,
            stderr=pipe,
            text=True,
        )

    def reset(self, start: Start) -> None:
        """Put everything back, the lines and disks first."""
        self.lines.mend()
        self.unmount()
        empty_volume(self)
        for name in ("requisition", "auth"):
            unpause(self, name)
        self.start_all()
        self._have_images()
        super().reset(start)

    def start_all(self) -> None:
        """Start what an engine that was killed left down, as whoever owns the host would."""
        for name in ("db", "consul", "nginx", "auth", "requisition"):
            one = self.containers().get(name)
            if one is not None and one.status != "running":
                with suppress(docker.errors.APIError):
                    one.start()
        with suppress(docker.errors.NotFound):
            wall = docker.from_env().containers.get(f"{self.estate.project}-wall")
            if wall.status != "running":
                wall.start()
        self._await_database()

    def serve_again(self) -> None:
        """Have every service registered, and wait until users are served."""
        self._put_registrations()
        self.await_serving()

    def _have_images(self) -> None:
        for reference in self.references():
            if quietly("docker", "image", "inspect", reference):
                run("docker", "pull", "-q", reference)

    def references(self) -> tuple[str, ...]:
        """Return the images of requisition, old, new and bad, as the Compose files name them."""
        return tuple(dict.fromkeys(self.image_of(plan) for plan in self.plans))

    def image_of(self, plan: str) -> str:
        """Return requisition's image in the release of a plan."""
        text = (self.home / "kept-old" / "plans" / self.plans[plan] / "compose.yml").read_text(encoding="utf-8")
        line = next(one for one in text.splitlines() if "image:" in one and "/requisition" in one)
        return line.split("image:")[1].strip().strip("\"'")

    def mount(self) -> None:
        """Let the workspace lie on a small disk of its own."""
        folder, aside = self.estate.folder, self.home / "aside"
        shutil.rmtree(aside, ignore_errors=True)
        folder.rename(aside)
        folder.mkdir()
        run("mount", "-t", "tmpfs", "-o", f"size={WORKSPACE_SIZE}", "tmpfs", str(folder))
        shutil.copytree(aside, folder, dirs_exist_ok=True)

    def unmount(self) -> None:
        """Take the small disk away."""
        if os.path.ismount(self.estate.folder):
            run("umount", "--lazy", str(self.estate.folder))


def run(*argv: str) -> None:
    """Run a command to its end."""
    subprocess.run(argv, check=True, capture_output=True, timeout=120)


def quietly(*argv: str) -> int:
    """Run a command that may fail, and return its exit status."""
    return subprocess.run(argv, check=False, capture_output=True, timeout=120).returncode


def unpause(bed: Bed, name: str) -> None:
    """Let a component go on that was paused."""
    one = bed.containers().get(name)
    if one is not None and one.status == "paused":
        one.unpause()


MAKING = Making(kind=LinedBed, timeouts=LIMITS)
HOLDER = "{project}-holds-pgdata"


def make_volume(project: str, *, registry: str) -> None:
    """Make the volume of the database on a disk of bounded size, and hold it mounted while the database is down."""
    volume, holder = f"{project}_pgdata", HOLDER.format(project=project)
    labels = ["--label", f"com.docker.compose.project={project}", "--label", "com.docker.compose.volume=pgdata"]
    options = ["--opt", "type=tmpfs", "--opt", "device=tmpfs", "--opt", f"o=size={VOLUME_SIZE}"]
    run("docker", "volume", "create", *labels, *options, volume)
    mount = ["-v", f"{volume}:/pgdata", "--name", holder, "--network", "none", "--restart", "always"]
    image = f"{registry}/library/nginx:1.22"
    run("docker", "run", "-d", *mount, "--entrypoint", "sleep", image, "infinity")


def fill_volume(bed: Bed) -> None:
    """Fill the disk of the database."""
    inside = (
        "dd if=/dev/zero of=/pgdata/filler bs=1M 2>/dev/null; dd if=/dev/zero bs=1k >>/pgdata/filler 2>/dev/null; true"
    )
    run("docker", "exec", HOLDER.format(project=bed.estate.project), "sh", "-c", inside)


def empty_volume(bed: Bed) -> None:
    """Make room on it again."""
    quietly("docker", "exec", HOLDER.format(project=bed.estate.project), "rm", "-f", "/pgdata/filler")


@contextmanager
def matrix_bed(name: str) -> Iterator[LinedBed]:
    """Give the bed on the machine's own engine, its database on a disk of bounded size, made where it is not there."""
    with registry_line(name) as registry:
        prepare = partial(make_volume, registry=registry.address)
        made = found(name) or remade(name, replace(MAKING, registry=registry.address, prepare=prepare))
        with lined(made, registry, None):
            yield with_more_plans(made)


@contextmanager
def killable_bed(name: str) -> Iterator[LinedBed]:
    """Give a bed on an engine of its own, made anew; both go with the block."""
    with registry_line(name) as registry, ExitStack() as stack:
        engine = stack.enter_context(second_engine(registry=registry.address))
        os.environ["DOCKER_HOST"] = engine.host
        stack.callback(os.environ.pop, "DOCKER_HOST")
        stack.enter_context(inside(engine))
        made = remade(name, replace(MAKING, registry=registry.address))
        with lined(made, registry, engine):
            yield with_more_plans(made)


@contextmanager
def inside(engine: SecondEngine) -> Iterator[None]:
    """Have this thread, and all that it starts, in the network of an engine: its loopback, its containers."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/self/ns/net") as ours, (NAMESPACES / engine.network.name).open() as theirs:  # noqa: PTH123
        if libc.setns(theirs.fileno(), CLONE_NEWNET):
            raise LookupError(f"the namespace cannot be entered: {os.strerror(ctypes.get_errno())}")
        try:
            yield
        finally:
            libc.setns(ours.fileno(), CLONE_NEWNET)


@contextmanager
def registry_line(name: str) -> Iterator[Proxy]:
    """Give the line to the registry, at the same port each time: the bed's images are named after it."""
    kept = HOME / f"{name}.port"
    HOME.mkdir(parents=True, exist_ok=True)
    port = int(kept.read_text()) if kept.exists() else free_port()
    kept.write_text(str(port))
    line = Proxy(address=f"{LOOPBACK}:{port}", target=ensure_fleet().registry)
    line.start()
    try:
        yield line
    finally:
        line.close()


@contextmanager
def lined(bed: LinedBed, registry: Proxy, engine: SecondEngine | None) -> Iterator[None]:
    """Lay the lines of a bed."""
    socket = f"unix:{engine.socket}" if engine else SOCKET
    with proxy(socket) as to_engine, proxy(f"{LOOPBACK}:{bed.database_port}") as to_sql:
        flag = bed.home / "front-cut"
        LINES[bed.name] = Lines(engine=to_engine, sql=to_sql, registry=registry, flag=flag, second=engine)
        try:
            yield
        finally:
            LINES[bed.name].mend()
            bed.unmount()
            del LINES[bed.name]


@contextmanager
def with_lines(bed: Bed) -> Iterator[LinedBed]:
    """Lay lines to a bed of the usual kind; its database's disk is not bounded, and no registry can be cut off."""
    made = LinedBed(**asdict(bed))
    registry = Proxy(address=f"{LOOPBACK}:{free_port()}", target=ensure_fleet().registry)
    with lined(made, registry, None):
        yield made


def found(name: str) -> LinedBed | None:
    """Return the bed that is there."""
    path = HOME / name / "bed.json"
    return LinedBed(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None


def remade(name: str, making: Making) -> LinedBed:
    """Make the bed from nothing."""
    remove(name)
    made = make_bed(name, making)
    assert isinstance(made, LinedBed)
    return made


def remove(name: str) -> None:
    """Remove a bed with what holds its volume."""
    folder = HOME / name / "workspace"
    if os.path.ismount(folder):
        run("umount", "--lazy", str(folder))
    quietly("docker", "rm", "-f", HOLDER.format(project=f"olmis-{name}"))
    remove_bed(name)


def with_more_plans(bed: LinedBed) -> LinedBed:
    """Plan the releases of `EXTRA` from the old start, and keep its workspace so."""
    if EXTRA.keys() <= bed.plans.keys():
        return bed
    bed.reset(Start.OLD)
    codes = dict(bed.plans)
    for number, (word, fault) in enumerate(EXTRA.items(), 4):
        release = f"3.5.0+small{number}"
        pin = f"--set=requisition=7.1.0-{fault}"
        require(bed.run("candidate", release, pin, "--reason", "torture"))
        codes[word] = json.loads(require(bed.run("plan", release, "--to", bed.name, "--json")).out)["code"]
    kept = bed.home / "kept-old"
    shutil.rmtree(kept)
    shutil.copytree(bed.estate.folder, kept)
    made = replace(bed, plans=codes)
    made.save()
    return made
