"""What one stand-in image is: read from ``/service.jar``, where a Spring Boot service keeps its migrations too."""

import json
import zipfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tests.standin.service.checksum import flyway_checksum

JAR = Path("/service.jar")
SPEC_MEMBER = "META-INF/standin.json"
MIGRATIONS_FOLDER = "BOOT-INF/classes/db/migration/"


class Fault(StrEnum):
    """What is wrong with an image; the values are the endings of its tag."""

    NONE = "none"
    NEVER_LISTENS = "never-listens"
    WRONG_VERSION = "wrong-version"
    EXITS_AFTER_20 = "exits-after-20"
    SLOW_BOOT = "slow-boot"
    ERROR_500 = "error-500"
    FAILING_MIGRATION = "failing-migration"
    DROPS_COLUMN = "drops-column"


class IdMode(StrEnum):
    """How the service names itself in Consul: anew per container (tags before 2026) or always the same."""

    RANDOM = "random"
    FIXED = "fixed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One file of ``db/migration``; ``version`` is the number before the two underscores."""

    version: int
    name: str
    script: str
    sql: str
    checksum: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """The identity of one image.

    Attributes:
        name: Component, for example ``dhis2-integration``.
        consul: Name on the registry and path of the version endpoint, for example ``dhis2``.
        version: What the tag says.
        served_version: What the version endpoint says; differs only in the wrong-version fault.
        schema: Database schema it owns, or none.
        history_tables: Names of Flyway's table, the preferred first; an older one that exists is kept.
        flyway: Flyway release whose verdicts apply: ``4.0.3``, ``4.1.2``, ``5.2`` or ``6.0.8``.
        port: 8080 for services, 80 for the UI.
    """

    name: str
    consul: str
    version: str
    served_version: str
    schema: str | None = None
    history_tables: tuple[str, ...] = ()
    flyway: str = ""
    port: int = 8080
    boot_wait_s: float = 2.0
    boot_cpu_s: float = 1.0
    fault: Fault = Fault.NONE
    id_mode: IdMode = IdMode.RANDOM
    actuator: bool = False

    @property
    def is_ui(self) -> bool:
        """Tell whether this image serves pages instead of an API."""
        return self.port == 80


def spec_from_json(text: str) -> Spec:
    """Read ``META-INF/standin.json``."""
    values = json.loads(text)
    values["history_tables"] = tuple(values["history_tables"])
    values["fault"] = Fault(values["fault"])
    values["id_mode"] = IdMode(values["id_mode"])
    return Spec(**values)


def read_spec(jar: Path = JAR) -> Spec:
    """Read the image's identity from its jar."""
    with zipfile.ZipFile(jar) as archive:
        return spec_from_json(archive.read(SPEC_MEMBER).decode())


def read_migrations(jar: Path = JAR) -> tuple[Migration, ...]:
    """Read the image's migrations from its jar, lowest number first."""
    with zipfile.ZipFile(jar) as archive:
        names = [name for name in archive.namelist() if name.startswith(MIGRATIONS_FOLDER) and name.endswith(".sql")]
        found = [migration_from_file(Path(name).name, archive.read(name).decode()) for name in names]
    return tuple(sorted(found, key=lambda migration: migration.version))


def migration_from_file(script: str, sql: str) -> Migration:
    """Name and number a migration by its file name, as Flyway does with an empty prefix."""
    number, _, name = script.removesuffix(".sql").partition("__")
    return Migration(
        version=int(number), name=name.replace("_", " "), script=script, sql=sql, checksum=flyway_checksum(sql)
    )
