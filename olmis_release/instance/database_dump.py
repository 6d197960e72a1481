"""A dump as the way back, where a copy beside the database is not wanted or has no room.

It is written by `pg_dump` in a helper container on the target, never over the operator's line: the image is the
database's own, so the versions fit, and the network is that of its container. The dump lies in a named volume, and
counts only when it was read through once and its SHA-256 stands beside it. A helper is never taken up again: whatever a
cut-off run left is removed and done anew. Going back fills a new database, which is then swapped in like any copy.

The database is open while it is dumped, for a closed one lets `pg_dump` in no more than anybody; users are shut out by
the wall, and what unchanged services write meanwhile is not in the dump.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from olmis_release.errors import RollbackRefused, StepFailed
from olmis_release.instance.database import PostgresDatabase
from olmis_release.instance.engine import DockerEngine
from olmis_release.instance.own_containers import Wanted
from olmis_release.instance.ports import DatabaseState, ExecResult
from olmis_release.instance.psql import DatabaseContainer
from olmis_release.text import human_bytes

FOLDER = "/olmis-release-dumps"
HELPER_LABEL = "org.openlmis.release.dump"
LONG_S = 6 * 3600.0
"""Seconds a dump, its reading through or its restoring may take."""

SHORT_S = 60.0
COMPRESSED = 0.5
"""A dump leaves indexes out and is compressed; more than half of the database's size was never seen."""

JOBS = "2"
# A whole name appears only after everything before it: what is not there was never proved.
_SEAL = (
    'cd "$1" && sha256sum "$2.dump" > "$2.partial" && sync "$2.dump" "$2.partial" && mv "$2.partial" "$2.sha256"'
    ' && cut -c 1-12 "$2.sha256" && wc -c < "$2.dump"'
)
_SEALED = 'cd "$1" && test -f "$2.sha256" && cut -c 1-12 "$2.sha256" && wc -c < "$2.dump"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Whose dumps they are, and how the helper logs in: the password travels in the environment of commands only."""

    project: str
    user: str
    password: str = field(repr=False)


class Dumps:
    """Dumps of one instance's database; see `ports.Fallback`."""

    beside = True

    def __init__(self, engine: DockerEngine, database: PostgresDatabase, *, component: str, access: Access) -> None:
        """Ask nothing yet."""
        self._engine = engine
        self._database = database
        self._access = access
        self._container = DatabaseContainer(engine, access.project, component)

    def lacks(self, size_bytes: int) -> str:
        """Return what is missing: the dump needs room now, and the database that is filled from it later."""
        # A container's own root lies where the engine keeps its volumes, so nothing needs to be made to look.
        there = self._container.exec(("df", "-PB1", "/"))
        on_volume, beside = int(there.stdout.splitlines()[-1].split()[3]), self._database.free_bytes()
        missing = []
        if on_volume < size_bytes * COMPRESSED:
            missing.append(
                f"a dump may take {human_bytes(size_bytes * COMPRESSED)}; {human_bytes(on_volume)} are free in the "
                f"volume {self.volume}"
            )
        if beside is not None and beside < size_bytes:
            missing.append(
                f"the database filled from it takes {human_bytes(size_bytes)}; {human_bytes(beside)} are free where "
                "the data lies"
            )
        return "; ".join(missing)

    def take(self, point: str, *, run: str) -> str:
        """Dump, read through, seal."""
        with self._helper(run) as helper:
            sealed = self._try(helper, ("sh", "-c", _SEALED, "sh", FOLDER, point))
            if sealed.exit_code != 0:
                sealed = self._dump(helper, point)
        digest, size = sealed.stdout.split()
        return f"dump {point} in the volume {self.volume}, {human_bytes(int(size))}, sha256 {digest}…"

    def has(self, point: str) -> bool:
        """Return whether it is there and whole."""
        with self._helper("look") as helper:
            return self._is_whole(helper, point)

    def restore(self, point: str, *, run: str, accepted: bool = False) -> None:
        """Fill a new database called like the point, and arm it."""
        there = self._database.point(point)
        if there is not None and there.state is not DatabaseState.COPYING:
            return
        with self._helper(run) as helper:
            self._require_whole(helper, point)
            self._database.make_empty(point)
            restore = ("pg_restore", "--exit-on-error", "--jobs", JOBS, *self._where(), "--dbname", point)
            self._run(helper, (*restore, f"{FOLDER}/{point}.dump"), timeout_s=LONG_S)
        self._database.arm_filled(point, run=run, accepted=accepted)

    def drop(self, point: str) -> None:
        """Remove the dump and what was half made of it."""
        files = tuple(f"{FOLDER}/{point}.{ending}" for ending in ("sha256", "partial", "dump"))
        with self._helper("tidy") as helper:
            self._run(helper, ("rm", "-f", *files))

    def keep_newest(self, count: int) -> None:
        """Remove all dumps but so many; their names end in the run's time."""
        with self._helper("tidy") as helper:
            files = self._run(helper, ("ls", FOLDER)).stdout.split()
            points = sorted({file.rpartition(".")[0] for file in files})
            old = points[: max(0, len(points) - count)]
            remove = tuple(f"{FOLDER}/{file}" for file in files if file.rpartition(".")[0] in old)
            if remove:
                self._run(helper, ("rm", "-f", *remove))

    @property
    def volume(self) -> str:
        """Name of the volume."""
        return f"{self._access.project}-release-dumps"

    def _dump(self, helper: str, point: str) -> ExecResult:
        file = f"{FOLDER}/{point}.dump"
        where = (*self._where(), "--dbname", self._database.name)
        self._run(helper, ("pg_dump", "--format", "custom", *where, "--file", file), timeout_s=LONG_S)
        # A list of its contents is given of half a dump too; only reading all of it tells.
        self._run(helper, ("pg_restore", "--file", "/dev/null", file), timeout_s=LONG_S)
        return self._run(helper, ("sh", "-c", _SEAL, "sh", FOLDER, point), timeout_s=LONG_S)

    def _is_whole(self, helper: str, point: str) -> bool:
        check = 'cd "$1" && sha256sum --status -c "$2.sha256"'
        return self._try(helper, ("sh", "-c", check, "sh", FOLDER, point), timeout_s=LONG_S).exit_code == 0

    def _require_whole(self, helper: str, point: str) -> None:
        if not self._is_whole(helper, point):
            raise RollbackRefused(
                f"The dump {point} in the volume {self.volume} is missing or damaged.",
                resolution="Restore the database from your own backup; the present one is left as it is.",
            )

    def _where(self) -> tuple[str, ...]:
        return ("--no-password", "--host", "127.0.0.1", "--username", self._access.user)

    @contextmanager
    def _helper(self, run: str) -> Iterator[str]:
        server = self._container.find()
        name = f"{self._access.project}-release-dump-{run}"
        left = self._engine.container(name)
        if left is not None and left.labels.get(HELPER_LABEL) == self._access.project:
            self._engine.own.discard(left.id)
        made = self._engine.own.create(
            Wanted(
                image=server.image_id,
                argv=("sleep", "infinity"),
                labels={HELPER_LABEL: self._access.project},
                name=name,
                network=f"container:{server.id}",
                volumes={self.volume: FOLDER},
            )
        )
        try:
            self._engine.start(made)
            yield made
        finally:
            self._engine.own.discard(made)

    def _try(self, helper: str, argv: Sequence[str], *, timeout_s: float = SHORT_S) -> ExecResult:
        password = self._access.password
        env = {"PGPASSWORD": password} if password else None
        return self._engine.exec(helper, argv, timeout_s=timeout_s, env=env)

    def _run(self, helper: str, argv: Sequence[str], *, timeout_s: float = SHORT_S) -> ExecResult:
        result = self._try(helper, argv, timeout_s=timeout_s)
        if result.exit_code != 0:
            said = (result.stderr.strip() or f"status {result.exit_code}").splitlines()[-1]
            raise StepFailed(
                f"{argv[0]} failed: {said}",
                resolution="Read its message; room in the volume and the role's rights are the usual causes.",
                details=result.stderr.strip(),
            )
        return result
